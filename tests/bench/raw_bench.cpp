// SPDX-License-Identifier: GPL-3.0-or-later
// Questions over stored events: a journal of a shop's thirty days, and how long answers take.
//   raw_bench fill DIRECTORY EVENTS      makes the journal
//   raw_bench ask DIRECTORY TIMES COLD [NAME]   a line of JSON for each question, asked TIMES times after the first;
//   COLD: once
//                                        more with the journal's files out of the page cache
//   raw_bench cancel DIRECTORY           how long a question goes on after nobody waits any more
//   raw_bench rows EVENTS                the same events as text for PostgreSQL's COPY, on standard output

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "bench/shop_events.h"
#include "journal/sqlite_journal.h"
#include "query/order.h"
#include "query/raw_funnel.h"
#include "query/raw_points.h"
#include "support/process_usage.h"

namespace streamgauge {
namespace {

using test::cpu_seconds, test::process_memory_mb;

constexpr std::size_t kBatch = 1'000;
constexpr int kInFlight = 8;
constexpr const char* kProject = "shop";

double seconds_since(std::int64_t begin) {
    return static_cast<double>(SystemClock().monotonic_nanos() - begin) / 1e9;
}

std::unique_ptr<Journal> open(const std::string& directory, bool durable) {
    static const SystemClock clock;
    SqliteJournalOptions options;
    options.directory = directory;
    options.retention_days = 0;
    options.retention_bytes = 0;
    options.synchronous_full = durable;
    auto journal = open_sqlite_journal(options, clock);
    if (journal.ok()) return std::move(journal).value();
    std::fprintf(stderr, "%s\n", journal.error().describe().c_str());
    return nullptr;
}

bool fill(const std::string& directory, std::uint64_t events) {
    const auto journal = open(directory, false);
    if (!journal) return false;
    const std::int64_t begin = SystemClock().monotonic_nanos();
    bench::Shop shop(events);
    std::mutex mutex;
    std::condition_variable changed;
    int in_flight = 0;
    bool failed = false;
    for (std::uint64_t i = 0; i < events;) {
        AppendRequest request;
        request.batch = EventBatch(kProject);
        for (std::size_t k = 0; k < kBatch && i < events; ++k, ++i) request.batch.add(shop.event(i));
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return in_flight < kInFlight; });
            ++in_flight;
        }
        request.done = [&](const Result<Appended>& result, const EventBatch&) {
            const std::lock_guard lock(mutex);
            failed = failed || !result.ok();
            --in_flight;
            changed.notify_one();
        };
        if (!journal->append(std::move(request))) return false;
    }
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return in_flight == 0; });
    }
    journal->close();
    double bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory))
        if (file.path().filename().string().starts_with("journal-")) bytes += static_cast<double>(file.file_size());
    std::printf(R"({"events":%llu,"seconds":%.1f,"mb":%.0f})"
                "\n",
                static_cast<unsigned long long>(journal->end() - 1), seconds_since(begin), bytes / 1e6);
    return !failed && journal->end() == events + 1;
}

// ---- questions -----------------------------------------------------------------------------------------------------

struct Question {
    const char* name;
    const char* text;
    std::function<Result<std::string>(Journal&, const query::Watch&)> ask;  // what the answer says, short
};

const query::TimeRange kThirtyDays{bench::kShopStart.plus_micros(-kDayMicros),
                                   bench::kShopStart.plus_micros(bench::kShopMicros)};

Result<std::string> points(Journal& journal, const query::Watch& watch, Aggregate aggregate, const char* of,
                           std::vector<const char*> group_by, const char* filter, std::int64_t step = 0) {
    query::PointsQuery q;
    q.raw = query::RawAggregate{};
    q.raw->aggregate = aggregate;
    if (of != nullptr) q.raw->of = {parse_field(of).value()};
    for (const char* const field : group_by) q.group_by.push_back(parse_field(field).value());
    q.project = kProject;
    q.range = kThirtyDays;
    if (filter != nullptr) q.filter = Filter::parse(filter).value();
    const auto steps = step == 0 ? query::Steps(q.range) : query::Steps::make(q.range, Windows(step)).value();
    auto answer = query::run_raw(journal, q, steps, watch);
    if (!answer.ok()) return answer.error();
    query::sort_points(answer->points, query::Order{query::Order::By::Value, true});
    std::string out = std::to_string(answer->points.size());
    std::size_t shown = 0;
    for (const query::Point& point : answer->points) {
        if (++shown > 10) break;
        out += ' ';
        for (const std::string& value : point.group) out += value + ' ';
        if (point.value.number) out += std::to_string(*point.value.number);
        for (const TopItem& item : point.value.top) out += item.value + '=' + std::to_string(item.count) + ' ';
    }
    return out;
}

