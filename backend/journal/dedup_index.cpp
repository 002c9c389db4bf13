// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/dedup_index.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "journal/dedup_merge.h"

namespace streamgauge {
namespace {

constexpr std::ptrdiff_t kMergeRuns = 4;
constexpr unsigned kLargestMerge = 2;         // size class of what is still merged: at the default up to 45 million ids
constexpr Offset kPiece = 100'000;            // events read between two looks at how full the table is
constexpr std::size_t kMergePiece = 200'000;  // ids: some 30 ms

}  // namespace

DedupIndex::DedupIndex(DedupOptions options, Background& background)
    : options_(std::move(options)), background_(background), newest_{0} {}

bool DedupIndex::expired(Timestamp first, std::optional<Timestamp> again) const {
    return again && again->micros - first.micros > options_.horizon_micros;
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
        if (run->forgotten()) {
            if (forgotten_.end == 0) forgotten_.first = run->first();
            forgotten_.end = run->end();
            forgotten_.newest = std::max(forgotten_.newest, run->newest());
            continue;
        }
        runs_.push_back(std::move(run));
    }
}

Status DedupIndex::load(Offset from, Offset end, Source source) {
    source_ = std::move(source);
    open_files();
    // What lies beyond the end was written for events that were never committed; it cannot be, but must not count.
    std::erase_if(runs_, [&](const auto& run) {
        if (run->end() <= end) return false;
        (void)VfsFile::remove(run->path(), options_.vfs);
        return true;
    });
    for (const auto& run : runs_) newest_ = std::max(newest_, run->newest());
    newest_ = std::max(newest_, forgotten_.newest);
    std::vector<std::pair<Offset, Offset>> gaps;
    Offset at = std::max(from, std::min(forgotten_.end, end));
    for (const auto& run : runs_) {
        if (run->first() > at) gaps.emplace_back(at, run->first());
        at = std::max(at, run->end());
    }
    for (const auto& [first, last] : gaps)
        if (Status s = read_range(first, last, false); !s.ok()) return s;
    return read_range(at, end, true);
}

// Into the table. What fills it is written at once, and so is a range before other files: the table covers the tail
// alone.
Status DedupIndex::read_range(Offset first, Offset last, bool tail) {
    const auto add = [&](Offset offset, Timestamp received_at, const std::optional<DedupHash>& hash) {
        newest_ = std::max(newest_, received_at);
        if (hash) (void)active_.put({*hash, offset, received_at});
        return Status();
    };
    active_first_ = first;
    for (Offset piece = first; piece < last;) {
        const Offset piece_end = std::min(piece + kPiece, last);
        if (Status s = source_(piece, piece_end, add); !s.ok()) return s;
        piece = piece_end;
        if (!is_full(piece) && (tail || piece < last)) continue;
        auto run = write(freeze(piece));
        if (!run.ok()) return run.error();
        add_run(std::move(run).value());
        keep_within_bounds();
    }
    return {};
}

// The writer waits for it: rare, and a repeat that is taken for new could never be undone.
Status DedupIndex::make_again(std::shared_ptr<const DedupRun> damaged) {
    log::warning("dedup_file_damaged", "an index of event ids is made again from the journal",
                 {{"file", damaged->path()}});
    std::erase(runs_, damaged);
    if (Status s = VfsFile::remove(damaged->path(), options_.vfs); !s.ok()) return s;
    DedupTable table;
    std::swap(active_, table);
    const Offset first = std::exchange(active_first_, damaged->first());
    Status status = read_range(damaged->first(), damaged->end(), false);
    active_ = std::move(table);
    active_first_ = first;
    if (!status.ok()) runs_.insert(runs_.begin(), std::move(damaged));  // fails again, and is tried again
    return status;
}

bool DedupIndex::is_full(Offset end) const {
    return active_.size() >= options_.memory_entries || end - active_first_ >= options_.memory_offsets;
}

Result<std::optional<Offset>> DedupIndex::find_or_add(const DedupHash& hash, Offset offset, Timestamp received_at) {
    auto known = look_up(hash, received_at);
    if (known.ok() && !*known) changes_.push_back({hash, active_.put({hash, offset, received_at})});
    return known;
}

Result<std::optional<Offset>> DedupIndex::find(const DedupHash& hash) {
    return look_up(hash, std::nullopt);
}

