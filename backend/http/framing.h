// SPDX-License-Identifier: GPL-3.0-or-later
// Where an HTTP/1.1 request ends, strictly: finds the head, has Beast parse it, refuses every ambiguity (RFC 9112), and
// decodes chunked bodies. No I/O, no engine: both listeners stand behind it, so both give the same answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/types.h"

namespace streamgauge::http {

// Why a request is refused: the status of the answer and a word for its reader. The connection closes after it.
struct Refusal {
    int status = 0;
    std::string_view reason;  // a literal
};

// What a head says about its framing and connection.
struct HeadFacts {
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expect_continue = false;
    bool unknown_expectation = false;
    bool chunked = false;
    std::uint64_t content_length = 0;  // 0 with chunked
    std::string_view authority;        // of an absolute target, else the Host header
    std::string_view origin;
    bool has_origin = false;
};

class Framing {
public:
    enum class Progress { NeedMore, Done, Refused };

    // Looks for the end of the head. `bytes` starts at the request's first byte and holds all of it that has arrived:
    // between calls it may grow and move, not shrink. What was looked at is not looked at again.
    Progress scan_head(std::string_view bytes);
    // After Done: what comes before the request line (one empty line is tolerated), and the size with that.
    std::size_t head_start() const { return start_; }
    std::size_t head_size() const { return scanned_; }

    // Parses the head that scan_head() found. Fills method, target, path, query and headers of `request` with views
    // into `head`, and `facts`. Done or Refused.
    Progress parse_head(std::string_view head, Request& request, HeadFacts& facts);

    const Refusal& refusal() const { return refusal_; }
    // For the next request.
    void reset();

private:
    Progress refuse(int status, std::string_view reason);
    Progress check_line(std::string_view line);

    std::size_t start_ = 0;    // of the request line
    std::size_t line_ = 0;     // start of the line that is being looked at
    std::size_t scanned_ = 0;  // bytes looked at
    std::size_t lines_ = 0;    // complete ones: request line and headers
    Refusal refusal_;
};

// Decodes "Transfer-Encoding: chunked", byte by byte strict; trailers are checked and dropped.
class ChunkDecoder {
public:
    struct Step {
        Framing::Progress progress = Framing::Progress::NeedMore;
        std::size_t consumed = 0;  // bytes of the input that are done with
        std::string_view data;     // body bytes among them; never together with Done or Refused
    };
    // Call until `consumed` is the whole input or progress is not NeedMore.
    Step decode(std::string_view input);
    const Refusal& refusal() const { return refusal_; }
    void reset() { *this = ChunkDecoder(); }

private:
    enum class State {
        SizeFirst,
        Size,
        ExtensionStart,
        ExtensionName,
        ExtensionNameBlank,
        ExtensionValueStart,
        ExtensionValue,
        ExtensionValueBlank,
        ExtensionQuoted,
        ExtensionQuotedPair,
        ExtensionQuotedEnd,
        SizeLineFeed,
        Data,
        DataReturn,
        DataLineFeed,
        TrailerFirst,
        TrailerName,
        TrailerValue,
        TrailerLineFeed,
        EndLineFeed
    };
    bool take(char c);  // false: refused
    bool take_extension(char c);
    bool end_extension(char c, State blank);

    State state_ = State::SizeFirst;
    std::uint64_t left_ = 0;    // of the chunk's data
    std::size_t overhead_ = 0;  // bytes of extensions and trailers so far
    std::size_t trailers_ = 0;
    bool done_ = false;
    Refusal refusal_;
};

}  // namespace streamgauge::http