std::vector<Question> questions() {
    const auto ask = [](Aggregate aggregate, const char* of, std::vector<const char*> group_by,
                        const char* filter = nullptr, std::int64_t step = 0) {
        return [=](Journal& journal, const query::Watch& watch) {
            return points(journal, watch, aggregate, of, group_by, filter, step);
        };
    };
    std::vector<Question> all{
        {"types", "count by event_type", ask(Aggregate::Count, nullptr, {"event_type"})},
        {"pages", "count by page_url", ask(Aggregate::Count, nullptr, {"page_url"})},
        {"users", "distinct user_id", ask(Aggregate::Distinct, "user_id", {})},
        {"top", "top 10 of page_url of page views", ask(Aggregate::TopK, "page_url", {}, "event_type = page_view")},
        {"daily", "count by day and event_type", ask(Aggregate::Count, nullptr, {"event_type"}, nullptr, kDayMicros)},
        {"type_users", "distinct user_id by event_type", ask(Aggregate::Distinct, "user_id", {"event_type"})},
        {"by_user", "count by user_id", ask(Aggregate::Count, nullptr, {"user_id"})},
        {"plans", "count by props.plan, props.country",
         ask(Aggregate::Count, nullptr, {"props.plan", "props.country"})},
        {"revenue", "sum of props.amount_usd of purchases",
         ask(Aggregate::Sum, "props.amount_usd", {}, "event_type = purchase")},
        {"wide", "count by props.country where props.width > 1000",
         ask(Aggregate::Count, nullptr, {"props.country"}, "props.width > 1000")}};
    all.push_back({"funnel", "funnel page_view, add_to_cart, purchase within 1d",
                   [](Journal& journal, const query::Watch& watch) -> Result<std::string> {
                       query::FunnelQuery q;
                       q.project = kProject;
                       q.range = kThirtyDays;
                       for (const char* const type : {"page_view", "add_to_cart", "purchase"})
                           q.steps.push_back(Filter::parse(std::string("event_type = ") + type).value());
                       const auto answer = query::run_funnel(journal, q, watch);
                       if (!answer.ok()) return answer.error();
                       std::string out;
                       for (const query::FunnelStep& step : answer->steps) out += std::to_string(step.reached) + ' ';
                       return out;
                   }});
    all.push_back({"retention", "retention of logins by day, 7 days",
                   [](Journal& journal, const query::Watch& watch) -> Result<std::string> {
                       query::RetentionQuery q;
                       q.project = kProject;
                       q.range = {bench::kShopStart, bench::kShopStart.plus_micros(bench::kShopMicros)};
                       q.first = q.again = Filter::parse("event_type = login").value();
                       const auto answer = query::run_retention(journal, q, watch);
                       if (!answer.ok()) return answer.error();
                       std::string out;
                       for (const auto& users : answer->cohorts.front().returned)
                           out += (users ? std::to_string(*users) : "-") + ' ';
                       return out;
                   }});
    return all;
}

// Clean pages leave the cache; what is read next comes from the disk, or from what a virtual machine's host keeps.
void leave_cache(const std::string& directory) {
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
        const int handle = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
        if (handle < 0) continue;
        (void)posix_fadvise(handle, 0, 0, POSIX_FADV_DONTNEED);
        ::close(handle);
    }
}

