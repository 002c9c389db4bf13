// SPDX-License-Identifier: GPL-3.0-or-later
// What events came to that retention has removed, in whole servers: it outlives them, the store, stops and kill -9, and
// answers say what is missing where it is gone itself.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "journal/span_file.h"
#include "pipeline/audit.h"
#include "pipeline/baseline.h"
#include "server/days_clock.h"
#include "server/known_metrics.h"
#include "server/served_backend.h"
#include "support/child_program.h"

namespace streamgauge {
namespace {

using nlohmann::json;
using test::DaysClock;
using test::eventually;

constexpr const char* kOrders = R"j({"window":"1h","where":"event_type = order","aggregate":"sum(props.amount)"})j";

// Events of some days, and what they come to.
class Days {
public:
    // The next `count` of the day, as lines of JSON.
    std::string lines(int day, int count) {
        std::string body;
        const Timestamp at = date(day).plus_micros(10 * 3'600 * Timestamp::kMicrosPerSecond);
        for (int i = 0; i < count; ++i, ++sent_) {
            const bool order = i % 3 == 0;
            body += R"({"event_id":"e)" + std::to_string(sent_) + R"(","event_type":")" + (order ? "order" : "view") +
                    R"(","user_id":"u)" + std::to_string(i % 50 + day) + R"(","time":")" + format_rfc3339(at) +
                    R"(","amount":)" + std::to_string(day + 1) + "}\n";
            ++by_day_[day];
            if (order) ordered_ += day + 1;
        }
        return body;
    }
    std::int64_t sent() const { return sent_; }
    std::int64_t ordered() const { return ordered_; }
    // Of one metric: a point for each day from the first on, in which something came.
    std::map<std::string, std::int64_t> events_by_day() const {
        std::map<std::string, std::int64_t> out;
        for (const auto& [day, count] : by_day_) out[format_rfc3339(date(day))] = count;
        return out;
    }
    static Timestamp date(int day) {
        return parse_rfc3339("2026-01-31T00:00:00Z").value().plus_micros(day * 86'400 * Timestamp::kMicrosPerSecond);
    }

private:
    std::int64_t sent_ = 0, ordered_ = 0;
    std::map<int, std::int64_t> by_day_;
};

std::string question(const std::string& metric, const std::string& more = {}) {
    return "/api/v1/query?metric=" + metric + "&from=2026-01-31&to=2026-03-31" + more;
}

// Of the one point that there is; -1 for an answer that is none.
std::int64_t number_of(const json& answer) {
    if (!answer.contains("points") || answer["points"].size() != 1 || !answer["points"][0]["value"].is_number())
        return -1;
    return answer["points"][0]["value"].get<std::int64_t>();
}

std::map<std::string, std::int64_t> numbers_by_start(const json& answer) {
    std::map<std::string, std::int64_t> out;
    for (const json& point : answer.at("points"))
        if (point["value"] != 0) out[point["start"].get<std::string>()] = point["value"].get<std::int64_t>();
    return out;
}

std::set<Offset> spans_in(const std::string& directory) {
    std::set<Offset> spans;
    std::error_code ignored;
    for (const auto& file : std::filesystem::directory_iterator(directory, ignored))
        if (const auto first = SpanFile::first_from_name(file.path().filename().string())) spans.insert(*first);
    return spans;
}

void remove_store(const std::string& directory) {
    for (const char* const suffix : {"", "-wal", "-shm"}) std::filesystem::remove(directory + "/store.db" + suffix);
}

void expect_clean(const std::string& directory) {
    AuditOptions options;
    options.directory = directory;
    auto definitions = known_metrics(directory);
    ASSERT_TRUE(definitions.ok()) << definitions.error().describe();
    options.definitions = std::move(definitions).value();
    const auto report = audit(options);
    ASSERT_TRUE(report.ok()) << report.error().describe();
    EXPECT_TRUE(report->clean()) << report->difference_count << " differences, "
                                 << testing::PrintToString(report->seal_faults);
    EXPECT_FALSE(report->comparable_from.has_value()) << "all of it was compared";
}

// The niceness of the process's threads of that name.
std::set<long> niceness_of(const std::string& name) {
    std::set<long> found;
    std::error_code gone;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
        std::ifstream file(task.path() / "stat");
        std::string text;
        std::getline(file, text);
        const std::size_t open = text.find('('), close = text.rfind(')');
        if (open == std::string::npos || close == std::string::npos) continue;  // it has ended meanwhile
        if (text.substr(open + 1, close - open - 1) != name) continue;
        std::istringstream rest(text.substr(close + 1));
        std::string skipped;
        for (int i = 0; i < 16; ++i) rest >> skipped;  // state to priority, see proc(5)
        long nice = 0;
        if (rest >> nice) found.insert(nice);
    }
    return found;
}

