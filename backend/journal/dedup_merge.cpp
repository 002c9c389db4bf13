// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/dedup_merge.h"

namespace streamgauge {

DedupMerge::~DedupMerge() {
    if (!begun_ || finished_) return;
    builder_.reset();
    (void)VfsFile::remove(path_, options_.vfs);
}

Status DedupMerge::next(std::size_t input) {
    const auto entry = cursors_[input].next();
    if (!entry.ok()) return entry.error();
    heads_[input] = *entry == nullptr ? std::nullopt : std::optional(**entry);
    return {};
}

Status DedupMerge::begin() {
    std::uint64_t most = 0;
    for (const auto& run : runs_) {
        // Opened again: the writer goes on reading the others meanwhile.
        auto opened = DedupRun::open(run->path(), options_.vfs, options_.secret, DedupRun::For::EntriesOnly);
        if (!opened.ok()) return opened.error();
        most += (*opened)->entries();
        cursors_.emplace_back(std::move(opened).value());
        heads_.emplace_back();
        if (Status s = next(heads_.size() - 1); !s.ok()) return s;
    }
    const Offset first = runs_.front()->first(), end = runs_.back()->end();
    path_ = options_.directory + "/" + DedupRun::name(first, end);
    begun_ = true;
    auto builder =
        DedupRunBuilder::start(path_, options_.vfs, options_.secret, first, end, runs_.back()->newest(), most);
    if (!builder.ok()) return builder.error();
    builder_.emplace(std::move(builder).value());
    return {};
}

Result<std::shared_ptr<const DedupRun>> DedupMerge::advance(std::size_t entries) {
    if (!begun_) {
        if (Status s = begin(); !s.ok()) return s.error();
    }
    for (; entries > 0; --entries) {
        std::optional<DedupEntry> least;
        for (const auto& head : heads_)
            if (head &&
                (!least || head->hash < least->hash || (head->hash == least->hash && head->offset > least->offset)))
                least = head;
        if (!least) {
            auto run = builder_->finish();
            if (!run.ok()) return run.error();
            finished_ = true;
            return std::shared_ptr<const DedupRun>(std::move(run).value());
        }
        if (options_.newest.micros - least->received_at.micros <= options_.horizon_micros)
            if (Status s = builder_->add(*least); !s.ok()) return s.error();
        for (std::size_t i = 0; i < heads_.size(); ++i)
            if (heads_[i] && heads_[i]->hash == least->hash)
                if (Status s = next(i); !s.ok()) return s.error();
    }
    return std::shared_ptr<const DedupRun>();
}

}  // namespace streamgauge
