// SPDX-License-Identifier: GPL-3.0-or-later
// The load commands as a process: started, and waited for with what they say.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <string>
#include <vector>

#include "api/child_process.h"
#include "support/child_program.h"

namespace streamgauge::test {

struct Ended {
    int exit_code = -1;  // minus the signal that ended it
    std::string output, errors;
};

// `arguments`: with the subcommand.
inline api::ChildProcess start_load_program(std::vector<std::string> arguments,
                                            const std::string& program = test_program("streamgauge_load_program")) {
    arguments.insert(arguments.begin(), program);
    auto child = api::ChildProcess::start(arguments);
    EXPECT_TRUE(child.ok()) << (child ? Error() : child.error()).describe();
    return child ? std::move(child).value() : api::ChildProcess();
}

inline Ended wait(api::ChildProcess& child) {
    Ended ended;
    const auto over = [&] {
        const bool output = child.read_output(ended.output);
        const bool errors = child.read_error(ended.errors);
        return !output && !errors;
    };
    EXPECT_TRUE(eventually(over, std::chrono::seconds(60)));
    const int status = child.reap();
    ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return ended;
}

}  // namespace streamgauge::test
