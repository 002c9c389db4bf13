// SPDX-License-Identifier: GPL-3.0-or-later
// A directory of its own for each test, and journals in it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "journal/sqlite_journal.h"

namespace streamgauge::test {

class ScratchDirectory {
public:
    ScratchDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "streamgauge-journal-XXXXXX").string();
        if (mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    const std::string& path() const { return path_; }
    std::size_t files(const std::string& ending) const {
        std::size_t count = 0;
        for (const auto& file : std::filesystem::directory_iterator(path_))
            if (file.path().string().ends_with(ending)) ++count;
        return count;
    }

private:
    std::string path_;
};

inline const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

// nullptr, and a failure of the test, when it does not open.
inline std::unique_ptr<Journal> open_journal(const SqliteJournalOptions& options, const Clock& clock = system_clock()) {
    auto journal = open_sqlite_journal(options, clock);
    if (!journal.ok()) {
        ADD_FAILURE() << journal.error().describe();
        return nullptr;
    }
    return std::move(journal).value();
}

inline SqliteJournalOptions options_in(const ScratchDirectory& directory) {
    SqliteJournalOptions options;
    options.directory = directory.path();
    options.retention_days = 0;
    options.retention_bytes = 0;
    return options;
}

}  // namespace streamgauge::test
