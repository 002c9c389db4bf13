// SPDX-License-Identifier: GPL-3.0-or-later
// What is recorded, in a journal or in an access log, as it is planned and written to be sent again.
#include "loadgen/recording.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "loadgen/access_log.h"
#include "loadgen/arrival_plan.h"
#include "loadgen/due_requests.h"
#include "loadgen/request_writer.h"
#include "loadgen/scenario_text.h"

namespace streamgauge::loadgen {
namespace {

using nlohmann::json;
using test::ScratchDirectory;

class LogFile {
public:
    explicit LogFile(const std::string& text) {
        std::string name = "/tmp/streamgauge-log-XXXXXX";
        const int fd = mkstemp(name.data());
        if (fd >= 0) close(fd);
        path_ = name;
        std::ofstream(path_, std::ios::binary) << text;
    }
    ~LogFile() { std::remove(path_.c_str()); }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

Scenario replaying(const std::string& members) {
    const Result<Scenario> scenario = parse_scenario("url: http://127.0.0.1:1/events\nreplay: {" + members + "}\n");
    EXPECT_TRUE(scenario.ok()) << (scenario ? "" : scenario.error().describe());
    return scenario ? *scenario : Scenario{};
}

Scenario attached(const std::string& members, const RecordingLimits& limits = {}) {
    Scenario scenario = replaying(members);
    const Status read = attach_recording(scenario, limits);
    EXPECT_TRUE(read.ok()) << (read ? "" : read.error().describe());
    EXPECT_TRUE(!read || validate(scenario).ok());
    return scenario;
}

Error refused(const std::string& members, const RecordingLimits& limits = {}) {
    Scenario scenario = replaying(members);
    const Status read = attach_recording(scenario, limits);
    EXPECT_FALSE(read.ok()) << members;
    return read ? Error() : read.error();
}

// Every planned time, as the engine walks them.
std::vector<std::int64_t> planned_times(const Scenario& scenario) {
    DueRequests due(scenario, scenario.max_in_flight);
    std::vector<std::int64_t> times;
    due.see(ArrivalPlan::kNever - 1, [&times](const DueRequest& request) {
        EXPECT_EQ(request.index, times.size());
        times.push_back(request.planned);
        return true;
    });
    EXPECT_TRUE(due.done());
    return times;
}

class Written {
public:
    explicit Written(const Scenario& scenario, std::uint64_t salt = 5) {
        WriterOptions options;
        options.id_salt = salt;
        Result<RequestWriter> writer = RequestWriter::make(scenario, 0, *parse_url(scenario.url), options);
        EXPECT_TRUE(writer.ok());
        writer_ = std::make_unique<RequestWriter>(std::move(writer).value());
        buffer_.resize(writer_->capacity());
        writer_->initialise(buffer_.data());
    }
    std::string request(std::size_t i, Timestamp now = test::kStart) {
        return std::string(writer_->fill(buffer_.data(), i, now, now));
    }
    std::string body(std::size_t i, Timestamp now = test::kStart) {
        const std::string text = request(i, now);
        const std::size_t head = text.find("\r\n\r\n");
        const std::string body = text.substr(head + 4);
        EXPECT_NE(text.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), std::string::npos) << text;
        return body;
    }
    json events(std::size_t i, Timestamp now = test::kStart) { return json::parse(body(i, now)); }

private:
    std::unique_ptr<RequestWriter> writer_;
    std::string buffer_;
};

std::string log_line(std::int64_t micros, const std::string& request) {
    std::array<char, 64> time{};
    std::snprintf(time.data(), time.size(), "%lld.%06lld", static_cast<long long>(micros / 1'000'000),
                  static_cast<long long>(micros % 1'000'000));
    return "::1 - - [" + std::string(time.data()) + "] \"" + request + " HTTP/1.1\" 200 1\n";
}

// ---- access logs ----------------------------------------------------------------------------------------------------
TEST(ReplayOfALog, HasTheGapsOfTheLogInTheOrderOfItsTimes) {
    const LogFile log(log_line(1'700'000'002'000'000, "GET /c") + log_line(1'700'000'000'000'000, "GET /a") +
                      log_line(1'700'000'000'500'000, "POST /b") + log_line(1'700'000'000'700'000, "DELETE /b") +
                      log_line(1'700'000'009'000'000, "GET /later"));
    const Scenario scenario = attached("access_log: " + log.path() + ", speed: 10, to: 2023-11-14T22:13:25Z");
    const Recording& r = *scenario.recording;
    ASSERT_EQ(r.requests.size(), 3U);
    EXPECT_EQ(r.left_out, 1U);
    EXPECT_EQ(r.requests[0].target, "/a");
    EXPECT_EQ(r.requests[1].target, "/b");
    EXPECT_EQ(r.requests[2].target, "/c");
    EXPECT_EQ(planned_times(scenario), (std::vector<std::int64_t>{0, 50'000'000, 200'000'000}));
    EXPECT_EQ(r.first, parse_rfc3339("2023-11-14T22:13:20Z").value());
    EXPECT_EQ(r.last, parse_rfc3339("2023-11-14T22:13:22Z").value());
    EXPECT_EQ(r.busiest_second, 3U);

    Written written(scenario);
    const std::string get = written.request(0);
    EXPECT_EQ(get.rfind("GET /a HTTP/1.1\r\n", 0), 0U);
    EXPECT_EQ(get.find("Content-Length"), std::string::npos);
    EXPECT_EQ(get.substr(get.size() - 4), "\r\n\r\n");
    EXPECT_EQ(written.request(1).rfind("POST /b HTTP/1.1\r\n", 0), 0U);
    const json event = written.events(1);
    EXPECT_EQ(event["page_url"], "/b");
    EXPECT_NE(event["event_id"], "00000000-0000-0000-0000-000000000000");
}

TEST(ReplayOfALog, WhatChangesOrRemovesIsSentOnlyWhereThatIsSaid) {
    std::string lines;
    std::int64_t at = 1'700'000'000'000'000;
    for (const char* const request :
         {"GET /a", "PUT /b", "DELETE /c", "HEAD /d", "PATCH /e", "DELETE /f", "BREW /pot", "POST /g"})
        lines += log_line(at += 10'000, request);
    lines += "{\"msec\":1700000001,\"method\":\"PATCH\",\"uri\":\"/h\",\"body\":{\"a\":1}}\n";
    const LogFile log(lines);
    using Counts = std::map<std::string, std::uint64_t>;
    const Scenario usual = attached("access_log: " + log.path());
    EXPECT_EQ(usual.recording->requests.size(), 2U);
    EXPECT_EQ(usual.recording->left_out, 7U);
    EXPECT_EQ(usual.recording->left_out_methods,
              (Counts{{"DELETE", 2}, {"HEAD", 1}, {"PATCH", 2}, {"PUT", 1}, {"other", 1}}));

    const Scenario more = attached("access_log: " + log.path() + ", methods: [GET, PUT, PATCH, DELETE]");
    EXPECT_EQ(more.recording->left_out_methods, (Counts{{"HEAD", 1}, {"POST", 1}, {"other", 1}}));
    std::vector<std::string> sent;
    Written written(more);
    for (std::size_t i = 0; i < more.recording->requests.size(); ++i)
        sent.push_back(written.request(i).substr(0, written.request(i).find(" HTTP")));
    EXPECT_EQ(sent, (std::vector<std::string>{"GET /a", "PUT /b", "DELETE /c", "PATCH /e", "DELETE /f", "PATCH /h"}));
    EXPECT_NE(written.request(2).find("Content-Length: 0\r\n"), std::string::npos) << "a log has no bodies";
    EXPECT_TRUE(written.request(5).ends_with("Content-Length: 7\r\n\r\n{\"a\":1}")) << written.request(5);
    EXPECT_EQ(parse_scenario(to_text(more)).value().replay, more.replay);
}

TEST(ReplayOfALog, EveryPlannedTimeIsTheRecordedGapByTheSpeedExactly) {
    std::mt19937_64 random(7);
    std::vector<std::int64_t> times;
    std::string text;
    for (int i = 0; i < 3000; ++i) {
        times.push_back(1'700'000'000'000'000 + static_cast<std::int64_t>(random() % 80'000'000'000));
        text += log_line(times.back(), "GET /" + std::to_string(i));
    }
    std::sort(times.begin(), times.end());
    const LogFile log(text);
    for (const std::int64_t thousandths : {1000LL, 10'000LL, 999'999LL, 1'000'000LL, 1'500LL, 3'333LL, 930LL}) {
        const std::string speed =
            std::to_string(thousandths / 1000) + "." + std::to_string(1000 + thousandths % 1000).substr(1);
        const Scenario scenario = attached("access_log: " + log.path() + ", speed: " + speed);
        const std::vector<std::int64_t> planned = planned_times(scenario);
        ASSERT_EQ(planned.size(), times.size());
        for (std::size_t i = 0; i < times.size(); ++i) {
            // In long double, whose 64 bits hold every product here.
            const auto exact = std::floor(static_cast<long double>(times[i] - times[0]) * 1'000'000.0L /
                                          static_cast<long double>(thousandths));
            ASSERT_EQ(planned[i], static_cast<std::int64_t>(exact)) << i << " at " << speed;
        }
    }
}

TEST(ReplayOfALog, WhatALogSaysOfASecondOnlyIsSpreadOverIt) {
    std::string text;
    for (int i = 0; i < 4; ++i) text += "::1 - - [14/Nov/2023:22:13:20 +0000] \"GET / HTTP/1.1\" 200 1\n";
    text += "::1 - - [14/Nov/2023:22:13:22 +0000] \"GET /2 HTTP/1.1\" 200 1\n";
    const LogFile log(text);
    EXPECT_EQ(planned_times(attached("access_log: " + log.path())),
              (std::vector<std::int64_t>{0, 250'000'000, 500'000'000, 750'000'000, 2'000'000'000}));
    EXPECT_EQ(planned_times(attached("access_log: " + log.path() + ", speed: 2")),
              (std::vector<std::int64_t>{0, 125'000'000, 250'000'000, 375'000'000, 1'000'000'000}));
    // Exact times beside it stay where they are.
    const LogFile mixed(text + log_line(1'700'000'000'600'000, "GET /exact"));
    const Scenario both = attached("access_log: " + mixed.path());
    EXPECT_EQ(planned_times(both),
              (std::vector<std::int64_t>{0, 250'000'000, 500'000'000, 600'000'000, 750'000'000, 2'000'000'000}));
    EXPECT_EQ(both.recording->requests[3].target, "/exact");
}

TEST(ReplayOfALog, ReadsRotatedLogsWindowsLinesAndALastLineWithoutEnd) {
    std::string text = log_line(1'700'000'000'000'000, "GET /a") + "\r\n\n" + log_line(1'700'000'001'000'000, "GET /b");
    text.insert(text.size() - 1, "\r");
    text.pop_back();
    const LogFile plain(text), packed("");
    gzFile file = gzopen(packed.path().c_str(), "wb");
    ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
    gzclose(file);
    for (const std::string& path : {plain.path(), packed.path()}) {
        const Scenario scenario = attached("access_log: " + path);
        EXPECT_EQ(planned_times(scenario), (std::vector<std::int64_t>{0, 1'000'000'000}));
        EXPECT_EQ(scenario.recording->left_out, 0U);
    }
}

TEST(ReplayOfALog, APackedLogThatIsCutIsNoWholeOne) {
    const LogFile packed("");
    gzFile file = gzopen(packed.path().c_str(), "wb");
    for (int i = 0; i < 20'000; ++i) {
        const std::string line =
            log_line(1'700'000'000'000'000 + i * 1000, "GET /" + std::to_string(i * 7919 % 20'011));
        ASSERT_EQ(gzwrite(file, line.data(), static_cast<unsigned>(line.size())), static_cast<int>(line.size()));
    }
    gzclose(file);
    const auto whole = std::filesystem::file_size(packed.path());
    EXPECT_EQ(attached("access_log: " + packed.path()).recording->requests.size(), 20'000U);
    for (const auto left : {whole - 1, whole - 8, whole / 2, std::uintmax_t{12}}) {
        std::filesystem::resize_file(packed.path(), left);
        const Error error = refused("access_log: " + packed.path());
        EXPECT_EQ(error.field, "replay.access_log");
        EXPECT_NE(error.message.find(packed.path() + " is cut"), std::string::npos) << left << ": " << error.message;
        EXPECT_NE(error.hint.find("zcat"), std::string::npos);
    }
}

TEST(ReplayOfALog, UnreadableLinesAreCountedAndTooManyOfThemAreAFault) {
    std::string good;
    for (int i = 0; i < 5; ++i) good += log_line(1'700'000'000'000'000 + i, "GET /");
    const std::string huge(3 * kAccessLogLineBytes, 'x');
    const LogFile log(good + "hello\n" + huge + "\n" + good);
    EXPECT_EQ(attached("access_log: " + log.path()).recording->requests.size(), 10U);
    EXPECT_EQ(attached("access_log: " + log.path()).recording->left_out, 2U);
    const LogFile garbage("hello\n" + huge + "\nworld\n");
    const Error error = refused("access_log: " + garbage.path());
    EXPECT_EQ(error.field, "replay.access_log");
    EXPECT_NE(error.message.find("3 of 3 lines cannot be read; line 1: "), std::string::npos) << error.message;
    EXPECT_EQ(refused("access_log: /tmp").field, "replay.access_log");
    EXPECT_EQ(refused("access_log: /nowhere/at.all").field, "replay.access_log");
    const LogFile empty("");
    EXPECT_EQ(refused("access_log: " + empty.path()).field, "replay");
}

TEST(ReplayOfALog, LimitsHold) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += log_line(1'700'000'000'000'000 + i * 1'000'000, "GET /" + std::to_string(i));
    const LogFile log(text);
    const std::string members = "access_log: " + log.path();
    RecordingLimits limits;
    limits.most_requests = 100;
    EXPECT_EQ(attached(members, limits).recording->requests.size(), 100U);
    limits.most_requests = 99;
    EXPECT_EQ(refused(members, limits).field, "replay");
    EXPECT_EQ(attached(members + ", to: 2023-11-14T22:14:20Z", limits).recording->requests.size(), 60U);
    limits = {};
    limits.most_bytes = std::size_t{1} << 20;  // the first block of text takes it all
    EXPECT_EQ(refused(members, limits).field, "replay");
    limits = {};
    limits.most_in_a_second = 10;
    EXPECT_EQ(attached(members + ", speed: 10", limits).recording->busiest_second, 10U);
    const Error error = refused(members + ", speed: 11", limits);
    EXPECT_EQ(error.code, ErrorCode::Forbidden);
    EXPECT_EQ(error.field, "replay.speed");
    EXPECT_EQ(error.message,
              "at this speed the second that begins with what was received at 2023-11-14T22:13:20Z has 11 "
              "requests, and the most that is planned in one is 10; speed 10 would fit");
    EXPECT_EQ(attached(members + ", speed: 10", limits).recording->highest_speed, 10);
    limits.most_is_called = "load.max_rate";
    limits.most_in_a_second = 1;
    EXPECT_NE(refused(members + ", speed: 2", limits).message.find("load.max_rate is 1; speed 1 would fit"),
              std::string::npos);
    // A day at most, at its speed.
    const LogFile day(log_line(1'700'000'000'000'000, "GET /") + log_line(1'700'086'400'000'000, "GET /"));
    EXPECT_EQ(refused("access_log: " + day.path()).field, "replay.speed");
    EXPECT_EQ(planned_times(attached("access_log: " + day.path() + ", speed: 1000")).back(), 86'400'000'000);
    const LogFile ages(
        "::1 - - [01/Jan/1970:00:00:00 +0000] \"GET / HTTP/1.1\" 200 1\n"
        "::1 - - [31/Dec/9999:23:59:59 +0000] \"GET / HTTP/1.1\" 200 1\n");
    EXPECT_EQ(refused("access_log: " + ages.path() + ", speed: 1000").field, "replay.speed");
}

TEST(ReplayOfALog, ReadingIsStoppedWhenSomebodyWantsItToEnd) {
    std::string text;
    for (int i = 0; i < 4000; ++i) text += log_line(1'700'000'000'000'000 + i, "GET /" + std::to_string(i));
    const LogFile log(text);
    int asked = 0;
    RecordingLimits limits;
    limits.stopped = [&asked] { return ++asked > 2; };
    EXPECT_EQ(refused("access_log: " + log.path(), limits).code, ErrorCode::Cancelled);
    EXPECT_EQ(asked, 3);
}

// ---- journals -------------------------------------------------------------------------------------------------------
// Three requests of two projects, out of the order of their times, one of them of three events.
void fill(Journal& journal) {
    const auto append = [&](const char* project, std::int64_t micros, const std::vector<std::string>& names) {
        EventBatch batch{std::string(project)};
        for (const std::string& name : names) {
            EventView view = test::event(name, test::kStart.plus_micros(micros));
            view.occurred_at = view.received_at.plus_micros(-1'500'000);
            view.props = R"({"n":1,"text":"\u00e4 \"q\""})";
            batch.add(view);
        }
        ASSERT_TRUE(test::append_batch(journal, std::move(batch)).ok());
    };
    append("default", 300'000, {"a", "b", "c"});
    append("other", 100'000, {"d"});
    append("_system", 150'000, {"canary"});
    append("default", 700'001, {"e"});
}

TEST(ReplayOfAJournal, SendsTheRequestsOfOldWithTheirGapsAndNewIds) {
    const ScratchDirectory directory;
    const auto journal = test::open_journal(test::options_in(directory));  // it stays open: a server runs
    fill(*journal);
    const Scenario scenario = attached("journal: " + directory.path() + ", speed: 4");
    const Recording& r = *scenario.recording;
    EXPECT_EQ(r.events, 5U);
    EXPECT_EQ(r.left_out, 0U);
    EXPECT_EQ(planned_times(scenario), (std::vector<std::int64_t>{0, 50'000'000, 150'000'250}));
    Written written(scenario);
    std::set<std::string> ids;
    const Timestamp now = parse_rfc3339("2026-03-01T12:00:00.250000Z").value();
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(written.request(i).rfind("POST /events HTTP/1.1\r\n", 0), 0U);
        for (const json& event : written.events(i, now)) {
            ids.insert(event["event_id"].get<std::string>());
            EXPECT_EQ(event["occurred_at"], "2026-03-01T11:59:58.750000Z") << "as long before as it was then";
            EXPECT_EQ(event["event_type"], "view");
            EXPECT_EQ(event["user_id"], "user");
            EXPECT_EQ(event["session_id"], "session");
            EXPECT_EQ(event["page_url"], "/page");
            EXPECT_EQ(event["properties"], json::parse(R"({"n":1,"text":"ä \"q\""})"));
        }
    }
    EXPECT_EQ(ids.size(), 5U);
    for (const char* known : {"a", "b", "c", "d", "e"}) EXPECT_FALSE(ids.contains(known));
    EXPECT_EQ(written.events(1).size(), 3U) << "one request then, one request now";
    EXPECT_EQ(written.body(1), Written(scenario).body(1)) << "the same salt, the same ids";
    EXPECT_NE(written.body(1), Written(scenario, 6).body(1));
}

TEST(ReplayOfAJournal, KeepsIdsAndTimesWhereAsked) {
    const ScratchDirectory directory;
    fill(*test::open_journal(test::options_in(directory)));
    const Scenario scenario = attached("journal: " + directory.path() + ", keep_ids: true, keep_times: true");
    Written written(scenario);
    EXPECT_EQ(written.events(1)[2]["event_id"], "c");
    EXPECT_EQ(parse_rfc3339(written.events(1)[2]["occurred_at"].get<std::string>()).value(),
              test::kStart.plus_micros(300'000 - 1'500'000));
    EXPECT_EQ(written.events(2)[0]["event_id"], "e");
}

TEST(ReplayOfAJournal, OneProjectAndOneWindow) {
    const ScratchDirectory directory;
    const auto journal = test::open_journal(test::options_in(directory));
    fill(*journal);
    const std::string members = "journal: " + directory.path();
    EXPECT_EQ(attached(members + ", project: other").recording->events, 1U);
    EXPECT_EQ(attached(members + ", project: default").recording->events, 4U);
    EXPECT_EQ(refused(members + ", project: none").field, "replay");
    EXPECT_EQ(refused(members + ", project: _system").field, "replay")
        << "the server's own events are nobody's traffic";
    const auto at = [](std::int64_t micros) { return format_rfc3339(test::kStart.plus_micros(micros)); };
    EXPECT_EQ(attached(members + ", from: '" + at(300'000) + "'").recording->events, 4U);
    EXPECT_EQ(attached(members + ", to: '" + at(300'000) + "'").recording->events, 1U);
    EXPECT_EQ(attached(members + ", from: '" + at(100'001) + "', to: '" + at(700'001) + "'").recording->events, 3U);
    EXPECT_EQ(refused(members + ", from: '" + at(800'000) + "'").field, "replay");
    // A server's own is known to the server alone.
    EXPECT_EQ(refused("journal: own").field, "replay.journal");
    RecordingLimits limits;
    limits.own_journal = directory.path();
    EXPECT_EQ(attached("journal: own", limits).recording->events, 5U);
}

TEST(ReplayOfAJournal, LargeRequestsAreReadInPiecesAndSentWhole) {
    const ScratchDirectory directory;
    const auto journal = test::open_journal(test::options_in(directory));
    for (int request = 0; request < 3; ++request) {
        EventBatch batch;
        for (int i = 0; i < 9'999; ++i)
            batch.add(test::event(std::to_string(request) + "-" + std::to_string(i),
                                  test::kStart.plus_micros(request * 1000)));
        ASSERT_TRUE(test::append_batch(*journal, std::move(batch)).ok());
    }
    const Scenario scenario = attached("journal: " + directory.path());
    EXPECT_EQ(planned_times(scenario), (std::vector<std::int64_t>{0, 1'000'000, 2'000'000}));
    EXPECT_EQ(scenario.recording->events, 29'997U);
    Written written(scenario);
    std::set<std::string> ids;
    for (std::size_t i = 0; i < 3; ++i)
        for (const json& event : written.events(i)) ids.insert(event["event_id"].get<std::string>());
    EXPECT_EQ(ids.size(), 29'997U);
}

TEST(ReplayOfAJournal, WhatIsDamagedIsLeftOutAndCounted) {
    const ScratchDirectory directory;
    constexpr std::int64_t kDay = 86'400'000'000;
    {
        const auto journal = test::open_journal(test::options_in(directory));
        for (int day = 0; day < 3; ++day) {
            std::vector<std::string> ids;
            for (int i = 0; i < 500; ++i) ids.push_back(std::to_string(day) + "-" + std::to_string(i));
            ASSERT_TRUE(test::append_ids(*journal, ids, test::kStart.plus_micros(day * kDay)).ok());
        }
    }
    const std::string members = "journal: " + directory.path() + ", speed: 1000";
    EXPECT_EQ(attached(members).recording->events, 1500U);
    std::string middle;
    for (const auto& file : std::filesystem::directory_iterator(directory.path()))
        if (file.path().filename().string().find("501.db") != std::string::npos && file.path().extension() == ".db")
            middle = file.path().string();
    ASSERT_FALSE(middle.empty());
    {
        std::fstream file(middle, std::ios::binary | std::ios::in | std::ios::out);
        file.seekp(4096);
        file << std::string(std::filesystem::file_size(middle) - 4096, '\xA5');
    }
    const Scenario scenario = attached(members);
    EXPECT_EQ(scenario.recording->events, 1000U);
    EXPECT_EQ(scenario.recording->left_out, 500U);
    EXPECT_EQ(refused("journal: " + directory.path() + "/none").field, "replay.journal");
}

// ---- the scenario ---------------------------------------------------------------------------------------------------
TEST(ReplayScenario, RoundTripsAndIsPatchedInPlace) {
    const std::string text =
        "url: http://127.0.0.1:1/events  # here\nreplay:\n  journal: own   # ours\n  speed: 2.5\n  from: "
        "2026-01-31T10:00:00Z\n  to: 2026-01-31T11:00:00Z\n  project: shop\n  keep_ids: true\n  keep_times: true\n";
    const Result<Scenario> scenario = parse_scenario(text);
    ASSERT_TRUE(scenario.ok()) << scenario.error().describe();
    EXPECT_TRUE(scenario->replays());
    EXPECT_EQ(scenario->replay,
              (Replay{"own", "", 2.5, "2026-01-31T10:00:00Z", "2026-01-31T11:00:00Z", "shop", true, true}));
    EXPECT_EQ(parse_scenario(to_text(*scenario)).value(), *scenario);
    EXPECT_EQ(edited(text, *scenario), text);
    Scenario other = *scenario;
    other.replay.speed = 10;
    other.replay.keep_ids = false;
    other.replay.journal = "/var/lib/stream gauge: #1";
    other.max_in_flight = 7;
    const std::string changed = edited(text, other);
    EXPECT_EQ(parse_scenario(changed).value(), other) << changed;
    EXPECT_NE(changed.find("# here"), std::string::npos);
    EXPECT_NE(changed.find("speed: 10\n"), std::string::npos) << changed;
    other.replay = {};
    other.replay.access_log = "it's.log";
    EXPECT_EQ(parse_scenario(to_text(other)).value(), other);
    EXPECT_EQ(parse_scenario(edited(changed, other)).value(), other);
    // From a replay to stages and back.
    Scenario stages = *scenario;
    stages.replay = {};
    stages.spacing = Spacing::Poisson;
    stages.stages.emplace_back();
    stages.stages.back().rate = 5;
    const std::string as_stages = edited(text, stages);
    EXPECT_EQ(parse_scenario(as_stages).value(), stages) << as_stages;
    EXPECT_EQ(parse_scenario(edited(as_stages, *scenario)).value(), *scenario) << edited(as_stages, *scenario);
    // Once read it is still the same text.
    const LogFile log(log_line(1'700'000'000'000'000, "GET /"));
    const Scenario read = attached("access_log: " + log.path());
    EXPECT_EQ(to_text(read), to_text(replaying("access_log: " + log.path())));
}

TEST(ReplayScenario, FaultsNameTheMember) {
    const auto field = [](const std::string& text) {
        const Result<Scenario> scenario = parse_scenario("url: http://127.0.0.1:1/\n" + text);
        return scenario ? std::string("none") : scenario.error().field;
    };
    EXPECT_EQ(field("arrivals: recorded\n"), "replay");
    EXPECT_EQ(field("replay: {}\n"), "replay");
    EXPECT_EQ(field("replay: {journal: a, access_log: b}\n"), "replay");
    EXPECT_EQ(field("replay: {journal: a}\narrivals: even\n"), "replay");
    EXPECT_EQ(field("replay: {journal: a, speed: 0}\n"), "replay.speed");
    EXPECT_EQ(field("replay: {journal: a, speed: 1001}\n"), "replay.speed");
    EXPECT_EQ(field("replay: {journal: a, speed: .nan}\n"), "replay.speed");
    EXPECT_EQ(field("replay: {journal: a, speed: 1.0005}\n"), "replay.speed");
    EXPECT_EQ(field("replay: {journal: a, from: soon}\n"), "replay.from");
    EXPECT_EQ(field("replay: {journal: a, to: 2026}\n"), "replay.to");
    EXPECT_EQ(field("replay: {access_log: a, project: p}\n"), "replay.project");
    EXPECT_EQ(field("replay: {access_log: a, keep_ids: true}\n"), "replay.keep_ids");
    EXPECT_EQ(field("replay: {journal: a, gaps: none}\n"), "replay.gaps");
    for (const char* const methods : {"[]", "[HEAD]", "[get]", "[GET, GET]", "[\"\"]"})
        EXPECT_EQ(field(std::string("replay: {access_log: a, methods: ") + methods + "}\n"), "replay.methods");
    EXPECT_EQ(field("replay: {access_log: a, methods: GET}\n"), "replay.methods");
    EXPECT_EQ(field("replay: {journal: a, methods: [GET]}\n"), "replay.methods");
    EXPECT_EQ(field("replay: {journal: a}\nstages: [{rate: 1, for: 1s}]\n"), "stages");
    EXPECT_EQ(field("replay: {journal: a}\nloop: closed\n"), "loop");
    EXPECT_EQ(field("replay: {journal: a}\njitter_percent: 5\n"), "jitter_percent");
    EXPECT_EQ(field("replay: {journal: a}\nend_to_end: {check: true}\n"), "end_to_end.check");
    EXPECT_EQ(field("replay: {journal: a}\nrequests: [{name: a}, {name: b}]\n"), "requests");
    EXPECT_EQ(field("replay: {journal: a}\nrequests: [{name: a, body: x}]\n"), "requests");
    EXPECT_EQ(field("replay: {journal: a, speed: 0.001}\nrequests: [{name: a, path: /x, expect: [200, 404]}]\n"),
              "none");
}

}  // namespace
}  // namespace streamgauge::loadgen