bool ask_all(const std::string& directory, int times, bool cold, const std::string& only) {
    const auto journal = open(directory, true);
    if (!journal) return false;
    for (const Question& question : questions()) {
        if (!only.empty() && only != question.name) continue;
        const auto once = [&](double& seconds, std::string& says) {
            const std::int64_t begin = SystemClock().monotonic_nanos();
            auto answer = question.ask(*journal, {});
            seconds = seconds_since(begin);
            if (!answer.ok()) {
                std::fprintf(stderr, "%s: %s\n", question.name, answer.error().describe().c_str());
                return false;
            }
            says = std::move(answer).value();
            return true;
        };
        double from_disk = 0, seconds = 0;
        std::string says, again;
        if (cold) {
            leave_cache(directory);
            if (!once(from_disk, says)) return false;
        }
        if (!once(seconds, says)) return false;  // warms the cache up
        std::vector<double> took;
        const double cpu = cpu_seconds();
        for (int i = 0; i < times; ++i) {
            if (!once(seconds, again) || again != says) return false;
            took.push_back(seconds);
        }
        std::sort(took.begin(), took.end());
        std::printf(R"({"name":"%s","question":"%s","median":%.3f,"worst":%.3f,"cold":%.3f,"cpu":%.3f,)"
                    R"("most_resident_mb":%.0f,"says":"%s"})"
                    "\n",
                    question.name, question.text, took[took.size() / 2], took.back(), from_disk,
                    (cpu_seconds() - cpu) / times, process_memory_mb("VmHWM"), says.c_str());
        std::fflush(stdout);
    }
    return true;
}

bool cancel(const std::string& directory) {
    const auto journal = open(directory, true);
    if (!journal) return false;
    double worst = 0;
    std::size_t told = 0;
    for (const Question& question : questions()) {
        std::atomic<bool> ended{false};
        std::int64_t begin = 0;
        query::Watch watch;
        watch.cancelled = [&] { return ended.load(); };
        watch.progress = [&](double) { ++told; };
        std::thread leaver([&] {
            // Somebody who leaves in the middle; a question that is answered by then does not count.
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            begin = SystemClock().monotonic_nanos();
            ended = true;
        });
        const auto answer = question.ask(*journal, watch);
        const std::int64_t end = SystemClock().monotonic_nanos();
        leaver.join();
        if (answer.ok()) continue;  // it was quicker
        if (answer.error().code != ErrorCode::Cancelled) return false;
        worst = std::max(worst, static_cast<double>(end - begin) / 1e6);
    }
    std::printf(R"({"worst_ms":%.1f,"progress_calls":%zu})"
                "\n",
                worst, told);
    return true;
}

void print_rows(std::uint64_t events) {
    bench::Shop shop(events);
    std::string line;
    for (std::uint64_t i = 0; i < events; ++i) {
        const EventView e = shop.event(i);
        line.clear();
        for (const std::string_view text : {e.event_id, e.event_type, e.user_id, e.session_id, e.page_url, e.props}) {
            line += text;
            line += '\t';
        }
        append_rfc3339(line, e.occurred_at);
        line += '\t';
        append_rfc3339(line, e.received_at);
        line += '\n';
        std::fwrite(line.data(), 1, line.size(), stdout);
    }
}

std::uint64_t number_of(const std::string& text) {
    std::uint64_t number = 0;
    (void)std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace
}  // namespace streamgauge

int main(int argc, char** argv) {
    using namespace streamgauge;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const std::string what = arguments.empty() ? "" : arguments[0];
    if (what == "fill" && arguments.size() == 3) return fill(arguments[1], number_of(arguments[2])) ? 0 : 1;
    if (what == "ask" && (arguments.size() == 4 || arguments.size() == 5)) {
        const std::string only = arguments.size() == 5 ? arguments[4] : "";
        return ask_all(arguments[1], static_cast<int>(number_of(arguments[2])), arguments[3] == "1", only) ? 0 : 1;
    }
    if (what == "cancel" && arguments.size() == 2) return cancel(arguments[1]) ? 0 : 1;
    if (what == "rows" && arguments.size() == 2) {
        print_rows(number_of(arguments[1]));
        return 0;
    }
    std::fprintf(
        stderr,
        "usage: raw_bench fill DIRECTORY EVENTS | ask DIRECTORY TIMES 0|1 [NAME] | cancel DIRECTORY | rows EVENTS\n");
    return 2;
}
