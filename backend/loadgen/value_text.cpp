// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/value_text.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

constexpr auto kHexPairs = [] {
    std::array<char, 512> pairs{};
    for (std::size_t i = 0; i < 256; ++i) {
        pairs[2 * i] = kDigits[i >> 4];
        pairs[2 * i + 1] = kDigits[i & 0xF];
    }
    return pairs;
}();

}  // namespace

char* put_uuid(char* out, std::uint64_t high, std::uint64_t low) {
    const auto put = [&out](std::uint64_t word, unsigned first_byte, unsigned bytes) {
        for (unsigned i = first_byte; i < first_byte + bytes; ++i) {
            std::memcpy(out, &kHexPairs[2 * ((word >> (56 - 8 * i)) & 0xFF)], 2);
            out += 2;
        }
    };
    put(high, 0, 4);
    *out++ = '-';
    put(high, 4, 2);
    *out++ = '-';
    put(high, 6, 2);
    *out++ = '-';
    put(low, 0, 2);
    *out++ = '-';
    put(low, 2, 6);
    return out;
}

char* put_uuid4(char* out, std::uint64_t high, std::uint64_t low) {
    return put_uuid(out, (high & 0xFFFF'FFFF'FFFF'0FFF) | 0x4000,
                    (low & 0x3FFF'FFFF'FFFF'FFFF) | 0x8000'0000'0000'0000);
}

char* put_uuid7(char* out, Timestamp now, std::uint64_t high, std::uint64_t low) {
    const auto millis = static_cast<std::uint64_t>(now.micros / 1000);
    return put_uuid(out, (millis << 16) | 0x7000 | (high & 0x0FFF),
                    (low & 0x3FFF'FFFF'FFFF'FFFF) | 0x8000'0000'0000'0000);
}

char* put_hex(char* out, std::uint64_t word, std::size_t digits) {
    for (std::size_t i = 0; i < digits; ++i, word <<= 4) *out++ = kDigits[word >> 60];
    return out;
}

TimeText::TimeText() : text_("2026-01-01T00:00:00.000000Z") {}

std::string_view TimeText::text(Timestamp time) {
    const Timestamp second = floor_to(time, Timestamp::kMicrosPerSecond);
    if (second.seconds() != second_) {
        second_ = second.seconds();
        text_.clear();
        append_rfc3339(text_, second);
        text_.insert(text_.size() - 1, ".000000");
    }
    auto micros = static_cast<std::uint32_t>(time.micros - second.micros);
    for (std::size_t i = 0; i < 6; ++i, micros /= 10)
        text_[text_.size() - 2 - i] = static_cast<char>('0' + micros % 10);
    return text_;
}

std::string placed(std::string_view text, Place place) {
    if (place == Place::Plain || place == Place::Header) return std::string(text);
    constexpr std::string_view unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    constexpr std::string_view upper = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (place == Place::Target) {
            if (unreserved.find(c) != std::string_view::npos) {
                out += c;
            } else {
                out += {'%', upper[byte >> 4], upper[byte & 0xF]};
            }
        } else if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (byte < ' ') {
            out += {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 0xF]};
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace streamgauge::loadgen
