// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/set_table.h"

#include <algorithm>
#include <deque>
#include <queue>
#include <tuple>
#include <unordered_map>

#include "metrics/decimal.h"
#include "metrics/distinct_values.h"
#include "metrics/hash.h"
#include "metrics/short_text.h"

namespace streamgauge {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
// What exact values and sketches take at most for each value of the budget, and room for late ones beside them.
constexpr std::size_t kMemoryPerValue = 64;
constexpr std::size_t kMemoryBeside = 64 * 1024 * 1024;
// The most that one value adds to SetState::exact_values().
constexpr std::uint64_t kDearestValue = 4 + kTopValueBytes / 16;

struct Window {
    std::uint8_t tier = 0;
    bool closed = false;
    bool partly_stored = false;  // states of it are in the store alone
    std::int64_t start = 0, end = 0, closes_at = 0;
    std::uint64_t mark = 0;     // what its states' hashes begin with
    std::uint64_t touched = 0;  // the larger, the later it was used
    // Of all its states, also those that are in the store alone; against the budget while it is open.
    std::uint64_t exact_values = 0, charged_bytes = 0;
    std::uint32_t first = kNone;  // of its states in memory
};

// A state and what it counts for.
struct Entry {
    std::uint64_t hash = 0;
    Window* window = nullptr;
    std::string group;
    std::optional<SetState> state;
    std::uint64_t exact_values = 0, charged_bytes = 0, late = 0;
    std::size_t memory = 0;
    std::uint32_t next = kNone;  // of the same window; of free ones
    bool dirty = false;
};

// Where the last event's tier went.
struct Cursor {
    std::int64_t start = 0, end = 0;  // empty
    Window* window = nullptr;
    std::uint32_t own = kNone;  // the last group's own state
    Entry* entry = nullptr;     // that one
    DistinctValues* distinct = nullptr;
    bool has(std::int64_t at) const { return start <= at && at < end; }
};

struct Closing {
    std::int64_t at;
    Window* window;
    bool operator>(const Closing& other) const { return at > other.at; }
};

}  // namespace

struct SetTable::Impl {
    Impl(const MetricDefinition& of, std::vector<Windows> by_tier, Load from, std::size_t limit)
        : metric(of.id),
          aggregate(of.aggregate),
          lateness(of.allowed_lateness_micros),
          grouped(!of.group_by.empty()),
          one_field(of.group_by.size() == 1),
          exact_budget(of.exact_budget),
          byte_budget(of.exact_budget * kSketchBytesPerValue),
          memory_limit(limit != 0 ? limit : of.exact_budget * kMemoryPerValue + kMemoryBeside),
          windows(std::move(by_tier)),
          load(std::move(from)),
          open(windows.size()),
          cursors(windows.size()),
          earlier(windows.size()) {
        for (std::size_t i = 0; i < windows.size(); ++i) retention.push_back(of.tiers[i].retention_micros);
    }

    // ---- windows ----------------------------------------------------------------------------------------------------
    Cursor& cursor_at(std::size_t tier, std::int64_t at) {
        Cursor& cursor = cursors[tier];
        if (!cursor.has(at)) {
            // Around the end of a window its events and those of the next one come by turns.
            std::swap(cursor, earlier[tier]);
            if (cursor.has(at)) return cursor;
            cursor.start = windows[tier].start_of(at);
            cursor.end = windows[tier].end_of(cursor.start);
            cursor.window = nullptr;
            cursor.own = kNone;
            cursor.distinct = nullptr;
        }
        return cursor;
    }
    bool kept(std::size_t tier, const Cursor& cursor, std::int64_t log_clock) const {
        return retention[tier] == 0 || saturating_add(cursor.end, retention[tier]) > log_clock;
    }
    Window& window_of(std::size_t tier, Cursor& cursor) {
        if (cursor.window == nullptr) {
            cursor.window = &window(static_cast<std::uint8_t>(tier), cursor.start, cursor.end);
            cursor.window->touched = ++touches;
        }
        return *cursor.window;
    }
    Window& window(std::uint8_t tier, std::int64_t start, std::int64_t end) {
        std::unique_ptr<Window>& place = open[tier][start];
        if (place) return *place;
        place = std::make_unique<Window>();
        Window& made = *place;
        made.tier = tier;
        made.start = start;
        made.end = end;
        made.closes_at = end == INT64_MAX ? INT64_MAX : saturating_add(end, lateness);
        made.mark = (static_cast<std::uint64_t>(start) + tier + 1) * 0x9E3779B97F4A7C15;
        made.closed = made.closes_at <= watermark;
        if (made.closed)
            closed.push_back(&made);
        else if (made.closes_at != INT64_MAX)
            closing.push({made.closes_at, &made});
        next_closing = closing.empty() ? INT64_MAX : closing.top().at;
        return made;
    }
    void close(Window& window) {
        window.closed = true;
        all_in_memory = false;
        closed.push_back(&window);
        exact_values -= window.exact_values;
        charged_bytes -= window.charged_bytes;
        window.exact_values = window.charged_bytes = 0;
        for (std::uint32_t i = window.first; i != kNone; i = entries[i].next)
            if (!entries[i].state->stored_whole()) mark_dirty(i);
    }

