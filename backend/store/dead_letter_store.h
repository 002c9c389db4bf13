// SPDX-License-Identifier: GPL-3.0-or-later
// Dead letters in a SQLite file of their own, fed from the journal: each is here exactly once, because the place in the
// journal up to which it has read is part of the same transaction.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/sqlite.h"
#include "store/letters.h"

namespace streamgauge {

// One thread at a time. What it stores is on disk when the call returns.
class DeadLetterStore {
public:
    // Makes the file where it is missing. Corrupt when it is no such file, or of a newer version.
    static Result<std::unique_ptr<DeadLetterStore>> open(const std::string& path);

    // Random, made with the file: part of the ids of events that are resent.
    const std::string& installation() const { return installation_; }

    // ---- from the journal
    // The journal's id of the letter to read next.
    std::uint64_t next() const { return next_; }
    // Takes letters [next(), next) of the journal; those before next() are ignored.
    Status absorb(const std::vector<DeadLetter>& letters, std::uint64_t next);
    // The journal was made anew: its ids begin again at 1, those given here go on.
    Status follow_another_journal();

    // ---- looking. `project`: empty for all
    Result<LetterPage> list(const LetterFilter& filter, std::optional<std::uint64_t> cursor, std::size_t limit);
    Result<Letter> find(std::uint64_t id, const std::string& project);  // NotFound
    // By project, then the most open first.
    Result<std::vector<ReasonCount>> reasons(const LetterFilter& filter);
    // Ids of letters after `after`, ascending.
    Result<std::vector<std::uint64_t>> ids(const LetterFilter& filter, std::uint64_t after, std::size_t most);
    // Of each project; cap_bytes and not_kept are left to others. Costs nothing.
    std::vector<LetterUsage> usage() const;

    // ---- changing
    // Conflict unless it is open.
    Status mend(std::uint64_t id, const std::string& project, const std::string& text);
    // Open -> resending, all or none: from now on their events may be in the journal. Those that are not open are an
    // error (Conflict).
    Status begin_resending(const std::vector<std::uint64_t>& ids, Timestamp received_at);
    struct Resent {
        std::uint64_t id = 0;
        Offset as = 0;
        bool duplicate = false;
    };
    // Resending -> resent.
    Status finish_resending(const std::vector<Resent>& resent);
    // Resending -> open: nothing of them is in the journal.
    Status give_up_resending(const std::vector<std::uint64_t>& ids);
    // Removes those that are not being resent. How many.
    Result<std::uint64_t> purge(const std::vector<std::uint64_t>& ids, const std::string& project);
    // The oldest `most` of those that match.
    Result<std::uint64_t> purge(const LetterFilter& filter, std::size_t most);

private:
    DeadLetterStore() = default;
    Status prepare(const std::string& path);
    Status load();
    // Runs `work` in a transaction: all of it is on disk, and in usage(), or nothing.
    Status transaction(const std::function<Status()>& work);
    Status insert(const DeadLetter& letter);
    struct Row {
        std::string project;
        LetterState state = LetterState::Open;
        std::uint64_t bytes = 0;
    };
    Result<Row> row(std::uint64_t id, const std::string& project);
    Status change_state(std::uint64_t id, LetterState from, LetterState to, std::optional<Timestamp> resent_at,
                        const Resent& resent);
    std::uint64_t& count(const std::string& project, LetterState state);

    sql::Connection connection_;
    sql::Statement insert_, save_next_;
    std::string installation_;
    std::uint64_t next_ = 1;
    std::uint64_t base_ = 0;  // own id = journal's id + base_
    std::map<std::string, LetterUsage> usage_;
};

}  // namespace streamgauge
