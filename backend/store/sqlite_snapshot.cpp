// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/sqlite_snapshot.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "store/block_cursor.h"
#include "store/session_codec.h"
#include "store/sqlite_layout.h"

namespace streamgauge {

using sql::Statement;

namespace {

// Rows of other groups that are stepped over before the next row is looked for by its key: a look-up costs about as
// much as so many steps.
constexpr int kStepsBeforeSeek = 8;

// A chunk of a set is kept until it is known whether the next row is another one of the same set. From so many bytes
// on, a look-up that tells it costs less than the copy.
constexpr std::size_t kLargeSet = std::size_t{64} * 1024;

}  // namespace

struct SqliteSnapshotPool::Reader {
    sql::Connection connection;
    Statement begin, end, partition, metrics, removals, cell, cells, blocks, set, sets, next_chunk, users;
    void reset() {
        for (Statement* s : {&partition, &metrics, &removals, &cell, &cells, &blocks, &set, &sets, &next_chunk, &users})
            s->reset();
    }
};

class SqliteSnapshot final : public StoreSnapshot {
public:
    using Reader = SqliteSnapshotPool::Reader;
    SqliteSnapshot(std::shared_ptr<SqliteSnapshotPool> pool, std::unique_ptr<Reader> reader)
        : pool_(std::move(pool)), reader_(std::move(reader)) {}
    ~SqliteSnapshot() override { pool_->give_back(std::move(reader_)); }
    SqliteSnapshot(const SqliteSnapshot&) = delete;
    SqliteSnapshot& operator=(const SqliteSnapshot&) = delete;

    // The first read is what a transaction's state is taken at.
    Status start() {
        if (Status s = reader_->begin.run(); !s) return s;
        for (;;) {
            const Result<bool> row = reader_->removals.step();
            if (!row) return row.error();
            if (!row.value()) return {};
            removed_.push_back(static_cast<MetricId>(reader_->removals.integer(0)));
        }
    }

    Result<PartitionState> state() override {
        Statement& row = reader_->partition;
        const Result<bool> there = row.step();
        if (!there) return there.error();
        if (!there.value()) return Error::make(ErrorCode::Corrupt, "the store has no partition row");
        const PartitionState state = store_layout::read_state(row, 0);
        row.reset();
        return state;
    }

    Result<std::vector<StoredMetric>> metrics() override {
        std::vector<StoredMetric> all;
        Statement& row = reader_->metrics;
        for (;;) {
            const Result<bool> there = row.step();
            if (!there) return there.error();
            if (!there.value()) return all;
            StoredMetric metric;
            metric.id = static_cast<MetricId>(row.integer(0));
            metric.counters = {static_cast<std::uint64_t>(row.integer(1)), static_cast<std::uint64_t>(row.integer(2)),
                               static_cast<std::uint64_t>(row.integer(3))};
            if (!row.is_null(4)) metric.backfill = store_layout::read_state(row, 4);
            all.push_back(std::move(metric));
        }
    }

    Result<std::optional<Cell>> cell(MetricId metric, std::uint8_t tier, std::int64_t window,
                                     std::string_view group) override {
        if (removed(metric)) return std::optional<Cell>{};
        Statement& row = reader_->cell;
        const Result<bool> there = row.bind(1, metric).bind(2, tier).bind(3, window).bind_blob(4, group).step();
        if (!there) return there.error();
        std::optional<Cell> found;
        if (there.value()) {
            text_ = row.bytes(3);
            found = Cell{row.integer(0), row.integer(1), row.integer(2), text_};
            row.reset();
        }
        if (window == kNoWindow) return found;
        BlockCursor blocks(reader_->blocks, {metric, tier, window, window + 1, group});
        if (Status s = blocks.start(); !s) return s.error();
        // The group is the first one of those that begin with it.
        if (!blocks.there() || blocks.group() != group) return found;
        Cell cell = blocks.cell();
        if (found) merge_cell(blocks.aggregate(), cell, *found);
        text_ = std::string(cell.text);
        cell.text = text_;
        return std::optional<Cell>(cell);
    }

    Status cells(MetricId metric, std::uint8_t tier, std::int64_t from, std::int64_t to, std::string_view prefix,
                 const CellVisitor& visit) override {
        if (removed(metric) || from >= to) return {};
        BlockCursor blocks(reader_->blocks, {metric, tier, from, to, prefix});
        Status failed = blocks.start();
        if (!failed.ok()) return failed;
        bool goes_on = true;
        // The cell of the block at hand, and to the next one.
        const auto visit_block = [&](const Cell& cell) {
            goes_on = visit(blocks.window(), blocks.group(), cell);
            if (goes_on) failed = blocks.next();
            return goes_on && failed.ok();
        };
        Status s = scan(reader_->cells, {metric, tier, from, to, prefix}, [&](const Statement& row) {
            const std::int64_t window = row.integer(0);
            const std::string_view group = row.bytes(1);
            const Cell cell{row.integer(2), row.integer(3), row.integer(4), row.bytes(5)};
            while (blocks.there()) {
                const auto order = std::pair(blocks.window(), blocks.group()) <=> std::pair(window, group);
                if (order > 0) break;
                Cell merged = blocks.cell();
                if (order == 0) merge_cell(blocks.aggregate(), merged, cell);
                if (!visit_block(merged)) return false;
                if (order == 0) return true;
            }
            goes_on = visit(window, group, cell);
            return goes_on;
        });
        if (!s.ok()) return s;
        while (failed.ok() && goes_on && blocks.there()) visit_block(blocks.cell());
        return failed;
    }

