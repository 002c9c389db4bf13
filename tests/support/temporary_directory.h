// SPDX-License-Identifier: GPL-3.0-or-later
// A directory that is there as long as its object.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace streamgauge::test {

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "streamgauge-test-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    std::filesystem::path path;
};

}  // namespace streamgauge::test
