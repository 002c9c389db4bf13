// SPDX-License-Identifier: GPL-3.0-or-later
// Who is behind an event of a web page, for dialects whose trackers send no id: the request's address and browser, and
// what a rejected event keeps of them, so that it has the same visitor when it is mended.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

#include "event/dialect.h"
#include "event/visitor.h"

namespace streamgauge {

// Not thread-safe.
class WebVisitor {
public:
    // The member of a kept event. Only read from events that no request brought: those have an address.
    static constexpr std::string_view kMember = "streamgauge_visitor";

    explicit WebVisitor(const DecoderSecrets& secrets) : hasher_(secrets.visitor) {}

    // Of the request.
    void begin(const DecodeInput& input);
    // Of an event of it. `address` and `user_agent` come before the request's where they are not empty.
    void read(simdjson::dom::object event, std::string_view address = {}, std::string_view user_agent = {});

    bool known() const { return known_; }  // else there is no visitor
    bool bot() const { return bot_; }
    // Precondition of both: known(), or a `who` from elsewhere.
    VisitorHasher::Text visitor(std::string_view site);
    VisitorHasher::Text session(Timestamp time, std::string_view site, std::string_view who);
    // The member with its value, as JSON; empty when there is nothing to keep.
    std::string kept() const;

private:
    VisitorHasher hasher_;
    Timestamp received_at_;
    std::string address_, user_agent_;
    bool known_ = false, bot_ = false, from_request_ = false;
    VisitorHasher::Text person_{};
};

}  // namespace streamgauge
