// SPDX-License-Identifier: GPL-3.0-or-later
// Where the built programs are, and waiting for what they do.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "support/eventually.h"

namespace streamgauge::test {

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
