// SPDX-License-Identifier: GPL-3.0-or-later
// The generator's figures beside the server's own log: the same requests, and none that was shorter outside the server
// than within it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "loadgen/queue_theory.h"
#include "loadgen/run_load.h"
#include "support/fifo_server.h"

namespace streamgauge::test {
namespace {

TEST(ServerLog, CountsAreEqualAndNoRequestWasShorterForTheClient) {
    // Every service takes another time, so that the order of the figures says something.
    FifoServer server([](std::uint64_t number) { return std::chrono::microseconds(200 + number * 7919 % 3000); });
    server.keep_log();
    LoadSetup setup{constant_load(server.url(), 300, 4)};
    setup.scenario.requests.clear();
    for (const auto& [name, path, weight] :
         {std::tuple{"buy", "/buy", 1.0}, {"look", "/look", 7.0}, {"pay", "/pay", 2.0}}) {
        loadgen::RequestKind kind;
        kind.name = name;
        kind.path = path;
        kind.weight = weight;
        kind.body = "{}";
        setup.scenario.requests.push_back(kind);
    }
    const LoadOutcome run = run_load(setup);
    const std::vector<FifoServer::Served> log = server.log();

    std::map<std::string, std::uint64_t> counts;
    for (const FifoServer::Served& served : log) ++counts[served.line];
    ASSERT_EQ(run.totals().planned, 1200U);
    EXPECT_EQ(run.totals().done(), log.size());
    ASSERT_EQ(counts.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i)
        EXPECT_EQ(run.record().endpoint_totals(i).done(), counts["POST /" + run.record().endpoint_name(i)]) << i;

    // If each request's difference is not negative, neither is that of the k-th smallest of both, whatever k.
    std::vector<std::int64_t> within;
    for (const FifoServer::Served& served : log) within.push_back(served.answered - served.arrived);
    std::sort(within.begin(), within.end());
    const Histogram& service = run.record().service();
    for (std::size_t k = 1; k <= within.size(); ++k) {
        const double q = static_cast<double>(k) / static_cast<double>(within.size());
        // The histogram says the upper end of a microsecond, or of a thousandth.
        const auto outside = static_cast<double>(service.quantile_micros(q));
        EXPECT_GE(outside + 1, static_cast<double>(within[k - 1]) / 1000) << k;
    }
    EXPECT_GE(service.mean_micros() + 1, [&] {
        double sum = 0;
        for (const std::int64_t w : within) sum += static_cast<double>(w) / 1000;
        return sum / static_cast<double>(within.size());
    }());
    // The response counts from the planned time, which is never after the sending.
    EXPECT_GE(run.record().response().mean_micros() + 1, service.mean_micros());
}

}  // namespace
}  // namespace streamgauge::test
