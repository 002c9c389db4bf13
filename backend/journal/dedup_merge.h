// SPDX-License-Identifier: GPL-3.0-or-later
// Makes one file of event ids out of neighbouring ones, a piece at a time, so that whoever shares the thread need not
// wait for all of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "journal/dedup_run.h"

namespace streamgauge {

// Ids that are past the horizon, and all but the newest of one id, are left out. One thread at a time.
class DedupMerge {
public:
    struct Options {
        std::string directory, vfs;
        DedupSecret secret{};
        std::int64_t horizon_micros = 0;
        Timestamp newest;  // ids received longer before it than the horizon are left out
    };
    // `runs`: in order, without a gap between them. They may be read elsewhere meanwhile.
    DedupMerge(Options options, std::vector<std::shared_ptr<const DedupRun>> runs)
        : options_(std::move(options)), runs_(std::move(runs)) {}
    // Removes the file that was begun, unless it was finished.
    ~DedupMerge();
    DedupMerge(const DedupMerge&) = delete;
    DedupMerge& operator=(const DedupMerge&) = delete;

    // Goes on by about `entries`. The merged file when that was the last piece, nullptr otherwise; not to be called
    // again after an error.
    Result<std::shared_ptr<const DedupRun>> advance(std::size_t entries);

private:
    Status begin();
    Status next(std::size_t input);

    const Options options_;
    const std::vector<std::shared_ptr<const DedupRun>> runs_;
    std::string path_;
    std::vector<DedupRunCursor> cursors_;
    std::vector<std::optional<DedupEntry>> heads_;  // of each cursor
    std::optional<DedupRunBuilder> builder_;
    bool begun_ = false, finished_ = false;
};

}  // namespace streamgauge
