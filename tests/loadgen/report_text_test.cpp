// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/report_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "loadgen/hdr_encoding.h"
#include "loadgen/sample_report.h"

namespace streamgauge::loadgen {
namespace {

TEST(ReportText, RoundTripIsExact) {
    const RunReport report = test::sample_report();
    const std::string text = to_json(report);
    const Result<RunReport> again = parse_run_report(text);
    ASSERT_TRUE(again.ok()) << again.error().describe();
    EXPECT_EQ(to_json(*again), text);
    EXPECT_EQ(again->durations.response.buckets(), report.durations.response.buckets());
    EXPECT_EQ(again->durations.response.exact(), report.durations.response.exact());
    EXPECT_EQ(again->durations.unanswered.count(), report.durations.unanswered.count());
    EXPECT_EQ(again->totals, report.totals);
    ASSERT_EQ(again->endpoints.size(), 2U);
    EXPECT_EQ(again->endpoints[1].totals, report.endpoints[1].totals);
    ASSERT_EQ(again->seconds.size(), report.seconds.size());
    for (std::size_t i = 0; i < report.seconds.size(); ++i) {
        EXPECT_EQ(again->seconds[i].row, report.seconds[i].row);
        EXPECT_EQ(again->seconds[i].response, report.seconds[i].response);
        EXPECT_EQ(again->seconds[i].unanswered, report.seconds[i].unanswered);
    }
    EXPECT_EQ(again->errors, report.errors);
    EXPECT_EQ(again->hand, report.hand);
    EXPECT_EQ(again->stages[2].duration.buckets(), report.stages[2].duration.buckets());
    EXPECT_EQ(again->thresholds[1].failed_at_nanos, report.thresholds[1].failed_at_nanos);
    EXPECT_EQ(again->certificate.reasons, report.certificate.reasons);
    EXPECT_EQ(again->end_to_end->lost, 1U);
}

TEST(ReportText, SecondsAddUpToTheWhole) {
    const RunReport report = test::sample_report();
    Histogram response;
    std::uint64_t planned = 0, ok = 0, dropped = 0;
    for (const SecondReport& s : report.seconds) {
        response.merge(s.response.expand());
        planned += s.row.planned;
        ok += s.row.ok;
        dropped += s.row.dropped;
    }
    EXPECT_EQ(response.buckets(), report.durations.response.buckets());
    EXPECT_EQ(planned, report.totals.planned);
    EXPECT_EQ(ok, report.totals.done());
    EXPECT_EQ(dropped, report.totals.dropped);
    EXPECT_EQ(report.endpoints[0].totals.planned + report.endpoints[1].totals.planned, planned);
    EXPECT_EQ(report.totals.unfinished(), 0U);
}

TEST(ReportText, FaultsNameTheMember) {
    const nlohmann::json whole = nlohmann::json::parse(to_json(test::sample_report()));
    const auto fault = [&](const char* pointer, const nlohmann::json& value) {
        nlohmann::json changed = whole;
        changed[nlohmann::json::json_pointer(pointer)] = value;
        const Result<RunReport> parsed = parse_run_report(changed.dump());
        return parsed ? std::string("accepted") : parsed.error().field;
    };
    EXPECT_EQ(fault("/schema", "other"), "schema");
    EXPECT_EQ(fault("/seed", -1), "seed");
    EXPECT_EQ(fault("/machine/cores", 1e20), "machine.cores");
    EXPECT_EQ(fault("/state", "asleep"), "state");
    EXPECT_EQ(fault("/certificate/verdict", "fine"), "certificate.verdict");
    EXPECT_EQ(fault("/certificate/reasons", "none"), "certificate.reasons");
    EXPECT_EQ(fault("/thresholds/1/threshold", "p95"), "thresholds[1].threshold");
    EXPECT_EQ(fault("/totals/planned", 1), "totals");
    EXPECT_EQ(fault("/totals/outcomes/eaten", 1), "totals.outcomes");
    EXPECT_EQ(fault("/seconds/3/response/hdr", "AAAA"), "seconds[3].response.hdr");
    EXPECT_EQ(fault("/seconds/3/response/max_us", 1), "seconds[3].response");
    EXPECT_EQ(fault("/seconds/3/p50_ms", nullptr), "seconds[3].p50_ms");
    EXPECT_EQ(fault("/hand/0/action", 3), "hand[0].action");
    EXPECT_EQ(fault("/end_to_end/sums_equal", 1), "end_to_end.sums_equal");
    EXPECT_EQ(fault("/note", "more members do no harm"), "accepted");
    EXPECT_FALSE(parse_run_report("").ok());
    EXPECT_FALSE(parse_run_report("[]").ok());
}

TEST(HdrEncoding, ComesBackAndRefusesDamage) {
    Histogram histogram;
    for (std::int64_t i = 1; i < 2'000'000; i += 977) histogram.record(i);
    const std::string text = hdr_encode(histogram);
    EXPECT_EQ(text.rfind("HISTFAAA", 0), 0U);  // as every HdrHistogram V2 does
    const std::optional<std::string> payload = hdr_decode(text);
    ASSERT_TRUE(payload);
    EXPECT_EQ(SparseHistogram::restore(*payload, histogram.exact())->expand().buckets(), histogram.buckets());
    std::string damaged = text;
    for (std::size_t i = 0; i < text.size(); i += 7) {
        damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
        const std::optional<std::string> other = hdr_decode(damaged);
        EXPECT_TRUE(!other || *other == *payload || i > 0) << i;
        damaged[i] = text[i];
    }
    EXPECT_FALSE(hdr_decode(text.substr(0, text.size() - 4)));
    EXPECT_FALSE(hdr_decode(text + "AAAA"));
    EXPECT_FALSE(hdr_decode("HISTFAAA"));
    EXPECT_FALSE(hdr_decode(text.substr(1)));
    EXPECT_EQ(hdr_decode(hdr_encode(Histogram()))->size(), 0U);
}

}  // namespace
}  // namespace streamgauge::loadgen
