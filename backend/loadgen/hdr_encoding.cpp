// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/hdr_encoding.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>

namespace streamgauge::loadgen {
namespace {

// AbstractHistogram.java: V2EncodingCookieBase and V2CompressedEncodingCookieBase, with 0x10 for a payload of LEB128.
constexpr std::uint32_t kCookie = 0x1c849303 | 0x10, kCompressedCookie = 0x1c849304 | 0x10;
constexpr std::uint32_t kDigits = 3;
constexpr std::size_t kHeadBytes = 40;
constexpr std::size_t kMostPayloadBytes = 9 * 24 * 1024;  // every bucket with the longest number
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void append_big_endian(std::uint64_t value, int bytes, std::string& text) {
    for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t big_endian(std::string_view text, std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char c : text.substr(at, bytes)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
}

std::string base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
        const auto group = static_cast<std::uint32_t>(big_endian(bytes, i, n) << (8 * (3 - n)));
        for (std::size_t k = 0; k < 4; ++k) text.push_back(k <= n ? kAlphabet[group >> (18 - 6 * k) & 0x3F] : '=');
    }
    return text;
}

// Whole groups of four, padded, no spare bits: what base64() makes and nothing else.
std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::string_view four = text.substr(i, 4);
        if (i + 4 == text.size())
            while (four.size() > 2 && four.back() == '=') four.remove_suffix(1);
        std::uint32_t group = 0;
        for (const char c : four) {
            const std::size_t value = kAlphabet.find(c);
            if (value == std::string_view::npos) return std::nullopt;
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        group <<= 6 * (4 - four.size());
        for (std::size_t k = 0; k + 1 < four.size(); ++k) bytes.push_back(static_cast<char>(group >> (16 - 8 * k)));
        if ((group & ((std::uint32_t{1} << (8 * (4 - four.size()))) - 1)) != 0) return std::nullopt;
    }
    return bytes;
}

std::string encode_payload(std::string_view payload) {
    std::string plain;
    plain.reserve(kHeadBytes + payload.size());
    append_big_endian(kCookie, 4, plain);
    append_big_endian(payload.size(), 4, plain);
    append_big_endian(0, 4, plain);  // normalizing index offset
    append_big_endian(kDigits, 4, plain);
    append_big_endian(1, 8, plain);  // lowest discernible value
    append_big_endian(static_cast<std::uint64_t>(Histogram::kHighestMicros), 8, plain);
    append_big_endian(0x3FF0'0000'0000'0000, 8, plain);  // 1.0: values are not converted
    plain.append(payload);
    uLongf size = compressBound(static_cast<uLong>(plain.size()));
    std::string packed(size, '\0');
    compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(plain.data()),
              static_cast<uLong>(plain.size()), Z_DEFAULT_COMPRESSION);
    packed.resize(size);
    std::string whole;
    append_big_endian(kCompressedCookie, 4, whole);
    append_big_endian(packed.size(), 4, whole);
    return base64(whole + packed);
}

}  // namespace

std::string hdr_encode(const Histogram& histogram) {
    std::string payload;
    append_histogram_payload(histogram, payload);
    return encode_payload(payload);
}

std::string hdr_encode(const SparseHistogram& histogram) {
    return encode_payload(histogram.payload());
}

std::optional<std::string> hdr_decode(std::string_view text) {
    const std::optional<std::string> whole = from_base64(text);
    if (!whole || whole->size() < 8 || big_endian(*whole, 0, 4) != kCompressedCookie ||
        big_endian(*whole, 4, 4) != whole->size() - 8)
        return std::nullopt;
    std::string plain(kHeadBytes + kMostPayloadBytes, '\0');
    uLongf size = static_cast<uLongf>(plain.size());
    uLong taken = static_cast<uLong>(whole->size() - 8);
    if (uncompress2(reinterpret_cast<Bytef*>(plain.data()), &size, reinterpret_cast<const Bytef*>(whole->data() + 8),
                    &taken) != Z_OK ||
        size < kHeadBytes || taken != whole->size() - 8)
        return std::nullopt;
    plain.resize(size);
    if (big_endian(plain, 0, 4) != kCookie || big_endian(plain, 4, 4) != plain.size() - kHeadBytes ||
        big_endian(plain, 8, 4) != 0 || big_endian(plain, 12, 4) != kDigits || big_endian(plain, 16, 8) != 1 ||
        big_endian(plain, 24, 8) != static_cast<std::uint64_t>(Histogram::kHighestMicros))
        return std::nullopt;
    return plain.substr(kHeadBytes);
}

}  // namespace streamgauge::loadgen
