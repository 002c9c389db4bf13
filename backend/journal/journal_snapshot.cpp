// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/journal_snapshot.h"

#include <sodium.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>

#include "journal/span_file.h"
#include "journal/span_list.h"
#include "journal/span_reader.h"

namespace streamgauge {
namespace {

constexpr int kBusyMillis = 10'000;

class SqliteJournalSnapshot final : public JournalSnapshot {
public:
    explicit SqliteJournalSnapshot(const std::string& directory) : directory_(directory), reader_(directory, {}) {}

    Status open() {
        if (sodium_init() < 0) return Error::make(ErrorCode::Internal, "libsodium does not start");
        std::vector<Offset> firsts;
        std::error_code error;
        for (const auto& file : std::filesystem::directory_iterator(directory_, error))
            if (const auto first = SpanFile::first_from_name(file.path().filename().string())) firsts.push_back(*first);
        if (error) return Error::make(ErrorCode::Io, "cannot list " + directory_ + ": " + error.message());
        std::sort(firsts.begin(), firsts.end());
        while (!firsts.empty()) {
            const Status loaded = load_totals(firsts.back());
            if (loaded.ok()) break;
            // The newest is just being made; nothing is in it yet.
            if (loaded.error().code != ErrorCode::NotFound) return loaded.error();
            firsts.pop_back();
        }
        if (firsts.empty()) return Error::make(ErrorCode::NotFound, "there is no journal in " + directory_);
        for (const Offset first : firsts) spans_.add(first);
        return {};
    }

    bool append(AppendRequest&&) override { return false; }
    Result<std::shared_ptr<const CommittedBatch>> read(Offset from, std::size_t max_events) override {
        if (from == end_) return std::shared_ptr<const CommittedBatch>();
        if (from > end_) return Error::make(ErrorCode::InvalidArgument, "beyond the end of the journal");
        if (from < spans_.begin()) {
            Error gone =
                Error::make(ErrorCode::NotFound, "event " + std::to_string(from) + " is no longer in the journal");
            gone.offset = spans_.begin();
            return gone;
        }
        const Offset span = spans_.span_of(from);
        auto run = reader_.read(span, from, std::min(end_, spans_.end_of(span, end_)), max_events);
        if (run.ok() && !*run)
            return Error::make(ErrorCode::Corrupt, "the journal lacks event " + std::to_string(from));
        std::error_code unseen;
        if (!run.ok() && !std::filesystem::exists(directory_ + "/" + SpanFile::name(span), unseen))
            return Error::make(ErrorCode::NotFound, "retention has just removed event " + std::to_string(from));
        return run;
    }
    Result<std::vector<DeadLetter>> read_dead_letters(std::uint64_t, std::size_t) override {
        return std::vector<DeadLetter>();
    }
    std::uint64_t next_dead_letter() const override { return totals_.next_dead_letter; }
    void dead_letters_kept_to(std::uint64_t) override {}
    Offset end() const override { return end_; }
    Offset begin() const override { return spans_.begin(); }
    JournalCounters counters() const override { return totals_.counters; }
    std::size_t pending() const override { return 0; }
    void on_commit(std::function<void()>) override {}
    void close() override {}

    void end_at(Offset end) override { end_ = std::min(end, end_); }
    const std::vector<Seal>& seals() const override { return seals_; }
    std::vector<Offset> spans() const override { return spans_.all(); }

private:
    Status load_totals(Offset newest) {
        Result<sql::Connection> connection = sql::open(directory_ + "/" + SpanFile::name(newest), false);
        if (!connection.ok()) return connection.error();
        sqlite3* const db = connection->get();
        sqlite3_busy_timeout(db, kBusyMillis);
        // Moving the log into the file is the server's business.
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        // All of it in one transaction, so that the totals fit the seals.
        if (Status s = sql::execute(db, "PRAGMA query_only=1; BEGIN"); !s.ok()) return s;
        Result<sql::Statement> tables =
            sql::Statement::prepare(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'totals'");
        if (!tables.ok()) return tables.error();
        const Result<bool> counted = tables->step();
        if (!counted.ok()) return counted.error();
        if (tables->integer(0) == 0) return Error::make(ErrorCode::NotFound, "the file was never finished being made");
        const Result<std::int64_t> format = format_of_span(db);
        if (!format.ok()) return format.error();
        Result<sql::Statement> read = sql::Statement::prepare(
            db, std::string("SELECT next_offset, decoded, accepted, duplicate, invalid, next_dead_letter, ") +
                    (*format < 3 ? "0" : "system") + " FROM totals");
        if (!read.ok()) return read.error();
        const Result<bool> row = read->step();
        if (!row.ok()) return row.error();
        if (!row.value()) return Error::make(ErrorCode::Corrupt, "the journal's totals are missing");
        const auto number = [&read](int column) { return static_cast<std::uint64_t>(read->integer(column)); };
        totals_.next = end_ = number(0);
        totals_.counters.decoded = number(1);
        totals_.counters.accepted = number(2);
        totals_.counters.duplicate = number(3);
        totals_.counters.invalid = number(4);
        totals_.next_dead_letter = number(5);
        totals_.counters.system = number(6);
        Result<sql::Statement> seals = sql::Statement::prepare(
            db, "SELECT first_offset, last_offset, events, sha256 FROM seal ORDER BY first_offset");
        if (!seals.ok()) return seals.error();
        for (;;) {
            const Result<bool> more = seals->step();
            if (!more.ok()) return more.error();
            if (!more.value()) return {};
            seals_.push_back({static_cast<Offset>(seals->integer(0)), static_cast<Offset>(seals->integer(1)),
                              static_cast<std::uint64_t>(seals->integer(2)), std::string(seals->bytes(3))});
        }
    }

    const std::string directory_;
    SpanReader reader_;
    SpanList spans_;
    SpanTotals totals_;
    std::vector<Seal> seals_;
    Offset end_ = 1;
};

}  // namespace

Result<std::unique_ptr<JournalSnapshot>> JournalSnapshot::open(const std::string& directory) {
    auto snapshot = std::make_unique<SqliteJournalSnapshot>(directory);
    if (Status s = snapshot->open(); !s.ok()) return s.error();
    return std::unique_ptr<JournalSnapshot>(std::move(snapshot));
}

}  // namespace streamgauge
