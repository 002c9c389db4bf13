// SPDX-License-Identifier: GPL-3.0-or-later
// Which spans there are: their first offsets, ascending.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "journal/vfs_file.h"

namespace streamgauge {

// Thread-safe.
class SpanList {
public:
    // `first` is behind all others.
    void add(Offset first) {
        const std::lock_guard lock(mutex_);
        firsts_.push_back(first);
    }
    // Never the newest.
    void remove_oldest() {
        const std::lock_guard lock(mutex_);
        if (firsts_.size() > 1) firsts_.erase(firsts_.begin());
    }
    Offset begin() const {
        const std::lock_guard lock(mutex_);
        return firsts_.empty() ? 1 : firsts_.front();
    }
    // The first offset of the span that holds `offset`; of the oldest when it is before all of them.
    Offset span_of(Offset offset) const {
        const std::lock_guard lock(mutex_);
        const auto after = std::upper_bound(firsts_.begin(), firsts_.end(), offset);
        return after == firsts_.begin() ? (firsts_.empty() ? 1 : firsts_.front()) : *std::prev(after);
    }
    // The offset behind the span that starts at `first`; `log_end` for the newest.
    Offset end_of(Offset first, Offset log_end) const {
        const std::lock_guard lock(mutex_);
        const auto after = std::upper_bound(firsts_.begin(), firsts_.end(), first);
        return after == firsts_.end() ? log_end : *after;
    }
    std::vector<Offset> all() const {
        const std::lock_guard lock(mutex_);
        return firsts_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<Offset> firsts_;
};

// Removes a span's files. The database goes first: what is left of a log without it is never looked at again.
inline Status remove_span(const std::string& path, const std::string& vfs) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"})
        if (Status s = VfsFile::remove(path + suffix, vfs); !s.ok()) return s;
    return {};
}

}  // namespace streamgauge
