// SPDX-License-Identifier: GPL-3.0-or-later
// A directory in a folder of its own, and the passwords' cheapest parameters: tests of rules do not wait for argon2id.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "auth/directory.h"
#include "auth/password.h"
#include "support/manual_clock.h"

namespace streamgauge::auth {

inline constexpr Timestamp kStart = Timestamp::from_seconds(1'700'000'000);
inline constexpr PasswordCost kCheap{1, 8 * 1024};
inline constexpr std::int64_t kSecond = Timestamp::kMicrosPerSecond;

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "streamgauge-auth-XXXXXX").string();
        path_ = mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }
    // The bytes of every file in it.
    std::string everything() const {
        std::ostringstream all;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
            if (entry.is_regular_file()) all << std::ifstream(entry.path(), std::ios::binary).rdbuf();
        }
        return all.str();
    }

private:
    std::string path_;
};

struct OpenDirectory {
    test::ManualClock clock{kStart};
    Folder folder;
    std::unique_ptr<Directory> directory = reopen();

    std::unique_ptr<Directory> reopen() {
        auto opened = Directory::open(folder.path(), clock);
        EXPECT_TRUE(opened.ok()) << opened.error().describe();
        return opened.ok() ? std::move(opened).value() : nullptr;
    }
    std::string hash(const std::string& password) { return hash_password(password, kCheap).value(); }
};

inline ApiKey wanted_key(std::string name, Permissions permissions, std::string project = "default") {
    ApiKey key;
    key.name = std::move(name);
    key.project = std::move(project);
    key.permissions = permissions;
    return key;
}

}  // namespace streamgauge::auth
