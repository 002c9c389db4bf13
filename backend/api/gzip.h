// SPDX-License-Identifier: GPL-3.0-or-later
// Decompression of request bodies (gzip, RFC 1952; deflate, RFC 1950 and 1951), with a bound on what comes out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace streamgauge::api {

// Whether `bytes` start with gzip's magic number. No JSON text does.
bool looks_like_gzip(std::string_view bytes);

// Replaces `out` by the decompressed members of `bytes`. TooLarge as soon as more than `max_bytes` come out (a bomb
// costs no more memory than that), InvalidArgument with the offset into `bytes` where they are damaged, cut off or
// followed by something else.
Status gunzip(std::string_view bytes, std::size_t max_bytes, std::string& out);
// The same for what HTTP calls deflate: zlib's format, or, as some clients send it, the bare stream.
Status inflate_body(std::string_view bytes, std::size_t max_bytes, std::string& out);

}  // namespace streamgauge::api
