// SPDX-License-Identifier: GPL-3.0-or-later
// A strict HTTP/1.1 response parser, one answer after the other: it reads the status, finds the end of the answer and
// keeps nothing of the body. What two readers could understand differently is malformed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace streamgauge::loadgen {

// Lives in its connection. Allocates only when a head arrives in pieces.
class ResponseParser {
public:
    static constexpr std::size_t kHeadBytes = 16 * 1024;  // a longer head is malformed

    enum class State { NeedMore, Complete, Malformed };

    void reset();
    // Takes what belongs to this answer off the front of `bytes`; with Complete the rest is of the next one.
    // Precondition: the last result, if any since reset(), was NeedMore.
    State take(std::string_view& bytes);
    // take() where nothing else was asked: bytes behind the end of the answer are malformed.
    State feed(std::string_view bytes);
    // The peer closed: Complete when the answer is one that ends so, Malformed otherwise.
    State finish();

    bool started() const { return started_; }  // any byte since reset()
    int status() const { return status_; }     // of a head that was read
    bool keep_alive() const { return keep_alive_; }
    // Value of the answer's Server-Timing, its beginning if it is long; empty when there is none. Until reset().
    std::string_view server_timing() const { return {server_timing_.data(), server_timing_size_}; }

private:
    enum class Part {
        Head,
        Counted,
        UntilClose,
        ChunkSize,
        ChunkExtension,
        ChunkSizeEnd,
        ChunkData,
        ChunkDataEnd,
        ChunkDataEnd2,
        Trailer,
        TrailerLine,
        TrailerLineEnd,
        TrailerEnd
    };

    State head(std::string_view& bytes);
    State body(std::string_view& bytes);
    State chunked(std::string_view& bytes);
    bool parse_head(std::string_view head);
    bool parse_header(std::string_view line);

    std::string pieces_;  // of a head that has not ended yet
    std::uint64_t left_ = 0;
    std::uint64_t content_length_ = 0;
    std::array<char, 256> server_timing_{};
    std::size_t server_timing_size_ = 0;
    std::size_t trailer_bytes_ = 0;
    int status_ = 0;
    Part part_ = Part::Head;
    std::uint8_t chunk_digits_ = 0;
    bool started_ = false, keep_alive_ = false, closes_ = false;
    bool has_length_ = false, is_chunked_ = false;
};

}  // namespace streamgauge::loadgen
