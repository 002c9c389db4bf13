// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/visitor.h"

#include <sodium.h>

#include <span>

namespace streamgauge {
namespace {

constexpr std::int64_t kMicrosPerHour = 3600 * Timestamp::kMicrosPerSecond;
constexpr std::int64_t kMicrosPerDay = 24 * kMicrosPerHour;

using Digest = std::array<unsigned char, 16>;

VisitorHasher::Text hexadecimal(const Digest& digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    VisitorHasher::Text text;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        text[2 * i] = kDigits[digest[i] >> 4];
        text[2 * i + 1] = kDigits[digest[i] & 0xF];
    }
    return text;
}

void add_number(crypto_generichash_state& state, std::uint64_t number) {
    std::array<unsigned char, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(number >> (8 * i));
    crypto_generichash_update(&state, bytes.data(), bytes.size());
}

void add_text(crypto_generichash_state& state, std::string_view text) {
    add_number(state, text.size());
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()), text.size());
}

// An empty key is none.
VisitorHasher::Text hash(std::span<const std::uint8_t> key, std::initializer_list<std::string_view> texts) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, key.data(), key.size(), sizeof(Digest));
    for (const std::string_view text : texts) add_text(state, text);
    Digest digest{};
    crypto_generichash_final(&state, digest.data(), digest.size());
    return hexadecimal(digest);
}

}  // namespace

VisitorHasher::VisitorHasher(const std::array<std::uint8_t, 32>& secret) : secret_(secret) {
    [[maybe_unused]] const int ready = sodium_init();  // idempotent; chooses the fastest implementation
}

void VisitorHasher::turn_to(Timestamp now) {
    const std::int64_t day = floor_to(now, kMicrosPerDay).micros / kMicrosPerDay;
    if (day == day_) return;
    day_ = day;
    crypto_generichash_state state;
    crypto_generichash_init(&state, secret_.data(), secret_.size(), salt_.size());
    add_text(state, "visitor salt");
    add_number(state, static_cast<std::uint64_t>(day));
    crypto_generichash_final(&state, salt_.data(), salt_.size());
}

VisitorHasher::Text VisitorHasher::person(Timestamp now, std::string_view address, std::string_view user_agent) {
    turn_to(now);
    return hash(salt_, {"person", address, user_agent});
}

VisitorHasher::Text VisitorHasher::visitor(Timestamp now, std::string_view site, std::string_view person) {
    turn_to(now);
    return hash(salt_, {"visitor", site, person});
}

VisitorHasher::Text VisitorHasher::session(Timestamp now, std::string_view site, std::string_view who) {
    turn_to(now);
    const std::int64_t hour = floor_to(now, kMicrosPerHour).micros / kMicrosPerHour;
    return hash(salt_, {"session", site, who, std::to_string(hour)});
}

VisitorHasher::Text digest_of(std::initializer_list<std::string_view> texts) {
    [[maybe_unused]] const int ready = sodium_init();
    return hash({}, texts);
}

}  // namespace streamgauge
