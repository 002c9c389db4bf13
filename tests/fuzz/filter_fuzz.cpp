// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a filter: faults lie inside the text; what is taken has a normal form that reads back as the same tree
// and means the same; evaluation agrees with what is decided early, and never crashes.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/filter.h"
#include "metrics/filter_reader.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const Filter& filter, const Filter& again, const EventView& event) {
    FilterReader reader(filter), twin(again);
    const bool taken = reader.matches(event, "default");
    require(twin.matches(event, "default") == taken);
    if (const std::optional<bool> known = filter.decided_by_type(event.event_type)) require(*known == taken);
    FieldReader fields(filter.fields());
    require(filter.matches(fields.read(event, "default").data()) == taken);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<Filter> filter = Filter::parse(text);
    if (!filter) {
        require(filter.error().offset && *filter.error().offset <= text.size() && !filter.error().message.empty());
        return 0;
    }
    const std::string normal = filter->text();
    require(normal.size() <= kFilterBytes && normal.empty() == filter->takes_everything());
    const Result<Filter> again = Filter::parse(normal);
    require(again.ok() && again->tree() == filter->tree() && again->text() == normal);
    const Result<Filter> rebuilt = Filter::from_tree(filter->tree());
    require(rebuilt.ok() && rebuilt->text() == normal);

    EventView event;
    event.event_type = "purchase";
    event.user_id = "1e5";
    event.page_url = "/";
    event.props = R"({"a":1.50,"b":"x","c":true,"d":null,"amount":-3e-2})";
    event.occurred_at = Timestamp::from_seconds(1'800'000'000);
    event.received_at = event.occurred_at.plus_micros(1);
    check(*filter, *again, event);
    // Values of the filter's own, so that comparisons come out true.
    std::vector<const FilterNode*> open{&filter->tree()};
    while (!open.empty()) {
        const FilterNode& node = *open.back();
        open.pop_back();
        for (const FilterNode& child : node.children) open.push_back(&child);
        if (node.values.empty() || node.values.front().empty()) continue;
        event.event_type = event.user_id = event.session_id = node.values.front();
        check(*filter, *again, event);
        if (node.values.size() > 8) break;
    }
    return 0;
}
