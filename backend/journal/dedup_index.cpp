// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/dedup_index.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"

namespace streamgauge {
namespace {

constexpr Offset kPiece = 100'000;  // events read between two looks at how full the table is

}  // namespace

DedupIndex::DedupIndex(DedupOptions options, Background& background)
    : options_(std::move(options)), background_(background), newest_{0} {}

bool DedupIndex::expired(Timestamp first, Timestamp again) const {
    return again.micros - first.micros > options_.horizon_micros;
}

// Files that are damaged, or cover nothing that a longer one does not, are removed.
void DedupIndex::open_files() {
    std::error_code ignored;
    std::vector<std::shared_ptr<DedupRun>> found;
    for (const auto& file : std::filesystem::directory_iterator(options_.directory, ignored)) {
        const std::string name = file.path().filename().string();
        if (!DedupRun::is_name(name)) continue;
        const std::string path = options_.directory + "/" + name;
        auto run = DedupRun::open(path, options_.vfs, options_.secret);
        if (run.ok()) {
            found.push_back(std::move(run).value());
            continue;
        }
        log::warning("dedup_file_dropped", "an index of event ids is damaged and is made again",
                     {{"file", name}, {"error", run.error().describe()}});
        (void)VfsFile::remove(path, options_.vfs);
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a->first() != b->first() ? a->first() < b->first() : a->end() > b->end();
    });
    Offset covered = 0;
    for (auto& run : found) {
        if (run->end() <= covered) {
            (void)VfsFile::remove(run->path(), options_.vfs);
            continue;
        }
        covered = run->end();
        runs_.push_back(std::move(run));
    }
}

Status DedupIndex::load(Offset from, Offset end, const Source& source) {
    open_files();
    // What lies beyond the end was written for events that were never committed; it cannot be, but must not count.
    std::erase_if(runs_, [&](const auto& run) {
        if (run->end() <= end) return false;
        (void)VfsFile::remove(run->path(), options_.vfs);
        return true;
    });
    for (const auto& run : runs_) newest_ = std::max(newest_, run->newest());
    std::vector<std::pair<Offset, Offset>> gaps;
    Offset at = from;
    for (const auto& run : runs_) {
        if (run->first() > at) gaps.emplace_back(at, run->first());
        at = std::max(at, run->end());
    }
    const auto add = [&](Offset offset, Timestamp received_at, const std::optional<DedupHash>& hash) {
        newest_ = std::max(newest_, received_at);
        if (hash) (void)active_.put({*hash, offset, received_at});
        return Status();
    };
    // What fills the table is written at once, and so is a gap before other files: the table covers the tail alone.
    const auto read_piece = [&](Offset first, Offset last, bool tail) {
        active_first_ = first;
        for (Offset piece = first; piece < last;) {
            const Offset piece_end = std::min(piece + kPiece, last);
            if (Status s = source(piece, piece_end, add); !s.ok()) return s;
            piece = piece_end;
            if (!is_full(piece) && (tail || piece < last)) continue;
            auto run = write(freeze(piece));
            if (!run.ok()) return Status(run.error());
            add_run(std::move(run).value());
        }
        return Status();
    };
    for (const auto& [first, last] : gaps)
        if (Status s = read_piece(first, last, false); !s.ok()) return s;
    return read_piece(at, end, true);
}

bool DedupIndex::is_full(Offset end) const {
    return active_.size() >= options_.memory_entries || end - active_first_ >= options_.memory_offsets;
}

Result<std::optional<Offset>> DedupIndex::find_or_add(const DedupHash& hash, Offset offset, Timestamp received_at) {
    const DedupEntry* here = active_.find(hash);
    if (here != nullptr && !expired(here->received_at, received_at)) return std::optional(here->offset);
    for (auto frozen = frozen_.rbegin(); frozen != frozen_.rend(); ++frozen)
        if (const DedupEntry* e = frozen->table->find(hash); e != nullptr && !expired(e->received_at, received_at))
            return std::optional(e->offset);
    for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
        const auto found = (*run)->find(hash);
        if (!found.ok()) return found.error();
        if (*found && !expired((*found)->received_at, received_at)) return std::optional((*found)->offset);
    }
    changes_.push_back({hash, active_.put({hash, offset, received_at})});
    return std::optional<Offset>{};
}

void DedupIndex::commit(Offset end, Timestamp newest) {
    changes_.clear();
    newest_ = std::max(newest_, newest);
    take_written();
    if (is_full(end)) {
        frozen_.push_back(freeze(end));
        write_frozen();
    }
    drop_expired();
}

void DedupIndex::rollback() {
    for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
        if (change->before)
            (void)active_.put(*change->before);
        else
            active_.erase(change->hash);
    }
    changes_.clear();
}

DedupIndex::Frozen DedupIndex::freeze(Offset end) {
    Frozen frozen{std::make_shared<const DedupTable>(std::move(active_)), active_first_, end, newest_, false};
    active_ = DedupTable();
    active_first_ = end;
    return frozen;
}

Result<std::shared_ptr<const DedupRun>> DedupIndex::write(const Frozen& frozen) const {
    const std::string path = options_.directory + "/" + DedupRun::name(frozen.first, frozen.end);
    auto run = DedupRun::write(path, options_.vfs, options_.secret, frozen.first, frozen.end, frozen.newest,
                               frozen.table->sorted());
    if (run.ok()) return std::shared_ptr<const DedupRun>(std::move(run).value());
    (void)VfsFile::remove(path, options_.vfs);
    return run.error();
}

// Also those whose writing failed before.
void DedupIndex::write_frozen() {
    for (Frozen& frozen : frozen_) {
        if (frozen.queued) continue;
        frozen.queued = true;
        background_.post([this, frozen] {
            auto run = write(frozen);
            if (!run.ok())
                log::warning("dedup_file_failed", "an index of event ids stays in memory for now",
                             {{"error", run.error().describe()}});
            const std::lock_guard lock(inbox_mutex_);
            inbox_.emplace_back(frozen.first, run.ok() ? std::move(run).value() : nullptr);
        });
    }
}

void DedupIndex::take_written() {
    if (frozen_.empty()) return;
    std::vector<std::pair<Offset, std::shared_ptr<const DedupRun>>> written;
    {
        const std::lock_guard lock(inbox_mutex_);
        written.swap(inbox_);
    }
    for (auto& [first, run] : written) {
        const auto same = [f = first](const Frozen& x) { return x.first == f; };
        const auto frozen = std::find_if(frozen_.begin(), frozen_.end(), same);
        if (frozen == frozen_.end()) continue;
        if (!run) {
            frozen->queued = false;
            continue;
        }
        frozen_.erase(frozen);
        add_run(std::move(run));
    }
}

void DedupIndex::add_run(std::shared_ptr<const DedupRun> run) {
    const auto place = std::upper_bound(runs_.begin(), runs_.end(), run,
                                        [](const auto& a, const auto& b) { return a->first() < b->first(); });
    runs_.insert(place, std::move(run));
}

void DedupIndex::drop_expired() {
    while (!runs_.empty() && expired(runs_.front()->newest(), newest_)) {
        background_.post([run = runs_.front(), vfs = options_.vfs] { (void)VfsFile::remove(run->path(), vfs); });
        runs_.erase(runs_.begin());
    }
}

std::size_t DedupIndex::entries_in_memory() const {
    std::size_t entries = active_.size();
    for (const Frozen& frozen : frozen_) entries += frozen.table->size();
    return entries;
}

}  // namespace streamgauge