    Status sets(MetricId metric, std::uint8_t tier, std::int64_t from, std::int64_t to, std::string_view prefix,
                const SetVisitor& visit) override {
        std::int64_t window = 0;
        std::string group;
        bool goes_on = true;
        Set whole;
        Status failed;
        clear_set();
        Status s = scan(reader_->sets, {metric, tier, from, to, prefix}, [&](const Statement& row) {
            if (chunks_ > 0 && (row.integer(0) != window || row.bytes(1) != group)) {
                goes_on = visit(window, group, current_set());
                clear_set();
                if (!goes_on) return false;
            }
            if (chunks_ == 0) {
                if (row.bytes(3).size() >= kLargeSet) {
                    const Result<bool> alone = is_alone(metric, tier, row);
                    if (!alone) {
                        failed = alone.error();
                        return false;
                    }
                    if (alone.value()) {
                        whole.bytes.assign(1, row.bytes(3));
                        whole.late = static_cast<std::uint64_t>(row.integer(2));
                        return visit(row.integer(0), row.bytes(1), whole);
                    }
                }
                window = row.integer(0);
                group = row.bytes(1);
            }
            add_chunk(row.integer(2), row.bytes(3));
            return true;
        });
        if (!failed.ok()) return failed;
        if (s.ok() && goes_on && chunks_ > 0) visit(window, group, current_set());
        return s;
    }

    Result<std::optional<Set>> set(MetricId metric, const SetKey& key) override {
        clear_set();
        if (removed(metric)) return std::optional<Set>{};
        Statement& row = reader_->set;
        row.bind(1, metric).bind(2, key.tier).bind(3, key.window).bind_blob(4, key.group);
        for (;;) {
            const Result<bool> there = row.step();
            if (!there) return there.error();
            if (!there.value()) break;
            add_chunk(row.integer(0), row.bytes(1));
        }
        if (chunks_ == 0) return std::optional<Set>{};
        return std::optional<Set>(current_set());
    }

    Status for_each_user(const std::function<void(UserActivity&&)>& visit) override {
        Statement& row = reader_->users;
        for (;;) {
            const Result<bool> there = row.step();
            if (!there) return there.error();
            if (!there.value()) return {};
            auto sessions = decode_sessions(row.bytes(2));
            if (!sessions) {
                row.reset();
                return Error::make(ErrorCode::Corrupt, "the sessions of a user cannot be read");
            }
            visit({std::string(row.bytes(0)), {row.integer(1)}, std::move(*sessions)});
        }
    }

private:
    bool removed(MetricId metric) const {
        return std::find(removed_.begin(), removed_.end(), metric) != removed_.end();
    }

    struct Range {
        MetricId metric;
        std::uint8_t tier;
        std::int64_t from, to;
        std::string_view prefix;
    };
    // Columns: window, grp, ... Parameters: metric, tier, window and group to begin at, window to end before.
    template <class Visit>
    Status scan(Statement& rows, const Range& range, const Visit& visit) {
        if (removed(range.metric) || range.from >= range.to) return {};
        std::int64_t window = range.from;
        seek_ = range.prefix;
        for (;;) {
            rows.bind(1, range.metric).bind(2, range.tier).bind(3, window).bind_blob(4, seek_).bind(5, range.to);
            int passed = 0;
            for (;;) {
                const Result<bool> there = rows.step();
                if (!there) return there.error();
                if (!there.value()) return {};
                const std::string_view group = rows.bytes(1);
                if (group.substr(0, range.prefix.size()) == range.prefix) {
                    passed = 0;
                    if (visit(rows)) continue;
                    rows.reset();
                    return {};
                }
                if (++passed <= kStepsBeforeSeek) continue;
                // Where the prefix comes next: in this window, or else in the next one.
                window = rows.integer(0);
                const bool later = group > range.prefix;
                rows.reset();
                if (later && ++window >= range.to) return {};
                break;
            }
        }
    }

    // No other chunk of the set follows.
    Result<bool> is_alone(MetricId metric, std::uint8_t tier, const Statement& row) {
        Statement& next = reader_->next_chunk;
        next.bind(1, metric).bind(2, tier).bind(3, row.integer(0)).bind_blob(4, row.bytes(1)).bind(5, row.integer(4));
        const Result<bool> there = next.step();
        next.reset();
        if (!there) return there.error();
        return !there.value();
    }

