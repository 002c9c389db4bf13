// SPDX-License-Identifier: GPL-3.0-or-later
// Memory of sets under values, groups and windows that are all different: one JSON object a line.
// cardinality_bench [millions, 2]: of users, past what a state keeps exactly; of the rest less, past what it keeps,
// too.
#include <cstdio>
#include <cstdlib>

#include "metrics/cardinality.h"

int main(int argc, char** argv) {
    using namespace streamgauge;
    const std::uint64_t many = (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2) * 1'000'000;
    const auto print = [](const test::CardinalityRun& run) {
        std::printf(
            R"({"name":"%s","events":%llu,"cpu_seconds":%.1f,"limit":%zu,"ceiling":%zu,"peak_bytes":%zu,)"
            R"("peak_resident":%zu,"overflowed":%llu,"commits":%llu,"distinct":%llu,"exact":%s,"missing_at_most":%llu})"
            "\n",
            run.name.c_str(), static_cast<unsigned long long>(run.events), run.cpu_seconds, run.limit, run.ceiling,
            run.peak_bytes, run.peak_resident, static_cast<unsigned long long>(run.overflowed),
            static_cast<unsigned long long>(run.commits), static_cast<unsigned long long>(run.distinct.count),
            run.distinct.exact && run.top.exact ? "true" : "false",
            static_cast<unsigned long long>(run.top.missing_at_most));
        std::fflush(stdout);
    };
    print(test::distinct_users(many));
    print(test::top_pages(many / 2));
    print(test::distinct_by_group(many / 4));
    print(test::percentiles_by_group(many / 4));
    print(test::long_values_by_group(many / 20));
    print(test::old_windows(100'000));
    print(test::windows_ahead(many / 20));
    return 0;
}
