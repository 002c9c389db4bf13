// SPDX-License-Identifier: GPL-3.0-or-later
// A target whose response times are known: queue_server <mean service in microseconds>. One request after the other,
// exponential service times, the same ones after each start. Prints its URL and serves until its input ends.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "loadgen/queue_setup.h"
#include "support/fifo_server.h"

int main(int argc, char** argv) {
    const long mean = argc == 2 ? std::atol(argv[1]) : 0;
    if (mean < 1) {
        std::fputs("usage: queue_server <mean service in microseconds>\n", stderr);
        return 2;
    }
    const streamgauge::test::FifoServer server([mean](std::uint64_t number) {
        return streamgauge::test::service_time(number, std::chrono::microseconds(mean), true);
    });
    std::printf("%s\n", server.url().c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    return 0;
}
