// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/answer_cache.h"

#include <algorithm>

namespace streamgauge::query {
namespace {

// Ascending, each once.
void settle(std::vector<std::int64_t>& windows) {
    std::sort(windows.begin(), windows.end());
    windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
}

// Rows of a window often follow each other.
void note(std::vector<std::int64_t>& windows, std::int64_t window) {
    constexpr std::size_t kSettleAt = 4'096;
    if (!windows.empty() && windows.back() == window) return;
    windows.push_back(window);
    if (windows.size() % kSettleAt == 0) settle(windows);
}

}  // namespace

AnswerCache::Computation::Computation(AnswerCache& cache, MetricId metric) : cache_(cache), metric_(metric) {
    const std::lock_guard lock(cache_.mutex_);
    cache_.computations_.push_back(this);
}

AnswerCache::Computation::~Computation() {
    const std::lock_guard lock(cache_.mutex_);
    std::erase(cache_.computations_, this);
}

AnswerPtr AnswerCache::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
        ++misses_;
        return nullptr;
    }
    ++hits_;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->answer;
}

bool AnswerCache::touches(const Change& change, const std::vector<Piece>& pieces) {
    if (change.everything) return true;
    return std::any_of(pieces.begin(), pieces.end(), [&change](const Piece& piece) {
        if (piece.tier != change.tier) return false;
        const auto first = std::lower_bound(change.windows.begin(), change.windows.end(), piece.from);
        return first != change.windows.end() && *first < piece.to;
    });
}

void AnswerCache::put(const Computation& computation, const std::string& key, const Plan& plan, AnswerPtr answer) {
    Entry entry;
    entry.key = key;
    entry.metric = computation.metric_;
    entry.pieces = plan.now.pieces;
    if (plan.before) entry.pieces.insert(entry.pieces.end(), plan.before->pieces.begin(), plan.before->pieces.end());
    entry.bytes = answer->memory_bytes() + 2 * key.size() + entry.pieces.size() * sizeof(Piece) + sizeof(Entry);
    entry.answer = std::move(answer);
    const std::lock_guard lock(mutex_);
    if (entry.bytes > max_bytes_ / 4) return;
    for (const Change& change : computation.changes_)
        if (touches(change, entry.pieces)) return;
    if (const auto found = by_key_.find(key); found != by_key_.end()) erase(found->second);
    bytes_ += entry.bytes;
    ++entries_of_[entry.metric];
    entries_.push_front(std::move(entry));
    by_key_[key] = entries_.begin();
    while (bytes_ > max_bytes_) erase(std::prev(entries_.end()));
}

void AnswerCache::erase(Entries::iterator entry) {
    bytes_ -= entry->bytes;
    const auto count = entries_of_.find(entry->metric);
    if (--count->second == 0) entries_of_.erase(count);
    by_key_.erase(entry->key);
    entries_.erase(entry);
}

void AnswerCache::hold(const Cursor& cursor, AnswerPtr answer) {
    const HeldKey key{cursor.question, cursor.digest};
    const std::size_t bytes = answer->memory_bytes();
    const std::lock_guard lock(mutex_);
    if (bytes > max_bytes_ / 2) return;
    const auto found = std::find_if(held_.begin(), held_.end(), [&key](const Held& one) { return one.key == key; });
    if (found != held_.end()) return held_.splice(held_.begin(), held_, found);
    held_.push_front({key, std::move(answer), bytes});
    held_bytes_ += bytes;
    while (held_bytes_ > max_bytes_) {
        held_bytes_ -= held_.back().bytes;
        held_.pop_back();
    }
}

AnswerPtr AnswerCache::held(const Cursor& cursor) {
    const HeldKey key{cursor.question, cursor.digest};
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(held_.begin(), held_.end(), [&key](const Held& one) { return one.key == key; });
    if (found == held_.end()) return nullptr;
    held_.splice(held_.begin(), held_, found);
    return found->answer;
}

bool AnswerCache::watched(MetricId metric) const {
    return entries_of_.contains(metric) || std::any_of(computations_.begin(), computations_.end(),
                                                       [metric](const auto* one) { return one->metric_ == metric; });
}

void AnswerCache::changed(MetricId metric, const Change& change) {
    for (Computation* computation : computations_)
        if (computation->metric_ == metric) computation->changes_.push_back(change);
    if (!entries_of_.contains(metric)) return;
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const auto next = std::next(entry);
        if (entry->metric == metric && touches(change, entry->pieces)) {
            ++invalidated_;
            erase(entry);
        }
        entry = next;
    }
}

void AnswerCache::changed(const ResultChanges& changes) {
    for (const CellTable& table : changes.cells) {
        if (table.empty() || !watched(table.metric())) continue;
        Change change{table.tier(), {}, false};
        for (std::size_t i = 0; i < table.size(); ++i) note(change.windows, table[i].window);
        settle(change.windows);
        changed(table.metric(), change);
    }
    for (const MetricSets& sets : changes.sets) {
        if (!watched(sets.metric)) continue;
        std::map<std::uint8_t, Change> by_tier;
        for (const SetWrite& write : sets.writes) note(by_tier[write.tier].windows, write.window);
        for (auto& [tier, change] : by_tier) {
            change.tier = tier;
            settle(change.windows);
            changed(sets.metric, change);
        }
    }
    // What expires of levels goes on in the one at kNoWindow: no level changes.
    for (const TierExpiry& expiry : changes.expired) {
        if (expiry.aggregate == Aggregate::Gauge) continue;
        for (auto entry = entries_.begin(); entry != entries_.end();) {
            const auto next = std::next(entry);
            const auto gone = [&expiry](const Piece& piece) {
                return piece.tier == expiry.tier && piece.from < expiry.before;
            };
            if (entry->metric == expiry.metric && std::any_of(entry->pieces.begin(), entry->pieces.end(), gone)) {
                ++invalidated_;
                erase(entry);
            }
            entry = next;
        }
        // An answer under way may have read the windows half gone: it is not kept.
        for (Computation* computation : computations_)
            if (computation->metric_ == expiry.metric) computation->changes_.push_back({0, {}, true});
    }
}

void AnswerCache::committed(const ResultCommit& commit) {
    const std::lock_guard lock(mutex_);
    for (const MetricId metric : commit.dropped) changed(metric, {0, {}, true});
    for (const Adoption& adoption : commit.adopted) changed(adoption.metric, {0, {}, true});
    changed(commit.changes);
    as_of_ = commit.state.watermark;
}

std::optional<Timestamp> AnswerCache::as_of() const {
    const std::lock_guard lock(mutex_);
    return as_of_;
}

void AnswerCache::committed(const BackfillCommit& commit) {
    const std::lock_guard lock(mutex_);
    changed(commit.metric, {0, {}, true});
}

CacheFigures AnswerCache::figures() const {
    const std::lock_guard lock(mutex_);
    return {hits_, misses_, invalidated_, entries_.size(), bytes_ + held_bytes_};
}

}  // namespace streamgauge::query
