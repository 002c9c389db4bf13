// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/web_visitor.h"

#include <algorithm>

#include "event/bots.h"

namespace streamgauge {
namespace {

// A kept visitor is the person's 32 digits, with this behind them when it is a robot.
constexpr std::string_view kRobot = " robot";

bool is_hexadecimal(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

void WebVisitor::begin(const DecodeInput& input) {
    received_at_ = input.received_at;
    address_ = input.client_address;
    user_agent_ = input.header("User-Agent");
}

void WebVisitor::read(simdjson::dom::object event, std::string_view address, std::string_view user_agent) {
    if (user_agent.empty()) user_agent = user_agent_;
    bot_ = is_bot(user_agent);
    from_request_ = !address_.empty();
    std::string_view kept;
    if (!from_request_ && event.at_key(kMember).get_string().get(kept) == simdjson::SUCCESS) {
        const std::string_view digits = kept.substr(0, person_.size());
        known_ = digits.size() == person_.size() && is_hexadecimal(digits);
        bot_ = bot_ || kept.ends_with(kRobot);
        if (known_) std::copy(digits.begin(), digits.end(), person_.begin());
        if (known_) return;
    }
    if (address.empty()) address = address_;
    known_ = !address.empty();
    if (known_) person_ = hasher_.person(received_at_, address, user_agent);
}

VisitorHasher::Text WebVisitor::visitor(std::string_view site) {
    return hasher_.visitor(received_at_, site, {person_.data(), person_.size()});
}

VisitorHasher::Text WebVisitor::session(Timestamp time, std::string_view site, std::string_view who) {
    return hasher_.session(time, site, who);
}

std::string WebVisitor::kept() const {
    if (!known_ || !from_request_) return {};
    std::string member;
    member.append(1, '"').append(kMember).append(R"(":")").append(person_.data(), person_.size());
    return member.append(bot_ ? kRobot : "").append(1, '"');
}

}  // namespace streamgauge