// ---- one process ----------------------------------------------------------------------------------------------------

class BaselineTest : public test::ServedBackend {
protected:
    Config config() const override { return test::retaining_config(data()); }
    const Clock& clock() const override { return days_clock_; }
    std::string data() const { return directory_.path() + "/data"; }

    void declare_orders() {
        const auto put = ask(client(), "PUT", "/api/v1/metrics/orders", kOrders, as_admin());
        ASSERT_THAT(put.status, testing::AnyOf(200, 202)) << put.body;
        ASSERT_TRUE(eventually(
            [&] { return get("/api/v1/metrics/orders").body.find(R"("state":"active")") != std::string::npos; }));
    }
    json answer(const std::string& target) const { return json::parse(get(target).body, nullptr, false); }
    // The first event of a day begins a new file, and then retention looks after old ones. What came before is
    // committed by the question.
    void send_day(int day, int count = 1'000) {
        ASSERT_EQ(number_of(answer(question("EVENTS_TOTAL"))), days_.sent());
        days_clock_.set(day);
        for (int left = count; left > 0; left -= 500) {
            const auto sent = ask(client(), "POST", "/events", days_.lines(day, std::min(left, 500)),
                                  {{"Content-Type", "application/x-ndjson"}});
            ASSERT_EQ(sent.status, 202) << sent.body;
        }
    }
    Offset first_kept() const {
        const std::set<Offset> spans = spans_in(data());
        return spans.empty() ? 0 : *spans.begin();
    }
    void expect_all(bool with_orders = true) const {
        EXPECT_EQ(number_of(answer(question("EVENTS_TOTAL"))), days_.sent());
        if (with_orders) {
            EXPECT_EQ(number_of(answer(question("orders"))), days_.ordered());
        }
        const auto by_day = numbers_by_start(answer(question("EVENTS_TOTAL", "&step=1d")));
        EXPECT_EQ(by_day, days_.events_by_day());
    }

    DaysClock days_clock_;
    Days days_;
};

