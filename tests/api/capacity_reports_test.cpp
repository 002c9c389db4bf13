// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/capacity_reports.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "api/load_runs.h"

namespace streamgauge::api {
namespace {

using loadgen::ChangeVerdict;

CapacityReport search(double low, double high) {
    CapacityReport report;
    report.run_id = "s";
    report.name = "shop";
    report.seconds = 61.5;
    report.started_at = Timestamp::from_seconds(1'700'000'000);
    report.seed = 7;
    report.host = "bench";
    report.url = "http://127.0.0.1:8080/events";
    report.scenario = "url: x\n";
    report.capacity.end = "found";
    report.capacity.rate = low;
    report.capacity.low = low;
    report.capacity.high = high;
    report.capacity.objectives = {"p(99)<300"};
    report.capacity.steps = {{50, 50, 4, 2, 9, true, false, ""}, {100, 80, 4, 2, 900, false, false, "say \"p99\""}};
    return report;
}

TEST(CapacityReports, TellWhetherTheLimitMoved) {
    const auto faster = compare_searches({search(950, 1050)}, {search(1450, 1550)});
    ASSERT_TRUE(faster.ok());
    EXPECT_EQ(faster->verdict, ChangeVerdict::Better);
    ASSERT_EQ(faster->measures.size(), 1U);
    const loadgen::MeasureChange& limit = faster->measures[0];
    EXPECT_EQ(limit.measure, "capacity");
    EXPECT_DOUBLE_EQ(limit.change, 500);
    EXPECT_NEAR(limit.low, 500 - 50 * std::sqrt(2), 1e-9) << "half intervals of 50 each, independent";
    EXPECT_NEAR(limit.high, 500 + 50 * std::sqrt(2), 1e-9);
    EXPECT_EQ(compare_searches({search(1450, 1550)}, {search(950, 1050)})->verdict, ChangeVerdict::Worse);
    EXPECT_EQ(compare_searches({search(950, 1050)}, {search(960, 1060)})->verdict, ChangeVerdict::NoDifference);
    // By three each side the mean is known better.
    const std::vector<CapacityReport> before(3, search(950, 1050)), after(3, search(1030, 1130));
    EXPECT_EQ(compare_searches({search(950, 1050)}, {search(1030, 1130)})->verdict, ChangeVerdict::NoDifference);
    EXPECT_NEAR(compare_searches(before, after)->measures[0].low, 80 - 50 * std::sqrt(2.0 / 3), 1e-9);
}

TEST(CapacityReports, SayWhatCannotBeToldAndWhatDiffers) {
    CapacityReport unbounded = search(950, 0);
    unbounded.capacity.end = "no limit";
    unbounded.capacity.objectives = {"errors<1%"};
    const auto found = compare_searches({search(950, 1050)}, {unbounded});
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->verdict, ChangeVerdict::TooFew);
    ASSERT_EQ(found->warnings.size(), 2U);
    EXPECT_EQ(found->warnings[0], "what had to hold differs");
    EXPECT_EQ(found->warnings[1], "the search s has no confirmed answer: no limit");
    EXPECT_EQ(compare_searches({}, {unbounded}).error().field, "before");
    // A search is none of a run's documents.
    const std::string text = encode(search(950, 1050));
    EXPECT_TRUE(compare_reports({text}, {text}).ok());
    EXPECT_FALSE(compare_reports({text}, {"{}"}).ok());
}

TEST(CapacityReports, AreListedAndGivenOut) {
    const std::string text = encode(search(950, 1050));
    EXPECT_TRUE(is_capacity_report(text));
    EXPECT_EQ(decode_capacity_report(text).value(), search(950, 1050));
    const Result<StoredLoadRun> run = stored_run(text, "user ada");
    ASSERT_TRUE(run.ok());
    EXPECT_EQ(run->verdict, "");
    EXPECT_EQ(run->name, "capacity 950/s, shop");
    EXPECT_EQ(run->state, "found");
    EXPECT_TRUE(run->passed);
    EXPECT_DOUBLE_EQ(run->p99_ms, 9) << "of the step that held, not of the one that failed";
    EXPECT_EQ(run->by, "user ada");
    EXPECT_EQ(report_in(*loadgen::find_report_export("json"), text).value(), text);
    EXPECT_EQ(report_in(*loadgen::find_report_export("csv"), text).value(),
              "rate,answered_rate,seconds,p50_ms,p99_ms,held,confirmation,limiting\r\n"
              "50,50,4,2,9,true,false,\"\"\r\n"
              "100,80,4,2,900,false,false,\"say \"\"p99\"\"\"\r\n");
    EXPECT_EQ(report_in(*loadgen::find_report_export("html"), text).error().field, "format");
    EXPECT_FALSE(is_capacity_report("{}"));
    EXPECT_EQ(decode_capacity_report("[]").error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(decode_capacity_report(R"({"schema":"streamgauge-load-capacity/2"})").error().field, "started_at");
    // Whatever is missing of it is a fault, never a crash.
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_FALSE(decode_capacity_report(text.substr(0, size)).ok());
    std::string other = text;
    other.replace(other.find("capacity/2"), 10, "capacity/9");
    EXPECT_EQ(decode_capacity_report(other).error().field, "schema");
}

std::string kept_search() {
    std::ifstream file(std::string(API_TEST_DATA) + "/kept_search.json");
    std::string text;
    std::getline(file, text);
    EXPECT_FALSE(text.empty());
    return text;
}

std::string without(std::string text, const std::string& part) {
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return at == std::string::npos ? text : text.erase(at, part.size());
}

// A document that a user's history has. It is not written anew when the codec changes: it must be read as it is.
TEST(CapacityReports, ThatAreKeptAreReadByEveryLaterBuild) {
    const std::string kept = kept_search();
    ASSERT_TRUE(is_capacity_report(kept));
    const Result<CapacityReport> search = decode_capacity_report(kept);
    ASSERT_TRUE(search.ok()) << search.error().describe();
    EXPECT_EQ(search->run_id, "019355c0-6f02-7d5e-8f4d-2d1d5a0b7c11");
    EXPECT_EQ(search->url, "http://127.0.0.1:8080/events");
    EXPECT_EQ(search->seed, 7U);
    EXPECT_EQ(search->capacity.end, "found");
    EXPECT_EQ(search->capacity.limiting_stage, "commit");
    ASSERT_EQ(search->capacity.steps.size(), 3U);
    EXPECT_TRUE(search->capacity.steps[2].confirm);
    EXPECT_EQ(stored_run(kept, "user ada")->state, "found");

    // What a later build may have written besides, and what an earlier one did not write.
    std::string later = kept;
    later.replace(later.find(R"("steps":[{)"), 10, R"("steps":[{"new":{"a":[1]},)");
    later.replace(later.find(R"("status":{)"), 10, R"("status":{"newer":[],)");
    EXPECT_EQ(decode_capacity_report(later).value(), *search);
    std::string earlier = without(without(kept, R"("confirm":false,)"), R"("limiting_stage":"commit",)");
    earlier = without(without(earlier, R"("send_lag_p99_ms":0,)"), R"(,"replay":null)");
    const Result<CapacityReport> old = decode_capacity_report(earlier);
    ASSERT_TRUE(old.ok()) << old.error().describe();
    EXPECT_EQ(old->capacity.limiting_stage, "");
    EXPECT_EQ(old->capacity.steps, search->capacity.steps);
    // What is there must be what it is.
    std::string wrong = kept;
    wrong.replace(wrong.find(R"("rate":760)"), 10, R"("rate":"7")");
    EXPECT_FALSE(decode_capacity_report(wrong).ok());
    for (const char* const nothing : {"7", "[]", "null", R"("steps")", R"({"steps":7})"}) {
        std::string broken = kept;
        const std::size_t at = broken.find(R"("capacity":{)") + 11,
                          end = broken.find(']', broken.find("\"steps\"")) + 2;
        broken.replace(at, end - at, nothing);
        EXPECT_FALSE(decode_capacity_report(broken).ok()) << broken;
    }
}

}  // namespace
}  // namespace streamgauge::api
