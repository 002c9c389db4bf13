// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/dialect.h"

#include <sodium.h>

#include <array>

#include "event/media_type.h"

namespace streamgauge {
namespace {

constexpr std::array<std::string_view, kDialects> kNames{"generic",   "segment", "posthog",     "posthog_v1",
                                                         "plausible", "umami",   "cloudevents", "otlp"};

}  // namespace

std::string_view to_string(Dialect dialect) {
    return kNames[static_cast<std::size_t>(dialect)];
}

std::optional<Dialect> dialect_from(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name) return static_cast<Dialect>(i);
    return std::nullopt;
}

std::string_view DecodeInput::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equal_ignoring_case(key, name)) return value;
    return {};
}

bool DecoderSecrets::same_as(const DecoderSecrets& other) const {
    return sodium_memcmp(visitor.data(), other.visitor.data(), visitor.size()) == 0;
}

const DecoderSecrets& DecoderSecrets::of_this_process() {
    static const DecoderSecrets secrets = [] {
        [[maybe_unused]] const int ready = sodium_init();  // randombytes_buf() aborts by itself without entropy
        DecoderSecrets made;
        randombytes_buf(made.visitor.data(), made.visitor.size());
        return made;
    }();
    return secrets;
}

}  // namespace streamgauge
