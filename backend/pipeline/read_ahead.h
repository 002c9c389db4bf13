// SPDX-License-Identifier: GPL-3.0-or-later
// A thread that reads the journal ahead of a pipeline that is far behind, so that reading and aggregating go on side by
// side.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "journal/journal.h"

namespace streamgauge {

// start(), next() and stop() are for one thread.
class ReadAhead {
public:
    // `most_events` in a run.
    ReadAhead(Journal& journal, std::size_t most_events);
    ~ReadAhead();  // stop()

    void start(Offset from);
    bool running() const { return thread_.joinable(); }
    // What Journal::read() gives at `from`. Waits for it. What was read is thrown away when it begins anywhere else.
    Result<std::shared_ptr<const CommittedBatch>> next(Offset from);
    void stop();

private:
    using Run = Result<std::shared_ptr<const CommittedBatch>>;
    void run(Offset from);

    Journal& journal_;
    const std::size_t most_events_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Run> runs_;   // guarded by mutex_
    bool finished_ = false;  // guarded by mutex_; after the end of the log, or an error, which is the last of runs_
    bool stopping_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace streamgauge