    // ---- states -----------------------------------------------------------------------------------------------------
    std::size_t home(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> 8) & (index.size() - 1); }
    std::uint32_t find(const Window& window, std::string_view group) const {
        if (count == 0) return kNone;
        const std::uint64_t hash = text_hash(group) ^ window.mark;
        for (std::size_t at = home(hash); index[at] != 0; at = (at + 1) & (index.size() - 1)) {
            const Entry& entry = entries[index[at] - 1];
            if (entry.hash == hash && entry.window == &window && entry.group == group) return index[at] - 1;
        }
        return kNone;
    }
    void put_into_index(std::uint32_t i) {
        std::size_t at = home(entries[i].hash);
        while (index[at] != 0) at = (at + 1) & (index.size() - 1);
        index[at] = i + 1;
    }
    std::uint32_t insert(Window& window, std::string_view group, SetState state) {
        if ((count + 1) * 8 > index.size() * 5) {
            index.assign(index.empty() ? 16 : index.size() * 2, 0);
            for (std::uint32_t i = 0; i < entries.size(); ++i)
                if (entries[i].window != nullptr) put_into_index(i);
        }
        std::uint32_t i = free;
        if (i == kNone) {
            i = static_cast<std::uint32_t>(entries.size());
            entries.emplace_back();
        } else {
            free = entries[i].next;
        }
        Entry& entry = entries[i];
        entry.hash = text_hash(group) ^ window.mark;
        entry.window = &window;
        entry.group = group;
        entry.state = std::move(state);
        entry.next = window.first;
        window.first = i;
        put_into_index(i);
        ++count;
        entry.exact_values = entry.state->exact_values();
        entry.charged_bytes = kStateBytes + group.size() + entry.state->sketch_bytes();
        entry.memory = memory_of(entry, entry.state->memory_bytes());
        memory += entry.memory;
        weighed = false;
        return i;
    }
    // Also from its window's list, whose caller goes on with what it returns. The index is shifted back (Knuth, TAOCP
    // vol. 3, section 6.4, algorithm R).
    std::uint32_t remove(std::uint32_t i) {
        const std::size_t mask = index.size() - 1;
        std::size_t hole = home(entries[i].hash);
        while (index[hole] != i + 1) hole = (hole + 1) & mask;
        for (std::size_t next = (hole + 1) & mask; index[next] != 0; next = (next + 1) & mask) {
            if (((next - home(entries[index[next] - 1].hash)) & mask) < ((next - hole) & mask)) continue;
            index[hole] = index[next];
            hole = next;
        }
        index[hole] = 0;
        --count;
        Entry& entry = entries[i];
        memory -= entry.memory;  // it is not dirty
        const std::uint32_t next = entry.next;
        entry = Entry{};
        entry.next = free;
        free = i;
        return next;
    }
    static std::size_t memory_of(const Entry& entry, std::size_t of_state) {
        return sizeof(Entry) + 8 + (entry.group.capacity() > 15 ? entry.group.capacity() + 17 : 0) + of_state +
               48;  // what the allocator adds to a state's blocks
    }
    void mark_dirty(std::uint32_t i) {
        if (entries[i].dirty) return;
        entries[i].dirty = true;
        dirty.push_back(i);
        dirty_memory += entries[i].memory;
        weighed = false;
    }
    // A state that is new in the log, in a window that is open or closed.
    std::uint32_t create(Window& window, std::string_view group) {
        const std::uint32_t i = insert(window, group, SetState(aggregate));
        if (!window.closed) count_in(window, entries[i]);
        mark_dirty(i);
        return i;
    }
    void count_in(Window& window, const Entry& entry) {
        window.exact_values += entry.exact_values;
        window.charged_bytes += entry.charged_bytes;
        exact_values += entry.exact_values;
        charged_bytes += entry.charged_bytes;
    }
    // What `entry` counts for, after its state changed.
    void recount(Entry& entry) {
        const SetState::Weight weight = entry.state->weight();
        const std::uint64_t values = weight.exact_values;
        const std::uint64_t bytes = kStateBytes + entry.group.size() + weight.sketch_bytes;
        if (!entry.window->closed) {  // differences of unsigned numbers add up whichever is larger
            entry.window->exact_values += values - entry.exact_values;
            entry.window->charged_bytes += bytes - entry.charged_bytes;
            exact_values += values - entry.exact_values;
            charged_bytes += bytes - entry.charged_bytes;
        }
        entry.exact_values = values;
        entry.charged_bytes = bytes;
        const std::size_t now = memory_of(entry, weight.memory_bytes);
        weighed = weighed && now == entry.memory;
        memory += now - entry.memory;
        if (entry.dirty) dirty_memory += now - entry.memory;
        entry.memory = now;
    }

    // ---- groups -----------------------------------------------------------------------------------------------------
    std::string_view other_group(std::string_view group) {
        other.assign(group.substr(0, group.find(kGroupSeparator)));
        other += kGroupSeparator;
        other += kOtherGroup;
        return other;
    }
    // The name that a group has here.
    std::string_view named(std::string_view group) {
        if (!one_field || group.size() <= kOtherGroup.size() || !group.ends_with(kOtherGroup)) return group;
        const std::size_t value = group.find(kGroupSeparator) + 1;
        if (group.substr(value) != kOtherGroup) return group;
        escaped.assign(group.substr(0, value));
        escaped += ' ';
        escaped += kOtherGroup;
        return escaped;
    }
    // Where the values of a group without a state of its own go. `own` when that is one that is made for it.
    std::uint32_t place_new(Window& window, std::string_view group, bool& own) {
        own = true;
        if (!grouped) return create(window, group);
        const std::string_view others = other_group(group);
        const std::uint32_t present = find(window, others);
        const bool room = window.closed || charged_bytes + kStateBytes + group.size() <= byte_budget;
        if (present == kNone && room) return create(window, group);
        own = false;
        ++overflowed;
        return present != kNone ? present : create(window, others);
    }

    Status load_into(Window& window, std::string_view group) {
        Result<std::optional<SetState>> found = load(metric, {window.tier, window.start, group});
        if (!found) return found.error();
        if (*found) insert(window, group, std::move(**found));
        return {};
    }
    Status prepare(std::int64_t at, std::string_view group, std::int64_t log_clock);
    bool add(std::int64_t at, std::string_view group, std::string_view value, std::uint64_t hash, std::int64_t micros,
             std::int64_t log_clock);
    void forget_cursors() {
        for (Cursor& cursor : cursors) cursor = {};
        for (Cursor& cursor : earlier) cursor = {};
        all_in_memory = false;
    }
    // Where a value of that time went last, or nullptr.
    const DistinctValues* distinct_at(std::size_t tier, std::int64_t at) const {
        return cursors[tier].has(at)   ? cursors[tier].distinct
               : earlier[tier].has(at) ? earlier[tier].distinct
                                       : nullptr;
    }
    // True when that changed the state.
    bool add_to(std::uint32_t i, std::string_view value, std::uint64_t hash, std::int64_t micros);

    // ---- committing -------------------------------------------------------------------------------------------------
    // Lets go of the states of `window` that are in the store as they are.
    void release(Window& window) {
        std::uint32_t* link = &window.first;
        while (*link != kNone) {
            if (entries[*link].dirty)
                link = &entries[*link].next;
            else
                *link = remove(*link);
        }
    }
    void release_least_used();

    const MetricId metric;
    const Aggregate aggregate;
    const std::int64_t lateness;
    const bool grouped, one_field;
    const std::uint64_t exact_budget, byte_budget;
    const std::size_t memory_limit;
    const std::vector<Windows> windows;
    std::vector<std::int64_t> retention;
    Load load;

    std::vector<std::unordered_map<std::int64_t, std::unique_ptr<Window>>> open;  // by tier; closed ones too until then
    std::vector<Window*> closed;
    std::priority_queue<Closing, std::vector<Closing>, std::greater<>> closing;
    std::int64_t next_closing = INT64_MAX, watermark = INT64_MIN;
    std::vector<Cursor> cursors, earlier;  // of the last event's windows, and of those before
    bool all_in_memory = false;            // what the cursors point at, whatever the group
    std::uint64_t touches = 0;

    std::deque<Entry> entries;
    std::vector<std::uint32_t> index;  // open addressing: entry + 1; 0: free
    std::size_t count = 0;
    std::uint32_t free = kNone;
    std::vector<std::uint32_t> dirty;

    std::uint64_t exact_values = 0, charged_bytes = 0, overflowed = 0;
    std::size_t memory = 0, dirty_memory = 0;  // of all states, and of those that changed
    bool weighed = false;                      // neither is too much, or has changed since it was looked at
    std::string other, escaped;
};

