// SPDX-License-Identifier: GPL-3.0-or-later
// Questions over a shop's 30 days (shop_events.h): top-10, sums, unique users. Fills a store by the program's own
// aggregation, and asks through the service that answers the Query API.
//   query_bench fill DIRECTORY EVENTS    a line of JSON about what is there
//   query_bench ask DIRECTORY            a line for each question: median of nine, with nothing kept and from the
//   cache,
//                                        and the first ten rows of what it says

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <future>

#include "api/analyst.h"
#include "base/clock.h"
#include "bench/shop_events.h"
#include "journal/sqlite_journal.h"
#include "metrics/aggregation.h"
#include "metrics/definition_text.h"
#include "store/sqlite_result_store.h"
#include "support/process_usage.h"

namespace streamgauge {
namespace {

constexpr std::size_t kBatch = 5'000, kCommit = 500'000;

// Built-in ones by the hour and the day: finer windows are kept for a few days only, and would only be expired again.
std::vector<MetricDefinition> definitions() {
    const auto metric = [](MetricId id, const char* name, const char* aggregate, const char* group, const char* where) {
        MetricDefinition definition;
        definition.id = id;
        definition.name = name;
        AggregateParts parts = parse_aggregate(aggregate).value();
        definition.aggregate = parts.aggregate;
        definition.of = parts.of;
        definition.tiers = {{kHourMicros, 0}, {kDayMicros, 0}};
        if (where != nullptr) definition.where = Filter::parse(where).value();
        if (group != nullptr) definition.group_by = {parse_field(group).value()};
        definition.exact_budget = kDefaultExactBudget;
        return definition;
    };
    return {metric(1001, "views", "count", "page_url", "event_type = page_view"),
            metric(1002, "revenue", "sum(props.amount_usd)", "props.plan", "event_type = purchase"),
            metric(1003, "users", "distinct(user_id)", nullptr, nullptr)};
}

int failed(const std::string& what) {
    std::fprintf(stderr, "query_bench: %s\n", what.c_str());
    return 1;
}

int fill(const std::string& directory, std::uint64_t events) {
    const SystemClock clock;
    auto store = open_sqlite_result_store(directory + "/store.db");
    if (!store.ok()) return failed(store.error().describe());
    const auto owner = (*store)->acquire();
    auto aggregation = Aggregation::make(definitions(), [](MetricId, const SetKey&) -> Result<std::optional<SetState>> {
        return std::optional<SetState>();  // events come in order: no closed window is asked for
    });
    if (!owner.ok() || !aggregation.ok()) return failed("cannot begin");
    PartitionState state = owner->state;
    bench::Shop shop(events);
    std::uint64_t number = 0;
    Offset committed = state.next;
    const std::int64_t began = clock.monotonic_nanos();
    for (std::uint64_t done = 0; done < events;) {
        EventBatch batch("default");
        for (std::size_t i = 0; i < kBatch && done < events; ++i, ++done) batch.add(shop.event(done));
        if (Status applied = aggregation->apply(batch, 0, state); !applied.ok())
            return failed(applied.error().describe());
        if (done % kCommit != 0 && done < events) continue;
        ResultCommit commit;
        commit.epoch = owner->epoch;
        commit.number = ++number;
        commit.expected_next = committed;
        commit.state = state;
        for (MetricAggregation& metric : aggregation->metrics()) {
            if (SetTable* const sets = metric.sets()) {
                commit.changes.sets.push_back(
                    {metric.definition().id, metric.definition().aggregate, sets->take_writes()});
            } else {
                for (CellTable& table : metric.take_cells(state.log_clock, state.watermark))
                    commit.changes.cells.push_back(std::move(table));
            }
        }
        if (Status stored = (*store)->commit(commit); !stored.ok()) return failed(stored.error().describe());
        for (MetricAggregation& metric : aggregation->metrics())
            if (SetTable* const sets = metric.sets()) sets->committed();
        committed = state.next;
        // As the program does between commits.
        for (;;) {
            const Result<bool> more = (*store)->tidy();
            if (!more.ok()) return failed(more.error().describe());
            if (!more.value()) break;
        }
    }
    const double seconds = static_cast<double>(clock.monotonic_nanos() - began) / 1e9;
    store->reset();
    std::printf("{\"what\":\"filled\",\"events\":%llu,\"seconds\":%.1f,\"store_mb\":%.1f}\n",
                static_cast<unsigned long long>(events), seconds,
                static_cast<double>(std::filesystem::file_size(directory + "/store.db")) / 1e6);
    return 0;
}

struct Question {
    const char* name;
    query::PointsQuery query;
};

std::vector<Question> questions() {
    std::vector<Question> all;
    const auto add = [&all](const char* name, const char* metric) -> query::PointsQuery& {
        query::PointsQuery query;
        query.metric = metric;
        query.project = "default";
        query.range = {bench::kShopStart, bench::kShopStart.plus_micros(bench::kShopMicros)};
        all.push_back({name, query});
        return all.back().query;
    };
    query::PointsQuery& top = add("top-10 pages", "views");
    top.group_by = {{Field::PageUrl, {}}};
    top.order = query::Order{query::Order::By::Value, true};
    top.limit = 10;
    add("sum", "revenue");
    query::PointsQuery& plans = add("sums by plan and day", "revenue");
    plans.group_by = {{Field::Prop, "plan"}};
    plans.step_micros = kDayMicros;
    add("unique users", "users");
    add("unique users by day", "users").step_micros = kDayMicros;
    // As "-30d" has it: from one hour of the day to the same.
    query::PointsQuery& sliding = add("unique users, not on days", "users");
    sliding.range.from = bench::kShopStart.plus_micros(7 * kHourMicros);
    sliding.range.to = bench::kShopStart.plus_micros(bench::kShopMicros - kDayMicros + 7 * kHourMicros);
    return all;
}

double ask(api::Analyst& analyst, const query::PointsQuery& query, query::PointsAnswer& answer) {
    const SystemClock clock;
    const std::int64_t began = clock.monotonic_nanos();
    std::promise<Result<query::PointsAnswer>> promise;
    analyst.points(query, {}, [&promise](Result<query::PointsAnswer> result) { promise.set_value(std::move(result)); });
    Result<query::PointsAnswer> result = promise.get_future().get();
    const double ms = static_cast<double>(clock.monotonic_nanos() - began) / 1e6;
    if (!result.ok()) {
        failed(result.error().describe());
        return -1;
    }
    answer = std::move(result).value();
    return ms;
}

// The first ten points: their groups and numbers, sums in millionths.
std::string says(const query::PointsAnswer& answer) {
    std::string out = std::to_string(answer.points.size());
    for (std::size_t i = 0; i < std::min<std::size_t>(10, answer.points.size()); ++i) {
        for (const std::string& value : answer.points[i].group) out += " " + value;
        out += " " + std::to_string(answer.points[i].value.number.value_or(0));
    }
    return out;
}

double median(std::vector<double> all) {
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

int ask_all(const std::string& directory) {
    const SystemClock clock;
    SqliteJournalOptions options;
    options.directory = directory;
    auto journal = open_sqlite_journal(options, clock);
    auto store = open_sqlite_result_store(directory + "/store.db");
    if (!journal.ok() || !store.ok()) return failed("cannot open what fill left in " + directory);
    const query::FixedDirectory directory_of_metrics(definitions());
    const api::Analyst::Parts parts{**store, **journal, directory_of_metrics, clock, {}};
    for (const Question& question : questions()) {
        std::vector<double> cold, cached;
        double cpu = 0;
        query::PointsAnswer answer;
        for (int round = 0; round < 9; ++round) {
            api::Analyst analyst(parts);
            const double before = test::cpu_seconds();
            cold.push_back(ask(analyst, question.query, answer));
            cpu += (test::cpu_seconds() - before) * 1e3 / 9;
            if (cold.back() < 0) return 1;
            for (int again = 0; again < 3; ++again) {
                query::PointsAnswer kept;
                cached.push_back(ask(analyst, question.query, kept));
                if (!kept.explanation.cached) return failed("an answer was not kept");
            }
        }
        std::printf(
            "{\"what\":\"%s\",\"cold_ms\":%.2f,\"worst_cold_ms\":%.2f,\"cold_cpu_ms\":%.2f,\"cached_ms\":%.3f,"
            "\"rows\":%llu,\"source\":\"%s\",\"points\":%zu,\"says\":\"%s\"}\n",
            question.name, median(cold), *std::max_element(cold.begin(), cold.end()), cpu, median(cached),
            static_cast<unsigned long long>(answer.explanation.rows_read), answer.explanation.source.c_str(),
            answer.points.size(), says(answer).c_str());
        std::fflush(stdout);
    }
    (*journal)->close();
    return 0;
}

int run(int count, char** arguments) {
    const auto is = [&](const char* word) { return std::strcmp(arguments[1], word) == 0; };
    if (count == 4 && is("fill")) {
        std::uint64_t events = 0;
        std::from_chars(arguments[3], arguments[3] + std::strlen(arguments[3]), events);
        if (events >= 1'000) return fill(arguments[2], events);
    } else if (count == 3 && is("ask")) {
        return ask_all(arguments[2]);
    }
    return failed("query_bench fill DIRECTORY EVENTS (1000 or more) | ask DIRECTORY");
}

}  // namespace
}  // namespace streamgauge

int main(int count, char** arguments) {
    return count < 2 ? 1 : streamgauge::run(count, arguments);
}
