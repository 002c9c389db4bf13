// SPDX-License-Identifier: GPL-3.0-or-later
// Integers as bytes, for states that are kept in the store: LEB128 for small ones, little-endian for fixed widths. The
// reader takes nothing on trust: what is cut off or out of range makes it fail for good, and it never reads beyond.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace streamgauge {

inline void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

// Small for small magnitudes of either sign.
inline void put_signed(std::string& out, std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    put_varint(out, (bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

// The lowest `bytes` bytes of `value`.
inline void put_fixed(std::string& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

inline void put_text(std::string& out, std::string_view text) {
    put_varint(out, text.size());
    out.append(text);
}

class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (bytes_.empty()) return fail();
            const auto byte = static_cast<std::uint8_t>(bytes_.front());
            bytes_.remove_prefix(1);
            if (shift == 63 && byte > 1) return fail();
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return byte == 0 && shift > 0 ? fail() : value;  // one way to write each number
        }
        return fail();
    }
    std::int64_t signed_varint() {
        const std::uint64_t bits = varint();
        return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
    }
    // Precondition: bytes <= 8.
    std::uint64_t fixed(std::size_t bytes) {
        if (bytes_.size() < bytes) return fail();
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes_[i])) << (8 * i);
        bytes_.remove_prefix(bytes);
        return value;
    }
    std::string_view text(std::size_t most) {
        const std::uint64_t size = varint();
        if (failed_ || size > most || size > bytes_.size()) {
            fail();
            return {};
        }
        const std::string_view found = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return found;
    }
    std::size_t left() const { return bytes_.size(); }
    bool failed() const { return failed_; }
    // Everything was read, and nothing was wrong.
    bool done() const { return !failed_ && bytes_.empty(); }

private:
    std::uint64_t fail() {
        failed_ = true;
        bytes_ = {};
        return 0;
    }

    std::string_view bytes_;
    bool failed_ = false;
};

}  // namespace streamgauge