Status SetTable::Impl::prepare(std::int64_t at, std::string_view group, std::int64_t log_clock) {
    // Windows nest: an instant in the finest tier's last window is in the wider tiers' last ones.
    if (all_in_memory && at >= cursors[0].start && at < cursors[0].end) return {};
    all_in_memory = true;
    for (std::size_t tier = 0; tier < windows.size(); ++tier) {
        Cursor& cursor = cursor_at(tier, at);
        if (!kept(tier, cursor, log_clock)) {
            all_in_memory = false;
            continue;
        }
        Window& window = window_of(tier, cursor);
        if (!window.closed && !window.partly_stored) continue;
        all_in_memory = false;
        const std::string_view name = named(group);
        if (find(window, name) != kNone) continue;
        if (Status s = load_into(window, name); !s) return s;
        if (!grouped || find(window, name) != kNone) continue;
        const std::string_view others = other_group(name);
        if (find(window, others) != kNone) continue;
        if (Status s = load_into(window, others); !s) return s;
    }
    return {};
}

bool SetTable::Impl::add(std::int64_t at, std::string_view group, std::string_view value, std::uint64_t hash,
                         std::int64_t micros, std::int64_t log_clock) {
    const std::string_view name = named(group);
    bool taken = false;
    for (std::size_t tier = 0; tier < windows.size(); ++tier) {
        Cursor& cursor = cursor_at(tier, at);
        if (!kept(tier, cursor, log_clock)) continue;
        taken = true;
        Window& window = window_of(tier, cursor);
        bool own = true;
        std::uint32_t i = cursor.own;
        if (i == kNone || !short_text::equal(cursor.entry->group, name)) {
            i = find(window, name);
            if (i == kNone) i = place_new(window, name, own);
            cursor.own = own ? i : kNone;
            cursor.entry = &entries[i];
            cursor.distinct = own ? entries[i].state->distinct_values() : nullptr;
        }
        if (window.closed) {
            ++entries[i].late;
            mark_dirty(i);
        } else if (cursor.distinct != nullptr && cursor.distinct->has(hash)) {
            // What this group has in an open window came into the wider ones at the same time, and those are open too.
            break;
        }
        if (!add_to(i, value, hash, micros) && own && !window.closed && entries[i].state->exact()) break;
    }
    return taken;
}