TEST_F(BaselineTest, AServerWithoutItsStoreGoesOnWithTheBaseline) {
    declare_orders();
    std::set<long> seen;
    std::atomic<bool> over{false};
    std::thread looking([&] {
        while (!over) {
            seen.merge(niceness_of("baseline"));
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    for (int day = 0; day < 6; ++day) {
        send_day(day, 3'000);
        // The day before yesterday goes; yesterday's events are a day old, and not older.
        const Offset kept = static_cast<Offset>(std::max(0, day - 1)) * 3'000 + 1;
        EXPECT_TRUE(eventually([&] { return first_kept() == kept; })) << "day " << day << ": " << first_kept();
    }
    over = true;
    looking.join();
    EXPECT_THAT(seen, testing::ElementsAre(10)) << "ingestion, aggregation and answers come first";
    expect_all();
    const std::string before = answer(question("DAU", "&step=1d"))["points"].dump();

    backend_->stop();
    backend_.reset();
    expect_clean(data());
    remove_store(data());
    start();
    expect_all();
    EXPECT_EQ(answer(question("DAU", "&step=1d"))["points"].dump(), before);
    EXPECT_FALSE(answer(question("EVENTS_TOTAL")).contains("missing_events")) << "nothing is";
    send_day(6);
    EXPECT_TRUE(eventually([&] { return first_kept() == 15'001; })) << first_kept();
    expect_all();
    backend_->stop();
    backend_.reset();
    expect_clean(data());
}

TEST_F(BaselineTest, WithoutItAnswersSayHowMuchIsMissing) {
    declare_orders();
    for (int day = 0; day < 4; ++day) send_day(day);
    ASSERT_TRUE(eventually([&] { return first_kept() == 2'001; })) << first_kept();
    backend_->stop();
    backend_.reset();
    remove_store(data());
    std::filesystem::remove(baseline_list_path(data()));
    start();
    const std::string target = question("EVENTS_TOTAL");
    const json partial =
        test::ask_until([&] { return answer(target); }, [](const json& told) { return number_of(told) == 2'000; });
    EXPECT_EQ(number_of(partial), 2'000) << partial.dump();
    EXPECT_EQ(partial["missing_events"], 2'000) << partial.dump();
    EXPECT_EQ(answer(question("orders"))["missing_events"], 2'000) << "it was declared before";
    const auto table = get(target, {{"Accept", "text/csv"}});
    EXPECT_EQ(table.headers.count("streamgauge-missing-events"), 1U) << table.body;
    // One that is filled now says from when on it has events.
    const auto put =
        ask(client(), "PUT", "/api/v1/metrics/views", R"({"window":"1h","where":"event_type = view"})", as_admin());
    ASSERT_THAT(put.status, testing::AnyOf(200, 202)) << put.body;
    const json later = test::ask_until([&] { return answer(question("views")); },
                                       [](const json& told) { return number_of(told) == 1'332; });
    EXPECT_EQ(number_of(later), 1'332) << later.dump();
    EXPECT_EQ(later["metric_complete_from"], "2026-02-02T12:00:00Z") << later.dump();
    EXPECT_FALSE(later.contains("missing_events"));
    const auto both = get("/api/v1/query?metrics=views,EVENTS_TOTAL&from=2026-01-31&to=2026-03-31",
                          {{"Accept", "application/x-ndjson"}});
    ASSERT_EQ(both.status, 200) << both.body;
    EXPECT_THAT(both.headers, testing::Contains(testing::Pair("streamgauge-missing-events", "2000")));
    EXPECT_THAT(both.headers,
                testing::Contains(testing::Pair("streamgauge-metric-complete-from", "2026-02-02T12:00:00Z")));
    restart();
    EXPECT_EQ(answer(target)["missing_events"], 2'000) << "it stays so";
    EXPECT_EQ(answer(question("views"))["metric_complete_from"], "2026-02-02T12:00:00Z");
    // And when the store is lost again, with what came after that moment.
    for (int day = 4; day < 7; ++day) {
        days_clock_.set(day);
        for (int half = 0; half < 2; ++half) {
            const auto sent =
                ask(client(), "POST", "/events", days_.lines(day, 500), {{"Content-Type", "application/x-ndjson"}});
            ASSERT_EQ(sent.status, 202) << sent.body;
        }
        ASSERT_EQ(number_of(answer(target)), days_.sent() - 2'000) << "all is committed, so that retention may go on";
    }
    ASSERT_TRUE(eventually([&] { return first_kept() == 5'001; })) << first_kept();
    backend_->stop();
    backend_.reset();
    remove_store(data());
    std::filesystem::remove(baseline_list_path(data()));
    for (int times = 0; times < 2; ++times) {
        start();
        const json lost = test::ask_until([&] { return answer(question("views")); },
                                          [](const json& told) { return number_of(told) == 1'332; });
        EXPECT_EQ(number_of(lost), 1'332) << lost.dump();
        EXPECT_EQ(lost["metric_complete_from"], "2026-02-05T12:00:00Z") << lost.dump();
        EXPECT_FALSE(lost.contains("missing_events"));
        EXPECT_EQ(answer("/api/v1/metrics/views")["complete_from"], "2026-02-05T12:00:00Z");
        EXPECT_EQ(answer(question("orders"))["missing_events"], 5'000) << "it was declared before all that";
        backend_->stop();
        backend_.reset();
    }
}

// What the baseline cannot take in stays in the journal, until it can.
TEST_F(BaselineTest, EventsStayWhileTheBaselineCannotHaveThem) {
    std::filesystem::create_directories(baseline_store_path(data()));  // in its place, nothing can be written
    for (int day = 0; day < 4; ++day) send_day(day);
    expect_all(false);
    EXPECT_EQ(first_kept(), 1U) << "they are past retention, and all there";
    std::filesystem::remove(baseline_store_path(data()));
    send_day(4);
    EXPECT_TRUE(eventually([&] { return first_kept() == 3'001; })) << first_kept();
    backend_->stop();
    backend_.reset();
    remove_store(data());
    start();
    expect_all(false);
    backend_->stop();
    backend_.reset();
    expect_clean(data());
}

// ---- a process that is killed ---------------------------------------------------------------------------------------

class ServerProcess {
public:
    ServerProcess(const std::string& directory, int day) {
        int in[2], out[2];
        if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return;
        const std::string days = std::to_string(day);
        child_ = fork();
        if (child_ == 0) {
            dup2(in[0], STDIN_FILENO);
            dup2(out[1], STDOUT_FILENO);
            execl(BASELINE_CHILD, BASELINE_CHILD, directory.c_str(), days.c_str(), nullptr);
            _exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        input_ = in[1];
        output_ = out[0];
    }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;
    ~ServerProcess() {
        kill();
        if (input_ >= 0) ::close(input_);
        if (output_ >= 0) ::close(output_);
    }

    // Waits until it serves.
    bool ready() {
        std::string line;
        while (line.find('\n') == std::string::npos) {
            pollfd waiting{output_, POLLIN, 0};
            char buffer[4096];
            if (poll(&waiting, 1, 120'000) <= 0) return false;
            const ssize_t got = read(output_, buffer, sizeof buffer);
            if (got <= 0) return false;
            line.append(buffer, static_cast<std::size_t>(got));
        }
        const std::size_t space = line.find(' ');
        const auto endpoint = http::parse_endpoint(line.substr(0, space));
        if (!endpoint.ok()) return false;
        client_ = std::make_unique<daemon::HttpClient>(*endpoint, std::chrono::seconds(60));
        token_ = line.substr(space + 1, line.find('\n') - space - 1);
        return true;
    }
    void kill() {
        if (child_ <= 0) return;
        ::kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
        child_ = 0;
    }
    // In order; its exit code.
    int stop() {
        ::close(std::exchange(input_, -1));
        int status = 0;
        waitpid(std::exchange(child_, 0), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    int send(std::string_view method, std::string_view target, std::string body, const char* type) const {
        const auto answer = client_->request(method, target, std::move(body),
                                             {{"Content-Type", type}, {"Authorization", "Bearer " + token_}});
        return answer.ok() ? answer->status : 0;
    }
    json get(std::string_view target) const {
        const auto answer = client_->request("GET", target);
        return answer.ok() ? json::parse(answer->body, nullptr, false) : json();
    }

private:
    pid_t child_ = 0;
    int input_ = -1, output_ = -1;
    std::unique_ptr<daemon::HttpClient> client_;
    std::string token_;
};

std::uintmax_t size_of(const std::string& path) {
    std::error_code gone;
    const std::uintmax_t size = std::filesystem::file_size(path, gone);
    return gone ? 0 : size;
}

std::int64_t written_at(const std::string& path) {
    std::error_code gone;
    const auto at = std::filesystem::last_write_time(path, gone);
    return gone ? 0 : at.time_since_epoch().count();
}

class KilledServerTest : public testing::Test {
protected:
    std::string data() const { return directory_.path() + "/data"; }
    // No span is gone that the baseline does not have.
    void expect_covered() const {
        const std::set<Offset> spans = spans_in(data());
        ASSERT_FALSE(spans.empty());
        EXPECT_GE(taken_in(), *spans.begin());
    }
    // The first event that the baseline's list does not have; 0 where it cannot be read.
    Offset taken_in() const {
        const auto listed = read_baseline_list(data());
        if (!listed.ok()) return 0;
        return listed->empty() ? 1 : listed->back().seal.last + 1;
    }
    void expect_all(const ServerProcess& server) const {
        EXPECT_EQ(number_of(server.get(question("EVENTS_TOTAL"))), days_.sent());
        if (days_.sent() > 0) {
            EXPECT_EQ(number_of(server.get(question("orders"))), days_.ordered());
        }
    }

    const test::TemporaryDirectory directory_;
    Days days_;
};

TEST_F(KilledServerTest, NothingIsMissingWhateverItDidMeanwhile) {
    constexpr int kDays = 7, kRequests = 2, kEach = 500;
    for (int day = 0; day < kDays; ++day) {
        const auto untouched = written_at(baseline_store_path(data()) + "-wal");
        ServerProcess server(data(), day);
        ASSERT_TRUE(server.ready()) << "day " << day;
        if (day == 0) {
            ASSERT_THAT(server.send("PUT", "/api/v1/metrics/orders", kOrders, "application/json"),
                        testing::AnyOf(200, 202));
            ASSERT_TRUE(eventually([&] { return server.get("/api/v1/metrics/orders")["state"] == "active"; }));
        }
        expect_all(server);
        for (int i = 0; i < kRequests; ++i)
            ASSERT_EQ(server.send("POST", "/events", days_.lines(day, kEach), "application/x-ndjson"), 202);
        // It is killed as soon as the baseline is being written, or has the day before yesterday, or that is gone.
        const Offset kept = static_cast<Offset>(std::max(0, day - 1)) * kRequests * kEach + 1;
        const auto reached = [&] {
            if (day % 3 == 2) return *spans_in(data()).begin() >= kept;
            if (taken_in() >= kept) return true;
            return day % 3 == 0 && written_at(baseline_store_path(data()) + "-wal") != untouched;
        };
        EXPECT_TRUE(eventually(reached)) << "day " << day;
        server.kill();
        expect_covered();
    }
    EXPECT_GT(*spans_in(data()).begin(), 1U);

    // The store is gone, and the server that begins anew with the baseline is killed as well.
    remove_store(data());
    std::mt19937 random(4);
    for (int i = 0; i < 6; ++i) {
        ServerProcess server(data(), kDays);
        if (i % 3 == 2) {
            EXPECT_TRUE(server.ready());
        } else {
            const std::uintmax_t wanted = 1 + random() % (size_of(baseline_store_path(data())) / 4 + 1);
            EXPECT_TRUE(eventually(
                [&] { return size_of(data() + "/store.db.new") + size_of(data() + "/store.db") >= wanted; }));
        }
        server.kill();
        if (i % 2 == 0) remove_store(data());
    }
    ServerProcess server(data(), kDays);
    ASSERT_TRUE(server.ready());
    expect_all(server);
    ASSERT_EQ(server.send("POST", "/events", days_.lines(kDays, 500), "application/x-ndjson"), 202);
    expect_all(server);
    const json by_day = server.get(question("EVENTS_TOTAL", "&step=1d"));
    const auto found = numbers_by_start(by_day);
    EXPECT_EQ(found, days_.events_by_day());
    EXPECT_FALSE(by_day.contains("missing_events"));
    EXPECT_EQ(server.stop(), 0);
    expect_clean(data());
}

}  // namespace
}  // namespace streamgauge
