// SPDX-License-Identifier: GPL-3.0-or-later
// Waiting with a deadline, and where the built programs are.
#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace streamgauge::test {

// Asks again and again until it is so; false after the deadline.
inline bool eventually(const std::function<bool()>& so, std::chrono::seconds deadline = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!so()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

// <build>/bin/<name>
inline std::filesystem::path built_program(const std::string& name) {
    const char* bin = std::getenv("STREAMGAUGE_BUILD_BIN");
    return std::filesystem::path(bin != nullptr ? bin : "bin") / name;
}

// <build>/tests/<name>: programs that only tests use.
inline std::filesystem::path test_program(const std::string& name) {
    return built_program("").parent_path().parent_path() / "tests" / name;
}

}  // namespace streamgauge::test
