// SPDX-License-Identifier: GPL-3.0-or-later
// Says when retention may remove a span of the journal: when every metric has it, and the baseline, too.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "journal/seal.h"
#include "metrics/definition.h"
#include "store/result_store.h"

namespace streamgauge {

// Thread-safe.
class SpanRelease {
public:
    // `directory`: of the data; the baseline's files are in it.
    explicit SpanRelease(std::string directory) : directory_(std::move(directory)) {}

    // Until then nothing may go. `definitions` is called on the journal's thread.
    void attach(ResultStore& store, std::function<Result<std::vector<MetricDefinition>>()> definitions);
    // Nothing may go any more. Returns when nothing is under way; call it before the store is closed.
    void stop();

    // For SqliteJournalOptions::before_unlink. Unavailable while something still needs the span. Takes as long as
    // aggregating it takes.
    Status before_unlink(const Seal& seal);

private:
    const std::string directory_;
    std::mutex mutex_;  // held while a span is taken in
    ResultStore* store_ = nullptr;
    std::function<Result<std::vector<MetricDefinition>>()> definitions_;
    std::atomic<bool> stopping_{false};
    bool told_ = false;  // that there is no baseline
};

}  // namespace streamgauge