bool SetTable::Impl::add_to(std::uint32_t i, std::string_view value, std::uint64_t hash, std::int64_t micros) {
    Entry& entry = entries[i];
    SetState& state = *entry.state;
    if (aggregate == Aggregate::Percentile) {
        state.add(micros);
    } else {
        if (exact_values + kDearestValue > exact_budget && !entry.window->closed && state.exact()) {
            const std::uint64_t cost = state.exact_cost(value, hash);
            if (cost > 0 && exact_values + cost > exact_budget) state.to_sketch();
        }
        if (!state.add(value, hash)) return false;
    }
    recount(entry);
    mark_dirty(i);
    return true;
}

void SetTable::Impl::release_least_used() {
    std::vector<Window*> least;
    for (auto& tier : open)
        for (auto& [start, window] : tier)
            if (window->first != kNone) least.push_back(window.get());
    std::sort(least.begin(), least.end(), [](const Window* a, const Window* b) { return a->touched < b->touched; });
    for (Window* window : least) {
        if (memory <= memory_limit / 2) return;
        window->partly_stored = true;
        forget_cursors();
        release(*window);
    }
}

SetTable::SetTable(const MetricDefinition& definition, std::vector<Windows> windows, Load load,
                   std::size_t memory_limit)
    : impl_(std::make_unique<Impl>(definition, std::move(windows), std::move(load), memory_limit)) {}
SetTable::~SetTable() = default;
SetTable::SetTable(SetTable&&) noexcept = default;
SetTable& SetTable::operator=(SetTable&&) noexcept = default;

void SetTable::advance(std::int64_t watermark_micros) {
    Impl& impl = *impl_;
    if (watermark_micros <= impl.watermark) return;
    impl.watermark = watermark_micros;
    while (impl.next_closing <= watermark_micros) {
        Window& window = *impl.closing.top().window;
        impl.closing.pop();
        impl.next_closing = impl.closing.empty() ? INT64_MAX : impl.closing.top().at;
        impl.close(window);
    }
}

