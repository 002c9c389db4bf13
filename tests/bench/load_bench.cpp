// SPDX-License-Identifier: GPL-3.0-or-later
// What the load generator's one thread can do: load_bench URL <open|closed> <rate or users> <seconds> [connections].
// Open: requests a second at planned times. Closed: users without think time, as wrk has connections. Prints one JSON
// object; the CPU is this process's own.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "loadgen/engine.h"

namespace {

using namespace streamgauge;
using namespace streamgauge::loadgen;

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ms(std::int64_t micros) {
    return static_cast<double>(micros) / 1000;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fputs("usage: load_bench URL <open|closed> <rate or users> <seconds> [connections]\n", stderr);
        return 2;
    }
    Scenario scenario;
    scenario.url = argv[1];
    scenario.closed_loop = std::string(argv[2]) == "closed";
    scenario.requests.emplace_back();
    scenario.stages.emplace_back();
    scenario.stages[0].rate = std::atof(argv[3]);
    scenario.stages[0].seconds = std::atof(argv[4]);
    if (argc > 5) scenario.max_in_flight = static_cast<std::uint32_t>(std::atoi(argv[5]));
    const Result<Url> url = parse_url(scenario.url);
    const Result<Address> address = url ? resolve(*url, "") : Result<Address>(url.error());
    Result<std::unique_ptr<Engine>> engine =
        address ? Engine::make(scenario, *address, {}) : Result<std::unique_ptr<Engine>>(address.error());
    if (!engine) {
        std::fprintf(stderr, "load_bench: %s\n", engine.error().describe().c_str());
        return 2;
    }
    const double before = cpu_seconds();
    std::int64_t elapsed = 0;
    const Result<RunState> ended = (*engine)->run(-1, [&](const Progress& progress) {
        elapsed = progress.elapsed_nanos;
        return true;
    });
    if (!ended) return 1;
    const RunRecord& record = (*engine)->record();
    const Totals& totals = record.totals();
    const double cpu = cpu_seconds() - before;
    std::printf(
        "{\"planned\":%llu,\"done\":%llu,\"seconds\":%.3f,\"response_p50_ms\":%.3f,\"response_p99_ms\":%.3f,"
        "\"send_lag_p50_ms\":%.3f,\"send_lag_p99_ms\":%.3f,\"send_lag_max_ms\":%.3f,\"cpu_micros_per_request\":%.2f}\n",
        static_cast<unsigned long long>(totals.planned), static_cast<unsigned long long>(totals.done()),
        static_cast<double>(elapsed) / 1e9, ms(record.response().quantile_micros(0.5)),
        ms(record.response().quantile_micros(0.99)), ms(record.send_lag().quantile_micros(0.5)),
        ms(record.send_lag().quantile_micros(0.99)), ms(record.send_lag().max_micros()),
        cpu * 1e6 / static_cast<double>(std::max<std::uint64_t>(1, totals.planned)));
    return 0;
}