Result<std::optional<Offset>> DedupIndex::look_up(const DedupHash& hash, std::optional<Timestamp> again) {
    const DedupEntry* here = active_.find(hash);
    if (here != nullptr && !expired(here->received_at, again)) return std::optional(here->offset);
    for (auto frozen = frozen_.rbegin(); frozen != frozen_.rend(); ++frozen)
        if (const DedupEntry* e = frozen->table->find(hash); e != nullptr && !expired(e->received_at, again))
            return std::optional(e->offset);
    const auto in_files = find_in_files(hash, again);
    if (!in_files.ok()) return in_files.error();
    if (*in_files) return std::optional((*in_files)->offset);
    return std::optional<Offset>{};
}

Result<std::optional<DedupEntry>> DedupIndex::find_in_files(const DedupHash& hash, std::optional<Timestamp> again) {
    for (std::size_t i = runs_.size(); i-- > 0;) {
        const std::shared_ptr<const DedupRun> run = runs_[i];
        auto found = run->find(hash);
        if (found.ok()) {
            if (*found && !expired((*found)->received_at, again)) return found;
            continue;
        }
        if (found.error().code != ErrorCode::Corrupt) return found;
        if (Status s = make_again(run); !s.ok()) return s.error();
        i = runs_.size();  // from the start: there may be more files now
    }
    return std::optional<DedupEntry>{};
}

void DedupIndex::commit(Offset end, Timestamp newest) {
    changes_.clear();
    newest_ = std::max(newest_, newest);
    take_written();
    take_merged();
    if (is_full(end)) {
        frozen_.push_back(freeze(end));
        write_frozen();
    }
    drop_expired();
    keep_within_bounds();
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
    const std::vector<DedupEntry> sorted = frozen.table->sorted();
    const auto build = [&]() -> Result<std::shared_ptr<DedupRun>> {
        auto builder = DedupRunBuilder::start(path, options_.vfs, options_.secret, frozen.first, frozen.end,
                                              frozen.newest, sorted.size());
        if (!builder.ok()) return builder.error();
        for (const DedupEntry& entry : sorted)
            if (Status s = builder->add(entry); !s.ok()) return s.error();
        return builder->finish();
    };
    auto run = build();
    if (run.ok()) return std::shared_ptr<const DedupRun>(std::move(run).value());
    (void)VfsFile::remove(path, options_.vfs);
    return run.error();
}

// Files are merged by size classes, as log-structured merge trees do, so that an id is looked for in few of them.
void DedupIndex::merge_if_due() {
    if (merging_ || runs_.size() < kMergeRuns) return;
    const auto size_class = [&](const auto& run) {
        unsigned level = 0;
        for (std::uint64_t size = run->entries() / kMergeRuns; size >= options_.memory_entries / 2; size /= kMergeRuns)
            ++level;
        return level;
    };
    for (std::size_t i = runs_.size() - kMergeRuns + 1; i-- > 0;) {
        const auto from = runs_.begin() + static_cast<std::ptrdiff_t>(i);
        const unsigned level = size_class(*from);
        bool adjacent = true;  // otherwise what lies between, not written yet, would seem to be covered
        for (auto run = from; run + 1 != from + kMergeRuns; ++run)
            adjacent = adjacent && (*run)->end() >= (*(run + 1))->first();
        if (!adjacent || level > kLargestMerge ||
            !std::all_of(from, from + kMergeRuns, [&](const auto& r) { return size_class(r) == level; }))
            continue;
        std::uint64_t bytes = 0;
        for (auto run = from; run != from + kMergeRuns; ++run) bytes += (*run)->memory_bytes();
        // What is forgotten is forgotten by files: one of them must not be most of the horizon.
        if (options_.max_bytes != 0 && bytes > options_.max_bytes / kMergeRuns) continue;
        merging_ = true;
        merging_first_ = (*from)->first();
        merging_bytes_ = bytes;
        DedupMerge::Options merge{options_.directory, options_.vfs, options_.secret, options_.horizon_micros, newest_};
        go_on_merging(std::make_shared<DedupMerge>(std::move(merge), std::vector(from, from + kMergeRuns)));
        return;
    }
}

// Piece by piece: between two of them tables are written that would pile up in memory otherwise, and a stop is heard.
void DedupIndex::go_on_merging(std::shared_ptr<DedupMerge> merge) {
    background_.post([this, merge = std::move(merge)] {
        auto merged = merge->advance(kMergePiece);
        if (merged.ok() && *merged == nullptr) return go_on_merging(merge);
        if (!merged.ok())
            log::warning("dedup_merge_failed", "indexes of event ids stay as they are",
                         {{"error", merged.error().describe()}});
        const std::lock_guard lock(inbox_mutex_);
        merged_ = merged.ok() ? std::move(merged).value() : nullptr;
    });
}

