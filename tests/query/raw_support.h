// SPDX-License-Identifier: GPL-3.0-or-later
// Random logs in real journals of many small files, for questions over stored events.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "journal/journal_support.h"
#include "journal/sqlite_support.h"
#include "metrics/event_view.h"
#include "metrics/oracle.h"
#include "metrics/random_log.h"

namespace streamgauge::test {

// A journal with these events at offsets 1, 2, 3, ... None may repeat an id within 48 hours.
class LogJournal {
public:
    explicit LogJournal(const std::vector<oracle::Event>& log, std::uint64_t span_bytes = 60'000) {
        SqliteJournalOptions options = options_in(directory_);
        options.synchronous_full = false;
        options.span_bytes = span_bytes;
        journal_ = open_journal(options);
        for (std::size_t i = 0; i < log.size();) {
            EventBatch batch(log[i].project);
            for (; i < log.size() && log[i].project == batch.project() && batch.size() < 200; ++i)
                batch.add(view_of(log[i]));
            EXPECT_TRUE(append_batch(*journal_, std::move(batch)).ok());
        }
        EXPECT_EQ(journal_->end(), log.size() + 1);
    }
    Journal& operator*() { return *journal_; }

private:
    ScratchDirectory directory_;
    std::unique_ptr<Journal> journal_;
};

inline std::int64_t time_of(const oracle::Event& e, TimeBasis basis) {
    return basis == TimeBasis::Activity ? std::min(e.occurred_at, e.received_at) : e.occurred_at;
}

inline bool in_project(const oracle::Event& e, const std::string& project) {
    return project.empty() ? e.project != "_system" : e.project == project;
}

inline Filter filter_of(FilterNode tree) {
    auto filter = Filter::from_tree(std::move(tree));
    EXPECT_TRUE(filter.ok());
    return filter.ok() ? std::move(filter).value() : Filter{};
}

}  // namespace streamgauge::test
