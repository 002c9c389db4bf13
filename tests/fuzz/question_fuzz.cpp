// SPDX-License-Identifier: GPL-3.0-or-later
// Questions on any bytes, as JSON and as query parameters: what is taken keeps to every limit, means the same by both
// ways, and cursors that were not made here are refused.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/query_request.h"
#include "query/answer.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

const Timestamp kNow = Timestamp::from_seconds(1'769'860'830);

void check_points(const query::PointsQuery& query) {
    require(query.metric.empty() == query.raw.has_value());
    require(query.limit >= 1 && query.limit <= 10'000 && query.top >= 1 && query.top <= 1'000);
    require(query.step_micros >= 0 && query.range.from < query.range.to);
    const auto again = Filter::parse(query.filter.text());
    require(again.ok() && again->text() == query.filter.text());
    if (query::check_question(query).ok()) {
        require(query::question_hash(query) == query::question_hash(query::PointsQuery(query)));
        if (!query.cursor.empty()) {
            const auto cursor = query::parse_cursor(query.cursor, query);
            if (cursor.ok()) require(query::to_text(*cursor) == query.cursor);
        }
    }
}

void check(const Result<api::QueryRequest>& read) {
    if (!read.ok()) {
        const ErrorCode code = read.error().code;
        require(code == ErrorCode::InvalidArgument || code == ErrorCode::TooLarge);
        require(!read.error().message.empty());
        return;
    }
    require(read->points.size() <= api::kMostMetrics);
    require((read->points.empty() ? 0 : 1) + (read->funnel ? 1 : 0) + (read->retention ? 1 : 0) == 1);
    for (const query::PointsQuery& query : read->points) check_points(query);
    if (read->funnel) require(read->funnel->steps.size() >= 2 && read->funnel->steps.size() <= 10);
    if (read->retention) require(read->retention->days >= 1 && read->retention->days <= 90);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check(api::read_query(text, kNow));
    // NAME=VALUE on each line.
    std::vector<std::pair<std::string, std::string>> parameters;
    for (std::string_view rest = text; !rest.empty() && parameters.size() < 32;) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        parameters.emplace_back(line.substr(0, equals), line.substr(equals + 1));
    }
    check(api::read_query(parameters, kNow));
    return 0;
}
