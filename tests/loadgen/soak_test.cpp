// SPDX-License-Identifier: GPL-3.0-or-later
// Half an hour at 10,000 requests a second: the resident memory stays where it was after the first tenth, but for the
// histogram of each second. SOAK_SECONDS=600 makes it shorter.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "loadgen/run_load.h"
#include "support/fifo_server.h"
#include "support/process_usage.h"

namespace streamgauge::test {
namespace {

TEST(Soak, ResidentMemoryStaysFlat) {
    const char* const wanted = std::getenv("SOAK_SECONDS");
    const double seconds = wanted != nullptr ? std::atof(wanted) : 1800;
    ASSERT_GE(seconds, 10);
    FifoServer server(std::chrono::microseconds(1));
    LoadSetup setup{constant_load(server.url(), 10'000, seconds)};
    double early = 0, most = 0;
    std::int64_t next = 0;
    setup.progress = [&](const loadgen::Progress& progress) {
        if (progress.elapsed_nanos < next) return true;
        next = progress.elapsed_nanos + 1'000'000'000;
        const double resident = process_memory_mb("VmRSS");
        if (static_cast<double>(progress.elapsed_nanos) < seconds * 1e8) early = resident;
        most = std::max(most, resident);
        return true;
    };
    const LoadOutcome run = run_load(setup);
    std::printf("[ soak     ] %.0f s at 10,000/s: %.1f MB after a tenth of it, %.1f MB at most; done %llu of %llu\n",
                seconds, early, most, static_cast<unsigned long long>(run.totals().done()),
                static_cast<unsigned long long>(run.totals().planned));
    EXPECT_EQ(run.totals().planned, static_cast<std::uint64_t>(10'000 * seconds));
    EXPECT_EQ(run.totals().done(), run.totals().planned);
    // A day of seconds has to stay below 200 MB: 2.3 kB each.
    EXPECT_LE(most - early, 1 + seconds * 0.0023);
    EXPECT_LE(most, 60);
}

}  // namespace
}  // namespace streamgauge::test
