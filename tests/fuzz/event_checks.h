// SPDX-License-Identifier: GPL-3.0-or-later
// What holds for every event and every rejection, whatever the decoder was fed. Aborts where it does not.
#pragma once

#include <simdjson.h>

#include <cstdlib>
#include <string_view>

#include "base/limits.h"
#include "event/event.h"

namespace streamgauge::fuzz {

inline constexpr Timestamp kNow = Timestamp::from_seconds(1'770'000'000);

inline void require(bool holds) {
    if (!holds) std::abort();
}

inline void check_text(std::string_view text, std::size_t most) {
    require(text.size() <= most && text.find('\0') == std::string_view::npos);
    require(simdjson::validate_utf8(text.data(), text.size()));
}

inline void check_event(const EventView& event) {
    static simdjson::dom::parser parser;
    require(!event.event_id.empty() && !event.event_type.empty());
    check_text(event.event_id, limits::kEventIdBytes);
    check_text(event.event_type, limits::kEventTypeBytes);
    check_text(event.user_id, limits::kUserIdBytes);
    check_text(event.session_id, limits::kSessionIdBytes);
    check_text(event.page_url, limits::kPageUrlBytes);
    check_text(event.props, limits::kPropsBytes);
    simdjson::dom::object props;
    require(parser.parse(event.props.data(), event.props.size()).get_object().get(props) == simdjson::SUCCESS);
    require(event.received_at == kNow);
    require(event.occurred_at.micros - kNow.micros <= 24LL * 3600 * Timestamp::kMicrosPerSecond);
    require(parse_rfc3339(format_rfc3339(event.occurred_at)).ok());
    require(!event.time_from_door || event.occurred_at == kNow);
}

inline void check_rejection(const Rejection& rejection, std::size_t body_size) {
    require(!rejection.reason.empty() && !rejection.raw.empty());
    require(rejection.raw.size() <= limits::kDeadLetterRawBytes);
    require(rejection.offset <= body_size);
    check_text(rejection.event_id, limits::kEventIdBytes);
}

}  // namespace streamgauge::fuzz