    void clear_set() {
        chunks_ = 0;
        late_ = 0;
    }
    void add_chunk(std::int64_t late, std::string_view data) {
        late_ += static_cast<std::uint64_t>(late);
        if (chunks_ == buffers_.size()) buffers_.emplace_back();
        buffers_[chunks_++].assign(data);
    }
    Set current_set() const {
        Set set;
        set.late = late_;
        for (std::size_t i = 0; i < chunks_; ++i)
            if (!buffers_[i].empty()) set.bytes.emplace_back(buffers_[i]);
        return set;
    }

    std::shared_ptr<SqliteSnapshotPool> pool_;
    std::unique_ptr<Reader> reader_;
    std::vector<MetricId> removed_;  // their rows are there still, in part
    std::string seek_, text_;
    std::vector<std::string> buffers_;  // of the set at hand: the first chunks_ ones
    std::size_t chunks_ = 0;
    std::uint64_t late_ = 0;
};

SqliteSnapshotPool::SqliteSnapshotPool(std::string path) : path_(std::move(path)) {}
SqliteSnapshotPool::~SqliteSnapshotPool() = default;

Result<std::unique_ptr<StoreSnapshot>> SqliteSnapshotPool::open() {
    Result<std::unique_ptr<Reader>> reader = take();
    if (!reader) return reader.error();
    auto snapshot = std::make_unique<SqliteSnapshot>(shared_from_this(), std::move(reader).value());
    if (Status s = snapshot->start(); !s) return s.error();
    return std::unique_ptr<StoreSnapshot>(std::move(snapshot));
}

Result<std::unique_ptr<SqliteSnapshotPool::Reader>> SqliteSnapshotPool::take() {
    {
        const std::lock_guard lock(mutex_);
        if (open_ >= kMostOpen)
            return Error::make(ErrorCode::Unavailable, "too many questions read the store at the same time");
        ++open_;
        if (!idle_.empty()) {
            std::unique_ptr<Reader> reader = std::move(idle_.back());
            idle_.pop_back();
            return reader;
        }
    }
    auto reader = std::make_unique<Reader>();
    const auto make = [&]() -> Status {
        Result<sql::Connection> connection = sql::open(path_, false);
        if (!connection) return connection.error();
        reader->connection = std::move(connection).value();
        sqlite3* const db = reader->connection.get();
        if (Status s = sql::execute(db, "PRAGMA busy_timeout=2000; PRAGMA query_only=ON; PRAGMA cache_size=-8192"); !s)
            return s;
        // Closing must not wait for a checkpoint: that is the writer's.
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        const std::string state(store_layout::kStateColumns);
        return store_layout::prepare(
            db,
            {{&reader->begin, "BEGIN"},
             {&reader->end, "COMMIT"},
             {&reader->partition, "SELECT " + state + " FROM partition WHERE id = 0"},
             {&reader->metrics,
              "SELECT metric, m.late, m.too_late, not_numeric, next_offset, b.aggregated, b.too_late, b.late, future, "
              "system, log_clock, watermark FROM metrics m LEFT JOIN backfills b USING (metric) "
              "WHERE metric NOT IN (SELECT metric FROM removals) ORDER BY metric"},
             {&reader->removals, "SELECT metric FROM removals"},
             {&reader->cell,
              "SELECT value, count, late, text FROM cells "
              "WHERE metric = ?1 AND tier = ?2 AND window = ?3 AND grp = ?4"},
             {&reader->cells,
              "SELECT window, grp, value, count, late, text FROM cells WHERE metric = ?1 AND tier = ?2 AND "
              "(window, grp) >= (?3, ?4) AND window < ?5 ORDER BY window, grp"},
             {&reader->blocks, BlockCursor::kSql},
             {&reader->set,
              "SELECT late, data FROM sets WHERE metric = ?1 AND tier = ?2 AND window = ?3 AND grp = ?4 ORDER BY seq"},
             {&reader->sets,
              "SELECT window, grp, late, data, seq FROM sets WHERE metric = ?1 AND tier = ?2 AND (window, grp) >= (?3, "
              "?4) "
              "AND window < ?5 ORDER BY window, grp, seq"},
             {&reader->next_chunk,
              "SELECT 1 FROM sets WHERE metric = ?1 AND tier = ?2 AND window = ?3 AND grp = ?4 AND seq > ?5 LIMIT 1"},
             {&reader->users, "SELECT user_id, last_activity, sessions FROM users ORDER BY user_id"}});
    };
    if (Status s = make(); !s) {
        const std::lock_guard lock(mutex_);
        --open_;
        return s.error();
    }
    return reader;
}

void SqliteSnapshotPool::give_back(std::unique_ptr<Reader> reader) {
    reader->reset();
    const bool ended = reader->end.run().ok();
    const std::lock_guard lock(mutex_);
    --open_;
    if (ended && idle_.size() < kKeptIdle) idle_.push_back(std::move(reader));
}

}  // namespace streamgauge
