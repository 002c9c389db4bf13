// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/old_definition.h"

namespace streamgauge {

std::vector<OldMetricDefinition> default_metrics() {
    const FieldPath user{Field::UserId, {}}, page{Field::PageUrl, {}}, type{Field::EventType, {}};
    const FieldPath stream{Field::Prop, "stream_id"};
    std::vector<OldMetricDefinition> all;

    OldMetricDefinition clicks;
    clicks.id = metric::kPageClicks;
    clicks.name = "page_clicks";
    clicks.group_by = {user, page};
    all.push_back(clicks);

    OldMetricDefinition per_stream;
    per_stream.window_micros = kMinuteMicros;
    per_stream.group_by = {stream};

    OldMetricDefinition viewers = per_stream;
    viewers.id = metric::kStreamViewers;
    viewers.name = "stream_viewers_net";
    viewers.event_types = {"viewer_join", "viewer_leave"};
    viewers.aggregate = OldAggregate::Net;
    viewers.plus = "viewer_join";
    viewers.minus = "viewer_leave";
    all.push_back(viewers);

    OldMetricDefinition chats = per_stream;
    chats.id = metric::kStreamChats;
    chats.name = "stream_chat_messages";
    chats.event_types = {"chat_message"};
    all.push_back(chats);

    OldMetricDefinition donations = per_stream;
    donations.id = metric::kStreamDonations;
    donations.name = "stream_donations_usd";
    donations.event_types = {"donation"};
    donations.aggregate = OldAggregate::Sum;
    donations.sum_of = {{Field::Prop, "amount_usd"}, {Field::Prop, "amount"}};
    all.push_back(donations);

    OldMetricDefinition sliding;
    sliding.window_micros = kSlidingWindowMicros;
    sliding.time = TimeBasis::Activity;
    sliding.retention_micros = kSlidingRetentionMicros;

    OldMetricDefinition pages = sliding;
    pages.id = metric::kTopPages;
    pages.name = "top_pages";
    pages.group_by = {page};
    all.push_back(pages);

    OldMetricDefinition types = sliding;
    types.id = metric::kEventTypes;
    types.name = "event_types";
    types.group_by = {type};
    all.push_back(types);

    OldMetricDefinition total;
    total.id = metric::kEventsTotal;
    total.name = "EVENTS_TOTAL";
    total.window_micros = kDayMicros;
    all.push_back(total);
    return all;
}

}  // namespace streamgauge
