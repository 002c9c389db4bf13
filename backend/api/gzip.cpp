// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace streamgauge::api {

namespace {

// zlib's windowBits: the largest window, and which header is required.
constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kBare = -15;
constexpr std::size_t kFirstRoom = 16 * 1024;

class Inflater {
public:
    explicit Inflater(int window_bits) { ready_ = inflateInit2(&stream, window_bits) == Z_OK; }
    ~Inflater() {
        if (ready_) inflateEnd(&stream);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    bool ready() const { return ready_; }

    z_stream stream{};

private:
    bool ready_ = false;
};

Error damaged(std::string_view what, std::size_t offset) {
    return {ErrorCode::InvalidArgument, "the compressed body " + std::string(what), "Content-Encoding", offset, {}};
}

Error too_large(std::size_t max_bytes) {
    return {ErrorCode::TooLarge,
            "the decompressed body is larger than " + std::to_string(max_bytes) + " bytes",
            {},
            {},
            "send smaller batches"};
}

bool gzip_magic(std::string_view bytes) {
    return bytes.starts_with("\x1f\x8b");
}

// A zlib header (RFC 1950, section 2.2): method 8, a window of at most 32 KiB, and a multiple of 31.
bool zlib_header(std::string_view bytes) {
    if (bytes.size() < 2) return false;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    return (first & 0x0f) == 8 && (first >> 4) <= 7 && (first * 256 + second) % 31 == 0;
}

Status decompress(int window_bits, std::string_view bytes, std::size_t max_bytes, std::string& out) {
    out.clear();
    if (bytes.size() > std::numeric_limits<uInt>::max())
        return Error::make(ErrorCode::TooLarge, "the compressed body is too large");
    Inflater inflater(window_bits);
    if (!inflater.ready()) return Error::make(ErrorCode::Unavailable, "no memory to decompress the body");
    z_stream& stream = inflater.stream;
    // zlib reads only through next_in; its type has no const unless ZLIB_CONST is set.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    while (true) {
        const std::size_t used = out.size();
        if (used > max_bytes) {
            out.clear();
            return too_large(max_bytes);
        }
        // One byte more than allowed, so that exactly the bound passes and one more is seen.
        const std::size_t room = std::min(std::max(used, kFirstRoom), max_bytes + 1 - used);
        out.resize(used + room);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        stream.avail_out = static_cast<uInt>(room);
        const int state = inflate(&stream, Z_NO_FLUSH);
        out.resize(used + room - stream.avail_out);
        const std::size_t offset = bytes.size() - stream.avail_in;
        if (state == Z_STREAM_END) {
            if (stream.avail_in == 0) break;
            if (window_bits != kGzip || !gzip_magic(bytes.substr(offset)))
                return damaged("is followed by something else", offset);
            if (inflateReset(&stream) != Z_OK) return damaged("cannot be read", offset);
        } else if (state == Z_BUF_ERROR || (state == Z_OK && stream.avail_in == 0 && stream.avail_out != 0)) {
            return damaged("is cut off", offset);
        } else if (state != Z_OK) {
            return damaged("is damaged", offset);
        }
    }
    if (out.size() > max_bytes) {
        out.clear();
        return too_large(max_bytes);
    }
    return {};
}

}  // namespace

bool looks_like_gzip(std::string_view bytes) {
    return gzip_magic(bytes);
}

Status gunzip(std::string_view bytes, std::size_t max_bytes, std::string& out) {
    return decompress(kGzip, bytes, max_bytes, out);
}

Status inflate_body(std::string_view bytes, std::size_t max_bytes, std::string& out) {
    return decompress(zlib_header(bytes) ? kZlib : kBare, bytes, max_bytes, out);
}

}  // namespace streamgauge::api
