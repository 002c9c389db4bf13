// SPDX-License-Identifier: GPL-3.0-or-later
// Bins, what indicators count, and the form on disk.
#include "slo/request_figures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace streamgauge::slo {
namespace {

RequestFigures answered(std::initializer_list<std::int64_t> micros) {
    RequestFigures all;
    for (const std::int64_t one : micros) all.merge({1, 0, 0, {{duration_bin(one), 1}}});
    return all;
}

TEST(DurationBins, AreNeverWiderThanTheySay) {
    std::uint32_t last = 0;
    std::int64_t start = 0;
    for (std::int64_t micros = 1; micros <= 0xffff'ffffLL; micros += std::max<std::int64_t>(1, micros / 5000)) {
        const std::uint32_t bin = duration_bin(micros);
        ASSERT_GE(bin, last);
        ASSERT_LT(bin, kDurationBins);
        if (bin != last) {
            if (start >= 256) {
                ASSERT_LE(static_cast<double>(micros - start), static_cast<double>(start) * 0.0081);
            }
            start = micros;
            last = bin;
        }
    }
    EXPECT_EQ(last, kDurationBins - 1);
    EXPECT_EQ(duration_bin(-1), 0U);
    EXPECT_EQ(duration_bin(1'000'000'000'000), kDurationBins - 1);
    EXPECT_EQ(duration_bin(255), 255U);
    EXPECT_EQ(duration_bin(256), 256U);
}

// Any threshold over any durations is within a bin of the exact count.
TEST(DurationBins, CountWhatIsWithinAThreshold) {
    std::mt19937 random(7);
    std::lognormal_distribution<double> durations(9, 1.5);
    std::vector<std::int64_t> exact;
    RequestFigures figures;
    for (int i = 0; i < 20'000; ++i) {
        exact.push_back(static_cast<std::int64_t>(durations(random)));
        figures.merge({1, 0, 0, {{duration_bin(exact.back()), 1}}});
    }
    for (const double threshold_ms : {0.1, 1.0, 3.7, 10.0, 50.0, 99.0, 300.0, 1234.5}) {
        const auto below = [&](double micros) {
            return std::count_if(exact.begin(), exact.end(),
                                 [&](std::int64_t one) { return static_cast<double>(one) <= micros; });
        };
        const auto counted = static_cast<std::int64_t>(figures.within(threshold_ms));
        EXPECT_GE(counted, below(threshold_ms * 1e3));
        EXPECT_LE(counted, below(threshold_ms * 1e3 * 1.0079 + 1));
    }
}

TEST(Indicators, CountTheirRequests) {
    SliceFigures figures;
    figures.routes["POST /events"] = answered({1'000, 2'000, 400'000});
    figures.routes["POST /events"].failed = 1;
    figures.routes["POST /events"].limited = 1;
    figures.routes["GET /events"] = answered({500'000});
    figures.routes["~GET /health"] = answered({10, 10});
    figures.freshness = answered({100'000, 2'000'000});
    figures.ledger = {7, 8};
    Indicator indicator;
    EXPECT_EQ(count(indicator, figures), (Ratio{3, 4}));  // health is not in
    indicator.limited_is_bad = true;
    EXPECT_EQ(count(indicator, figures), (Ratio{2, 4}));
    indicator.kind = Indicator::Kind::Errors;
    EXPECT_EQ(count(indicator, figures), (Ratio{2, 4}));
    indicator.kind = Indicator::Kind::Latency;
    EXPECT_EQ(count(indicator, figures), (Ratio{2, 4}));
    indicator.route = "/events";
    EXPECT_EQ(count(indicator, figures), (Ratio{2, 4}));
    indicator.route = "POST /events";
    EXPECT_EQ(count(indicator, figures), (Ratio{2, 3}));
    indicator.route = "/health";
    EXPECT_EQ(count(indicator, figures), (Ratio{2, 2}));
    indicator.route = "/nowhere";
    EXPECT_EQ(count(indicator, figures), (Ratio{}));
    indicator.kind = Indicator::Kind::Freshness;
    indicator.threshold_ms = 1000;
    EXPECT_EQ(count(indicator, figures), (Ratio{1, 2}));
    indicator.kind = Indicator::Kind::Correctness;
    EXPECT_EQ(count(indicator, figures), (Ratio{7, 8}));
    indicator.kind = Indicator::Kind::Metric;
    EXPECT_EQ(count(indicator, figures), (Ratio{}));
}

TEST(Figures, ComeBackFromTheirBytes) {
    SliceFigures figures;
    figures.routes["POST /events"] = answered({0, 1, 999, 1'000'000, 4'000'000'000'000});
    figures.routes["POST /events"].failed = 2;
    figures.routes["GET /metrics"] = answered({});
    figures.freshness = answered({5});
    figures.ledger = {1ULL << 60, (1ULL << 60) + 1};
    std::vector<std::string> names;
    const std::string bytes = encode(figures, [&](const std::string& name) {
        names.push_back(name);
        return names.size() - 1;
    });
    const auto name_of = [&](std::uint64_t id) { return id < names.size() ? &names[id] : nullptr; };
    const Result<SliceFigures> back = decode_figures(bytes, name_of);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, figures);
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_FALSE(decode_figures(bytes.substr(0, length), name_of)) << length;
    EXPECT_FALSE(decode_figures(bytes + '\0', name_of));
    EXPECT_FALSE(decode_figures(bytes, [](std::uint64_t) -> const std::string* { return nullptr; }));
}

// A day of a server with five busy routes, in slices of 10 s: what docs/objectives.md says that it takes.
TEST(Figures, TakeAboutAKilobyteForARouteAndSlice) {
    std::mt19937 random(3);
    std::lognormal_distribution<double> durations(8, 0.7);  // median 3 ms
    SliceFigures slice;
    for (int route = 0; route < 5; ++route) {
        RequestFigures& figures = slice.routes["POST /route" + std::to_string(route)];
        std::vector<std::uint64_t> bins(kDurationBins);
        for (int i = 0; i < 10'000; ++i) ++bins[duration_bin(static_cast<std::int64_t>(durations(random)))];
        for (std::uint32_t bin = 0; bin < kDurationBins; ++bin)
            if (bins[bin] > 0) figures.bins.push_back({bin, bins[bin]});
        figures.answered = 10'000;
    }
    std::uint64_t next = 0;
    const std::size_t bytes = encode(slice, [&](const std::string&) { return next++; }).size();
    RecordProperty("bytes", static_cast<int>(bytes));
    EXPECT_LT(bytes, 5 * 1'500U);
}

}  // namespace
}  // namespace streamgauge::slo
