// SPDX-License-Identifier: GPL-3.0-or-later
// Reads data/malformed_requests.txt, plays its rows to a server and says what is not as the table has it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace streamgauge::http::test {

struct MalformedRow {
    struct Step {
        enum class Kind { Send, Read, EndSending, Wait } kind = Kind::Send;
        std::string text;  // Send: bytes; Read: the answer; Wait: "after head", "at idle", ...
    };
    std::string name;
    std::vector<Step> steps;
    std::vector<std::string> answers;  // words of the outcome
    bool closed = true;

    std::size_t bytes() const;
    bool waits() const;
    bool mentions(std::string_view text) const;  // in what is sent
    std::vector<std::string> reached() const;    // handlers, in order
};

std::vector<MalformedRow> read_malformed_table(const std::string& file);

struct MalformedTarget {
    std::uint16_t port = 0;
    // The status of an answer of that handler ("get", "post?", ...).
    std::function<int(std::string_view handler)> status_of;
    std::function<void(std::string_view when)> wait;  // of a step Wait
};
// What differed, a line each; empty when the row came out as it should.
std::string play(const MalformedRow& row, const MalformedTarget& target, bool byte_by_byte);

}  // namespace streamgauge::http::test
