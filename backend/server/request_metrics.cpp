// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/request_metrics.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "server/exposition.h"

namespace streamgauge {

namespace {

constexpr double kNanosPerSecond = 1e9;
constexpr std::int64_t kNanosPerMicro = 1000;
constexpr std::string_view kNoRoute = "UNKNOWN";
constexpr int kFirstFailure = 500, kLimited = 429;

// Probes and scrapes are not what users ask for, and a stream's duration is how long somebody looked.
std::string key_of(const http::Route& route) {
    return (RequestMetrics::is_aside(route) ? "~" : "") + std::string(to_string(route.method)) + ' ' + route.path;
}

std::string bound_text(std::size_t index) {
    if (index == RequestMetrics::kBounds.size()) return "+Inf";
    char digits[32];
    return {
        digits,
        std::to_chars(digits, digits + sizeof digits, RequestMetrics::kBounds[index], std::chars_format::fixed).ptr};
}

}  // namespace

void RequestMetrics::prepare(const http::RouteTable& table) {
    table_ = &table;
    routes_ = std::make_unique<PerRoute[]>(table.rows().size() + 1);
    for (const http::Route& route : table.rows()) keys_.push_back(key_of(route));
    keys_.emplace_back(kNoRoute);
}

void RequestMetrics::answered(const http::Answered& answer) {
    const auto& rows = table_->rows();
    const std::size_t index =
        answer.route == nullptr ? rows.size() : static_cast<std::size_t>(answer.route - rows.data());
    const double seconds = static_cast<double>(answer.duration_nanos) / kNanosPerSecond;
    const auto bucket =
        static_cast<std::size_t>(std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin());
    PerRoute& route = routes_[index];
    const std::lock_guard lock(route.mutex);
    auto cell = std::find_if(route.cells.begin(), route.cells.end(), [&](const Cell& one) {
        return one.status == answer.status && one.method == answer.method;
    });
    if (cell == route.cells.end()) {
        cell = route.cells.emplace(route.cells.end());
        cell->method = answer.method;
        cell->status = answer.status;
    }
    ++cell->count;
    cell->sum_seconds += seconds;
    ++cell->buckets[bucket];
    if (!route.recent) route.recent = std::make_unique<Recent>();
    Recent& recent = *route.recent;
    ++recent.answered;
    recent.failed += answer.status >= kFirstFailure ? 1 : 0;
    recent.limited += answer.status == kLimited ? 1 : 0;
    const std::uint32_t bin = slo::duration_bin(answer.duration_nanos / kNanosPerMicro);
    recent.lowest = std::min(recent.lowest, bin);
    recent.highest = std::max(recent.highest, bin);
    ++recent.bins[bin];
}

slo::SliceFigures RequestMetrics::take() {
    slo::SliceFigures all;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        PerRoute& route = routes_[i];
        const std::lock_guard lock(route.mutex);
        if (!route.recent || route.recent->answered == 0) continue;
        Recent& recent = *route.recent;
        slo::RequestFigures& figures = all.routes[keys_[i]];
        figures.answered = recent.answered;
        figures.failed = recent.failed;
        figures.limited = recent.limited;
        for (std::uint32_t bin = recent.lowest; bin <= recent.highest; ++bin) {
            if (recent.bins[bin] == 0) continue;
            figures.bins.push_back({bin, recent.bins[bin]});
            recent.bins[bin] = 0;
        }
        recent.answered = recent.failed = recent.limited = 0;
        recent.lowest = slo::kDurationBins;
        recent.highest = 0;
    }
    return all;
}

std::vector<RequestMetrics::Row> RequestMetrics::snapshot() const {
    std::vector<Row> all;
    for (std::size_t i = 0; i <= table_->rows().size(); ++i) {
        const std::string path = i < table_->rows().size() ? table_->rows()[i].path : std::string(kNoRoute);
        const std::lock_guard lock(routes_[i].mutex);
        for (const Cell& cell : routes_[i].cells) all.push_back({path, cell});
    }
    return all;
}

std::uint64_t RequestMetrics::with_status(int status) const {
    std::uint64_t count = 0;
    for (const Row& row : snapshot()) {
        if (row.cell.status == status) count += row.cell.count;
    }
    return count;
}

void RequestMetrics::expose(Exposition& out) const {
    const std::vector<Row> rows = snapshot();
    const auto histogram = [&](const std::string& name, const Row& row, const auto& labelled) {
        std::uint64_t cumulative = 0;
        for (std::size_t i = 0; i < row.cell.buckets.size(); ++i) {
            cumulative += row.cell.buckets[i];
            labelled(name + "_bucket", bound_text(i), cumulative);
        }
    };

    out.family("http_server_requests_seconds", "histogram",
               "Duration of requests, by route template, method and status.");
    for (const Row& row : rows) {
        const std::string status = std::to_string(row.cell.status);
        const std::string_view method = to_string(row.cell.method);
        histogram("http_server_requests_seconds", row,
                  [&](const std::string& name, const std::string& bound, std::uint64_t n) {
                      out.sample(name, {{"uri", row.path}, {"method", method}, {"status", status}, {"le", bound}}, n);
                  });
        out.sample("http_server_requests_seconds_sum", {{"uri", row.path}, {"method", method}, {"status", status}},
                   row.cell.sum_seconds);
        out.sample("http_server_requests_seconds_count", {{"uri", row.path}, {"method", method}, {"status", status}},
                   row.cell.count);
    }

    out.family("api_http_requests_total", "counter", "Requests, by method, route template and status.");
    for (const Row& row : rows) {
        out.sample(
            "api_http_requests_total",
            {{"method", to_string(row.cell.method)}, {"path", row.path}, {"status", std::to_string(row.cell.status)}},
            row.cell.count);
    }

    std::map<std::tuple<std::string, std::string_view>, Row> by_path;  // statuses added up
    for (const Row& row : rows) {
        const auto [at, fresh] = by_path.try_emplace({row.path, to_string(row.cell.method)}, row);
        if (fresh) continue;
        Cell& sum = at->second.cell;
        sum.count += row.cell.count;
        sum.sum_seconds += row.cell.sum_seconds;
        for (std::size_t i = 0; i < sum.buckets.size(); ++i) sum.buckets[i] += row.cell.buckets[i];
    }
    out.family("api_http_request_duration_seconds", "histogram", "Duration of requests, by method and route template.");
    for (const auto& entry : by_path) {
        const Row& row = entry.second;
        const std::string_view method = to_string(row.cell.method);
        histogram("api_http_request_duration_seconds", row,
                  [&](const std::string& name, const std::string& bound, std::uint64_t n) {
                      out.sample(name, {{"method", method}, {"path", row.path}, {"le", bound}}, n);
                  });
        out.sample("api_http_request_duration_seconds_sum", {{"method", method}, {"path", row.path}},
                   row.cell.sum_seconds);
        out.sample("api_http_request_duration_seconds_count", {{"method", method}, {"path", row.path}}, row.cell.count);
    }
    out.counter("streamgauge_ignored_parameters_total", "Query parameters that no route knows.",
                ignored_parameters_.load(std::memory_order_relaxed));
}

}  // namespace streamgauge
