// SPDX-License-Identifier: GPL-3.0-or-later
// How many requests each route answered, with which status, and how long it took: what the Prometheus series show.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/engine.h"
#include "http/route_table.h"
#include "slo/request_figures.h"

namespace streamgauge {

class Exposition;

// Thread-safe. Labels are route templates, so that no client can make series grow without bound.
class RequestMetrics {
public:
    // Upper bounds in seconds: those that Prometheus' client libraries use by default, finer ones below 5 ms, and the
    // 300 ms of the objective of a fresh install.
    static constexpr std::array<double, 15> kBounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,   0.3,   0.5,    1,     2.5,  5,     10};

    // What objectives count only when they name it: health, scrapes, streams.
    static bool is_aside(const http::Route& route) {
        const std::string_view tag = route.docs.tag;
        return tag == "health" || tag == "monitoring" || tag == "live" || tag == "about";
    }
    // Call once, when the table is complete and before the engines start. `table` must outlive this.
    void prepare(const http::RouteTable& table);

    void answered(const http::Answered& answer);
    void ignored_parameters(std::size_t count) { ignored_parameters_.fetch_add(count, std::memory_order_relaxed); }
    std::uint64_t with_status(int status) const;
    // What was answered since the last call, as objectives count it. For one thread.
    slo::SliceFigures take();
    // The families that A's and E's dashboards read, and ours.
    void expose(Exposition& out) const;

private:
    struct Cell {
        http::Method method = http::Method::Get;
        int status = 0;
        std::uint64_t count = 0;
        double sum_seconds = 0;
        std::array<std::uint64_t, kBounds.size() + 1> buckets{};  // not cumulative; the last is beyond all bounds
    };
    // Since the last take(); guarded by the route's mutex.
    struct Recent {
        std::uint64_t answered = 0, failed = 0, limited = 0;
        std::uint32_t lowest = slo::kDurationBins, highest = 0;  // bins that hold anything
        std::array<std::uint32_t, slo::kDurationBins> bins{};
    };
    struct PerRoute {
        mutable std::mutex mutex;
        std::vector<Cell> cells;         // guarded by mutex; a few
        std::unique_ptr<Recent> recent;  // guarded by mutex; made with the first answer
    };
    struct Row {
        std::string path;
        Cell cell;
    };
    std::vector<Row> snapshot() const;

    const http::RouteTable* table_ = nullptr;
    std::vector<std::string> keys_;       // as the table's rows; one more, as below
    std::unique_ptr<PerRoute[]> routes_;  // as the table's rows; one more for what no route took
    std::atomic<std::uint64_t> ignored_parameters_{0};
};

}  // namespace streamgauge