Status SetTable::prepare(std::int64_t at_micros, std::string_view group, std::int64_t log_clock) {
    if (!impl_->weighed && (memory_bytes() > impl_->memory_limit || impl_->dirty_memory > impl_->memory_limit / 2))
        return Error::make(ErrorCode::Unavailable, "sets that are not in the store yet take too much memory");
    impl_->weighed = true;
    return impl_->prepare(at_micros, group, log_clock);
}

bool SetTable::add(std::int64_t at_micros, std::string_view group, std::string_view value, std::uint64_t hash,
                   std::int64_t micros, std::int64_t log_clock) {
    return impl_->add(at_micros, group, value, hash, micros, log_clock);
}

void SetTable::prefetch(std::int64_t at_micros, std::uint64_t hash) const {
    if (const DistinctValues* values = impl_->distinct_at(0, at_micros)) values->prefetch(hash);
}

void SetTable::prefetch_wider(std::int64_t at_micros, std::uint64_t hash) const {
    const std::size_t tiers = impl_->windows.size();
    const DistinctValues* const finest = tiers > 1 ? impl_->distinct_at(0, at_micros) : nullptr;
    if (finest == nullptr || finest->has(hash)) return;
    for (std::size_t tier = 1; tier < tiers; ++tier)
        if (const DistinctValues* values = impl_->distinct_at(tier, at_micros)) values->prefetch(hash);
}

void SetTable::restore(const SetKey& key, SetState&& state) {
    Impl& impl = *impl_;
    Window& window = impl.window(key.tier, key.window, impl.windows[key.tier].end_of(key.window));
    const std::uint32_t i = impl.insert(window, key.group, std::move(state));
    if (!window.closed) impl.count_in(window, impl.entries[i]);
    if (memory_bytes() > impl.memory_limit / 4 * 3) impl.release_least_used();
}

std::vector<SetWrite> SetTable::take_writes() {
    Impl& impl = *impl_;
    std::sort(impl.dirty.begin(), impl.dirty.end(), [&impl](std::uint32_t a, std::uint32_t b) {
        const Entry &x = impl.entries[a], &y = impl.entries[b];
        return std::tie(x.window->tier, x.window->start, x.group) < std::tie(y.window->tier, y.window->start, y.group);
    });
    std::vector<SetWrite> writes;
    writes.reserve(impl.dirty.size());
    for (const std::uint32_t i : impl.dirty) {
        Entry& entry = impl.entries[i];
        entry.dirty = false;
        impl.dirty_memory -= entry.memory;
        std::optional<SetChange> change =
            entry.window->closed ? entry.state->take_canonical() : entry.state->take_change();
        impl.recount(entry);
        if (!change && entry.late == 0) continue;
        SetWrite write{entry.window->tier, entry.window->start, entry.group, {false, {}}, entry.late};
        if (change) write.change = std::move(*change);
        entry.late = 0;
        writes.push_back(std::move(write));
    }
    impl.dirty.clear();
    return writes;
}

void SetTable::committed() {
    Impl& impl = *impl_;
    if (!impl.closed.empty()) {
        std::erase_if(impl.closed, [&impl](Window* window) {
            impl.release(*window);
            if (window->first != kNone) return false;
            impl.open[window->tier].erase(window->start);
            return true;
        });
    }
    if (memory_bytes() > impl.memory_limit / 4 * 3) impl.release_least_used();
    impl.forget_cursors();
}

bool SetTable::has_changes() const {
    return !impl_->dirty.empty();
}

bool SetTable::wants_commit() const {
    return memory_bytes() > impl_->memory_limit / 4 * 3 || impl_->dirty_memory > impl_->memory_limit / 4;
}

bool SetTable::refuses() const {
    return memory_bytes() > impl_->memory_limit || impl_->dirty_memory > impl_->memory_limit / 2;
}

void SetTable::read_by(Load load) {
    impl_->load = std::move(load);
}

std::uint64_t SetTable::exact_values() const {
    return impl_->exact_values;
}

std::uint64_t SetTable::overflowed() const {
    return impl_->overflowed;
}

std::size_t SetTable::states() const {
    return impl_->count;
}

std::size_t SetTable::memory_bytes() const {
    return impl_->memory + impl_->index.capacity() * sizeof(std::uint32_t) +
           impl_->dirty.capacity() * sizeof(std::uint32_t) + impl_->closed.size() * (sizeof(Window) + 64);
}

std::size_t SetTable::memory_limit() const {
    return impl_->memory_limit;
}

}  // namespace streamgauge
