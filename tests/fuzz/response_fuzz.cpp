// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of a target over any bytes: the first byte says how they are cut, and however they are, the same answers are
// taken one after the other and the same byte is the first that is refused.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "loadgen/response_parser.h"

namespace {

using streamgauge::loadgen::ResponseParser;

struct Answer {
    int status = 0;
    bool keep_alive = false;
    std::string timing;
    bool operator==(const Answer&) const = default;
};

struct Read {
    std::vector<Answer> answers;
    bool malformed = false, ends_well = false;
    bool operator==(const Read&) const = default;
};

Read read(std::string_view all, std::size_t piece) {
    Read read;
    ResponseParser parser;
    for (std::size_t at = 0; at < all.size() && !read.malformed; at += piece) {
        std::string_view bytes = all.substr(at, piece);
        while (!bytes.empty() && !read.malformed) {
            const std::size_t before = bytes.size();
            const ResponseParser::State state = parser.take(bytes);
            if (state == ResponseParser::State::Malformed) {
                read.malformed = true;
            } else if (state == ResponseParser::State::Complete) {
                if (bytes.size() >= before) std::abort();  // an answer has at least one byte
                read.answers.push_back({parser.status(), parser.keep_alive(), std::string(parser.server_timing())});
                parser.reset();
            } else if (!bytes.empty()) {
                std::abort();  // it wants more and leaves what there is
            }
        }
    }
    read.ends_well = !read.malformed && parser.started() && parser.finish() == ResponseParser::State::Complete;
    return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Read whole = read(bytes, bytes.size());
    for (const Answer& answer : whole.answers)
        if (answer.status < 200 || answer.status > 599) std::abort();
    // What is too long is seen earlier in small pieces: a whole head of any length is only refused at its end.
    if (bytes.size() <= ResponseParser::kHeadBytes && read(bytes, 1 + data[0] % 64) != whole) std::abort();
    return 0;
}
