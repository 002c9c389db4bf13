// SPDX-License-Identifier: GPL-3.0-or-later
// The server that baseline_test kills: a whole backend whose wall clock stands at noon of a day that is told to it.
// Arguments: data directory, days since 2026-01-31. Line on standard output: address and a token; it stops in order
// when its standard input is closed.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "server/backend.h"
#include "server/days_clock.h"

int main(int argc, char** argv) {
    using namespace streamgauge;
    if (argc != 3) return 2;
    test::DaysClock clock;
    clock.set(std::atoi(argv[2]));
    const auto backend = Backend::start(test::retaining_config(argv[1]), clock);
    if (!backend.ok()) return 1;
    const std::string line = http::to_string((*backend)->listening().front()) + " " +
                             (*backend)->services().access.console_login().token + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return 1;
    char ignored = 0;
    while (read(STDIN_FILENO, &ignored, 1) > 0) {
    }
    (*backend)->stop();
    return 0;
}
