// SPDX-License-Identifier: GPL-3.0-or-later
// The event decoder on any bytes: it neither crashes nor hangs, every item of a request is either an event within the
// limits or a rejection with a reason, and the same bytes give the same result again.
#include <cstdlib>
#include <string_view>

#include "base/limits.h"
#include "event/decode.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_event(const EventView& event) {
    require(!event.event_id.empty() && event.event_id.size() <= limits::kEventIdBytes);
    require(!event.event_type.empty() && event.event_type.size() <= limits::kEventTypeBytes);
    require(event.user_id.size() <= limits::kUserIdBytes);
    require(event.session_id.size() <= limits::kSessionIdBytes);
    require(event.page_url.size() <= limits::kPageUrlBytes);
    require(event.props.size() <= limits::kPropsBytes);
    require(event.props.starts_with('{') && event.props.ends_with('}'));
    require(event.event_id.find('\0') == std::string_view::npos);
    require(event.props.find('\0') == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static JsonDecoder decoder;
    if (size == 0) return 0;
    const bool ndjson = (data[0] & 1) != 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Timestamp now = Timestamp::from_seconds(1'700'000'000);

    const Result<DecodedRequest> first = decoder.decode(body, 0, ndjson, now, "default");
    const Result<DecodedRequest> again = decoder.decode(body, 0, ndjson, now, "default");
    require(first.ok() == again.ok());
    if (!first.ok()) {
        require(!first.error().message.empty());
        require(first.error().message == again.error().message && first.error().offset == again.error().offset);
        return 0;
    }
    require(first->batch.size() == first->request_index.size());
    require(first->batch.size() == again->batch.size() && first->rejected.size() == again->rejected.size());
    require(first->batch.size() + first->rejected.size() <= limits::kEventsPerRequest);
    for (std::size_t i = 0; i < first->batch.size(); ++i) {
        const EventView event = first->batch[i];
        check_event(event);
        require(event.props == again->batch[i].props && event.occurred_at == again->batch[i].occurred_at);
    }
    for (const Rejection& rejection : first->rejected) {
        require(!rejection.reason.empty() && rejection.raw.size() <= limits::kDeadLetterRawBytes);
        require(rejection.offset <= body.size());
    }
    return 0;
}
