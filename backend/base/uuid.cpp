// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/uuid.h"

#include <array>

namespace streamgauge {
namespace {

std::uint64_t seed_from_system() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

void append_text(std::string& out, std::uint64_t high, std::uint64_t low) {
    constexpr char hex[] = "0123456789abcdef";
    std::array<char, 36> text;
    std::size_t at = 0;
    for (unsigned i = 0; i < 32; ++i) {
        if (i == 8 || i == 12 || i == 16 || i == 20) text[at++] = '-';
        const std::uint64_t word = i < 16 ? high : low;
        text[at++] = hex[(word >> (60 - 4 * (i % 16))) & 0xF];
    }
    out.append(text.data(), text.size());
}

constexpr std::uint64_t kVariant = 0x8000'0000'0000'0000;
constexpr std::uint64_t kVariantMask = 0x3FFF'FFFF'FFFF'FFFF;

}  // namespace

UuidGenerator::UuidGenerator() : random_(seed_from_system()) {}
UuidGenerator::UuidGenerator(std::uint64_t seed) : random_(seed) {}

void UuidGenerator::append_v7(std::string& out, Timestamp now) {
    const std::int64_t millis = now.micros / 1000;
    if (millis > last_millis_) {
        last_millis_ = millis;
        counter_ = static_cast<std::uint32_t>(random_() & 0x7FF);  // upper half of the counter stays free to count in
    } else if (++counter_ > 0xFFF) {
        ++last_millis_;
        counter_ = 0;
    }
    const std::uint64_t high = (static_cast<std::uint64_t>(last_millis_) << 16) | 0x7000 | counter_;
    append_text(out, high, (random_() & kVariantMask) | kVariant);
}

std::string UuidGenerator::v7(Timestamp now) {
    std::string out;
    out.reserve(36);
    append_v7(out, now);
    return out;
}

std::string UuidGenerator::v4() {
    std::string out;
    out.reserve(36);
    const std::uint64_t high = (random_() & 0xFFFF'FFFF'FFFF'0FFF) | 0x4000;
    append_text(out, high, (random_() & kVariantMask) | kVariant);
    return out;
}

}  // namespace streamgauge