void DedupIndex::take_merged() {
    if (!merging_) return;
    std::shared_ptr<const DedupRun> run;
    {
        const std::lock_guard lock(inbox_mutex_);
        if (!merged_) return;
        run = std::move(*merged_);
        merged_.reset();
    }
    merging_ = false;
    merging_bytes_ = 0;
    if (!run) return;
    std::erase_if(runs_, [&](const auto& old) {
        const bool inside = old->first() >= run->first() && old->end() <= run->end();
        if (inside) remove_file(old);
        return inside;
    });
    add_run(std::move(run));
}

void DedupIndex::remove_file(const std::shared_ptr<const DedupRun>& run) {
    background_.post([run, vfs = options_.vfs] { (void)VfsFile::remove(run->path(), vfs); });
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
    merge_if_due();
}

void DedupIndex::add_run(std::shared_ptr<const DedupRun> run) {
    const auto place = std::upper_bound(runs_.begin(), runs_.end(), run,
                                        [](const auto& a, const auto& b) { return a->first() < b->first(); });
    runs_.insert(place, std::move(run));
}

void DedupIndex::drop_expired() {
    while (!runs_.empty() && expired(runs_.front()->newest(), newest_)) {
        remove_file(runs_.front());
        runs_.erase(runs_.begin());
    }
    if (forgotten_.end != 0 && expired(forgotten_.newest, newest_)) {
        background_.post([path = options_.directory + "/" + DedupRun::name(forgotten_.first, forgotten_.end),
                          vfs = options_.vfs] { (void)VfsFile::remove(path, vfs); });
        forgotten_ = {};
    }
}

// While the oldest file is being merged there may be a little more than the bound for a moment.
void DedupIndex::keep_within_bounds() {
    if (options_.max_bytes == 0) return;
    while (!runs_.empty() && memory_bytes() > options_.max_bytes &&
           !(merging_ && runs_.front()->first() == merging_first_)) {
        forget_oldest();
    }
}

void DedupIndex::forget_oldest() {
    const std::shared_ptr<const DedupRun> run = runs_.front();
    runs_.erase(runs_.begin());
    const Forgotten before = forgotten_;
    if (forgotten_.end == 0) forgotten_.first = run->first();
    forgotten_.end = run->end();
    forgotten_.newest = std::max(forgotten_.newest, run->newest());
    log::warning("dedup_horizon_shortened",
                 "the index of event ids has as much memory as it may: repeats older than this are taken for new",
                 {{"horizon_seconds", std::to_string(known_micros() / Timestamp::kMicrosPerSecond)},
                  {"setting", "dedup.max_bytes"}});
    background_.post([this, run, before, now = forgotten_] {
        const auto path_of = [this](const Forgotten& range) {
            return options_.directory + "/" + DedupRun::name(range.first, range.end);
        };
        const auto write_mark = [&]() -> Status {
            auto builder =
                DedupRunBuilder::start(path_of(now), options_.vfs, options_.secret, now.first, now.end, now.newest, 0);
            if (!builder.ok()) return builder.error();
            builder->mark_forgotten();
            const auto written = builder->finish();
            return written.ok() ? Status() : Status(written.error());
        };
        // The files stay until the mark is there: without both a restart would read all of it again.
        if (Status s = write_mark(); !s.ok()) {
            log::warning("dedup_mark_failed", "a restart will read ids again that are forgotten now",
                         {{"error", s.error().describe()}});
            (void)VfsFile::remove(path_of(now), options_.vfs);
            return;
        }
        if (run->path() != path_of(now)) (void)VfsFile::remove(run->path(), options_.vfs);
        if (before.end != 0) (void)VfsFile::remove(path_of(before), options_.vfs);
    });
}

std::int64_t DedupIndex::known_micros() const {
    if (forgotten_.end == 0) return options_.horizon_micros;
    return std::clamp<std::int64_t>(newest_.micros - forgotten_.newest.micros, 0, options_.horizon_micros);
}

std::uint64_t DedupIndex::memory_bytes() const {
    std::uint64_t bytes = active_.memory_bytes() + merging_bytes_;
    for (const Frozen& frozen : frozen_) bytes += frozen.table->memory_bytes();
    for (const auto& run : runs_) bytes += run->memory_bytes();
    return bytes;
}

std::size_t DedupIndex::entries_in_memory() const {
    std::size_t entries = active_.size();
    for (const Frozen& frozen : frozen_) entries += frozen.table->size();
    return entries;
}

}  // namespace streamgauge
