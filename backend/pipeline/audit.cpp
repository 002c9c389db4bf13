// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/audit.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "base/limits.h"
#include "base/sqlite.h"
#include "base/time.h"
#include "journal/journal_snapshot.h"
#include "pipeline/baseline.h"
#include "pipeline/replay.h"
#include "store/result_digest.h"
#include "store/result_rows.h"
#include "store/sqlite_result_store.h"

namespace streamgauge {
namespace {

constexpr double kReplayShare = 0.8;  // of the time, about
constexpr std::int64_t kAllWindows = kNoWindow;

// A directory of its own, removed at the end.
class ScratchDirectory {
public:
    static Result<ScratchDirectory> make(const std::string& parent) {
        std::string name = parent + "/audit-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
            return Error::make(ErrorCode::Io, "cannot make a directory in " + parent + ": " + std::strerror(errno));
        return ScratchDirectory(std::move(name));
    }
    ~ScratchDirectory() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    ScratchDirectory& operator=(ScratchDirectory&&) = delete;
    const std::string& path() const { return path_; }

private:
    explicit ScratchDirectory(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

std::string span_name(const Seal& seal) {
    return "events " + std::to_string(seal.first) + " to " + std::to_string(seal.last);
}

std::int64_t difference(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b);
}

class Audit {
public:
    explicit Audit(const AuditOptions& options) : options_(options) {}

    Result<AuditReport> run() {
        auto scratch = ScratchDirectory::make(options_.scratch.empty() ? options_.directory : options_.scratch);
        if (!scratch.ok()) return scratch.error();
        scratch_.emplace(std::move(scratch).value());
        if (Status s = open(); !s.ok()) return s.error();
        check_ledger();
        if (Status s = check_seals(); !s.ok()) return s.error();
        if (Status s = compute_again(); !s.ok()) return s.error();
        if (Status s = compare(); !s.ok()) return s.error();
        return std::move(report_);
    }

private:
    Status open() {
        // A copy: a snapshot that is kept open would keep the server from cutting its write-ahead log.
        const std::string original = options_.directory + "/store.db", path = scratch_->path() + "/stored.db";
        if (const auto there = open_result_store_readonly(original); !there.ok()) return there.error();
        if (Status s = sql::copy(original, path); !s.ok()) return s;
        auto stored = open_result_store_readonly(path);
        if (!stored.ok()) return stored.error();
        stored_ = std::move(stored).value();
        const Result<PartitionState> state = stored_->state();
        if (!state.ok()) return state.error();
        // After the store's copy, so that it holds at least what that does.
        auto journal = JournalSnapshot::open(options_.directory);
        if (!journal.ok()) return journal.error();
        journal_ = std::move(journal).value();
        report_.stored = *state;
        report_.compared_to = state->next;
        report_.journal = journal_->counters();
        report_.journal_begin = journal_->begin();
        report_.journal_end = journal_->end();
        report_.seals = journal_->seals();
        if (state->next > journal_->end())
            return Error::make(ErrorCode::Corrupt,
                               "the store holds events that the journal does not have: it ends at " +
                                   std::to_string(journal_->end() - 1) + ", the store at " +
                                   std::to_string(state->next - 1));
        journal_->end_at(state->next);
        return {};
    }

    void check_ledger() {
        const JournalCounters& c = report_.journal;
        const PartitionState& s = report_.stored;
        report_.in_flight = report_.journal_end - s.next;
        report_.decoded_difference = difference(c.decoded, c.accepted + c.duplicate + c.invalid);
        report_.accepted_difference =
            difference(c.accepted + c.system, s.aggregated + s.too_late + s.system + report_.in_flight);
    }

    // Seals must follow each other from the log's beginning up to the oldest event that is kept, and say what the
    // baseline's list says.
    Status check_seals() {
        auto& faults = report_.seal_faults;
        Offset next = 1;
        for (const Seal& seal : report_.seals) {
            // While a span is being removed its seal is there already.
            if (seal.first >= report_.journal_begin) continue;
            if (seal.first != next)
                faults.push_back("there is no seal for events " + std::to_string(next) + " to " +
                                 std::to_string(seal.first - 1));
            if (seal.last + 1 < seal.first || seal.events != seal.last + 1 - seal.first)
                faults.push_back("the seal of " + span_name(seal) + " counts " + std::to_string(seal.events));
            next = seal.last + 1;
        }
        if (next != report_.journal_begin)
            faults.push_back("there is no seal for events " + std::to_string(next) + " to " +
                             std::to_string(report_.journal_begin - 1));

        const Result<std::vector<SealedSpan>> listed = read_baseline_list(options_.directory);
        if (!listed.ok()) {
            if (listed.error().code != ErrorCode::Corrupt) return listed.error();
            faults.push_back(listed.error().message);
            return {};
        }
        for (const SealedSpan& span : *listed) {
            const auto seal = std::find_if(report_.seals.begin(), report_.seals.end(),
                                           [&span](const Seal& s) { return s.first == span.seal.first; });
            if (seal == report_.seals.end()) {
                // Taken in, and not removed yet.
                if (span.seal.first < report_.journal_begin)
                    faults.push_back("the journal has no seal of " + span_name(span.seal) +
                                     ", which the baseline took in");
            } else if (*seal != span.seal) {
                faults.push_back("the seal of " + span_name(*seal) + " is not what it was when the span was removed");
            }
        }
        for (const Seal& seal : report_.seals)
            if (!listed->empty() && std::none_of(listed->begin(), listed->end(), [&seal](const SealedSpan& span) {
                    return span.seal.first == seal.first;
                }))
                faults.push_back("the baseline has not taken in " + span_name(seal));
        if (!listed->empty()) last_span_ = listed->back();
        return {};
    }

    Status compute_again() {
        const std::string path = scratch_->path() + "/recomputed.db";
        if (Status s = start_from_baseline(path); !s.ok()) return s;
        auto store = open_sqlite_result_store(path);
        if (!store.ok()) return store.error();
        ReplayOptions replaying;
        replaying.cancelled = options_.cancelled;
        if (options_.progress)
            replaying.progress = [this](Offset next, Offset end) {
                const auto from = static_cast<double>(report_.journal_begin);
                const double all = std::max(1.0, static_cast<double>(end) - from);
                options_.progress("recomputing",
                                  kReplayShare * std::clamp((static_cast<double>(next) - from) / all, 0.0, 1.0));
            };
        const Result<PartitionState> state = replay(*journal_, **store, options_.definitions, replaying);
        if (!state.ok()) {
            Error error = state.error();
            if (error.code == ErrorCode::NotFound) {
                error.code = ErrorCode::Unavailable;
                error.hint = "events were removed by retention while they were read: try again";
            }
            return error;
        }
        report_.recomputed = *state;
        auto snapshot = (*store)->snapshot();
        if (!snapshot.ok()) return snapshot.error();
        recomputed_ = std::move(snapshot).value();
        return {};
    }

    Status start_from_baseline(const std::string& path) {
        if (report_.journal_begin == 1) return {};
        std::error_code unseen;
        if (last_span_ && std::filesystem::exists(baseline_store_path(options_.directory), unseen)) {
            if (Status s = sql::copy(baseline_store_path(options_.directory), path); !s.ok()) return s;
            return check_baseline(path);
        }
        if (last_span_)
            report_.seal_faults.push_back("baseline.db is missing: what the removed events came to is not known");
        return compare_from_the_journal_on();
    }

    // Without what came before, only windows that begin after everything that is gone can be compared. Events may be
    // dated ahead.
    Status compare_from_the_journal_on() {
        const auto first = journal_->read(report_.journal_begin, 1);
        if (!first.ok()) return first.error();
        const std::int64_t ahead = std::chrono::microseconds(limits::kFutureTolerance).count();
        report_.comparable_from = Timestamp{0};
        if (*first) report_.comparable_from = (*first)->batch[0].received_at.plus_micros(ahead);
        return {};
    }

    // Is the copy what the baseline was when its last span was taken in?
    Status check_baseline(const std::string& path) {
        const auto snapshot = open_result_store_readonly(path);
        if (!snapshot.ok()) return snapshot.error();
        const Result<PartitionState> state = (*snapshot)->state();
        if (!state.ok()) return state.error();
        if (state->next > report_.compared_to)
            return Error::make(ErrorCode::Unavailable, "retention removes events at this moment: try again");
        // It is taking the next span in, or was when the server stopped: the comparison of results will tell.
        if (state->next > last_span_->seal.last + 1) return {};
        if (state->next != last_span_->seal.last + 1 || state->next < report_.journal_begin) {
            report_.seal_faults.push_back("the baseline ends at event " + std::to_string(state->next - 1) +
                                          ", and events up to " + std::to_string(report_.journal_begin - 1) +
                                          " are gone");
            return {};
        }
        Result<ResultDigest> digest = digest_results(**snapshot, options_.definitions);
        if (!digest.ok()) return digest.error();
        for (const TableDigest& table : digest->tables) {
            const auto was = std::find_if(
                last_span_->tables.begin(), last_span_->tables.end(),
                [&table](const TableDigest& t) { return t.metric == table.metric && t.tier == table.tier; });
            if (was != last_span_->tables.end() && was->sha256 != table.sha256)
                report_.seal_faults.push_back("the baseline's results of " + name_of(table.metric) + ", tier " +
                                              std::to_string(table.tier) + ", are not what they were after event " +
                                              std::to_string(last_span_->seal.last));
        }
        if (digest->users_sha256 != last_span_->users_sha256)
            report_.seal_faults.push_back("the baseline's users are not what they were after event " +
                                          std::to_string(last_span_->seal.last));
        return {};
    }

    Status compare() {
        const Result<std::vector<StoredMetric>> stored = stored_->metrics();
        if (!stored.ok()) return stored.error();
        const bool whole = !report_.comparable_from;
        if (whole) report_.states_agree = report_.stored == report_.recomputed;
        for (const StoredMetric& metric : *stored)
            if (std::none_of(options_.definitions.begin(), options_.definitions.end(),
                             [&metric](const MetricDefinition& d) { return d.id == metric.id; }))
                report_.not_compared.push_back("metric " + std::to_string(metric.id) + ": it is defined nowhere");
        std::size_t done = 0;
        for (const MetricDefinition& definition : options_.definitions) {
            if (options_.progress)
                options_.progress("comparing", kReplayShare + (1 - kReplayShare) * static_cast<double>(done) /
                                                                  static_cast<double>(options_.definitions.size()));
            ++done;
            if (options_.cancelled != nullptr && options_.cancelled->load())
                return Error::make(ErrorCode::Cancelled, "the audit was cancelled");
            const auto found = std::find_if(stored->begin(), stored->end(),
                                            [&definition](const StoredMetric& m) { return m.id == definition.id; });
            if (found == stored->end()) {
                if (report_.stored.next != 1)
                    report_.not_compared.push_back(definition.name + ": not in the store yet");
                continue;
            }
            if (found->backfill) {
                report_.not_compared.push_back(definition.name + ": still being filled from the journal");
                continue;
            }
            if (whole)
                if (Status s = compare_counters(*found, definition); !s.ok()) return s;
            for (std::uint8_t tier = 0; tier < definition.tiers.size(); ++tier)
                if (Status s = compare_tier(definition, tier); !s.ok()) return s;
        }
        if (whole)
            if (Status s = compare_users(); !s.ok()) return s;
        if (options_.progress) options_.progress("comparing", 1);
        return {};
    }

    Status compare_counters(const StoredMetric& stored, const MetricDefinition& definition) {
        const Result<std::vector<StoredMetric>> all = recomputed_->metrics();
        if (!all.ok()) return all.error();
        const auto text = [](const MetricCounters& c) {
            return "late " + std::to_string(c.late) + ", too late " + std::to_string(c.too_late) + ", not numeric " +
                   std::to_string(c.not_numeric);
        };
        MetricCounters again;
        for (const StoredMetric& metric : *all)
            if (metric.id == definition.id) again = metric.counters;
        if (again == stored.counters) return {};
        note({definition.id, 0, kNoWindow, "(counters)", text(stored.counters), text(again)});
        return {};
    }

    Status compare_tier(const MetricDefinition& definition, std::uint8_t tier) {
        AuditedTable table{definition.id, definition.name, tier, definition.tiers[tier].window_micros, {}};
        const std::int64_t from = report_.comparable_from ? report_.comparable_from->micros : kAllWindows;
        const Result<Comparison> compared =
            compare_results(*stored_, *recomputed_, definition, tier, report_.stored.log_clock, from,
                            [this](ResultDifference&& difference) { note(std::move(difference)); });
        if (!compared.ok()) return compared.error();
        table.comparison = *compared;
        report_.left_out += compared->left_out;
        report_.tables.push_back(std::move(table));
        return {};
    }

    Status compare_users() {
        std::unordered_map<std::string, UserActivity> users;
        const Timestamp clock = report_.stored.log_clock;
        Status read = visit_users(*stored_, clock, [&](UserActivity&& user) {
            std::string id = user.user_id;
            users.emplace(std::move(id), std::move(user));
        });
        if (!read.ok()) return read;
        report_.users = users.size();
        read = visit_users(*recomputed_, clock, [&](UserActivity&& user) {
            const auto found = users.find(user.user_id);
            if (found == users.end() || found->second != user) ++report_.user_differences;
            if (found != users.end()) users.erase(found);
        });
        report_.user_differences += users.size();
        return read;
    }

    void note(ResultDifference&& difference) {
        ++report_.difference_count;
        if (report_.differences.size() < kListedDifferences) report_.differences.push_back(std::move(difference));
    }
    std::string name_of(MetricId id) const {
        for (const MetricDefinition& definition : options_.definitions)
            if (definition.id == id) return definition.name;
        return std::to_string(id);
    }

    const AuditOptions& options_;
    AuditReport report_;
    std::unique_ptr<JournalSnapshot> journal_;
    std::optional<SealedSpan> last_span_;      // that the baseline took in
    std::optional<ScratchDirectory> scratch_;  // outlives what reads in it
    std::unique_ptr<StoreSnapshot> stored_, recomputed_;
};

}  // namespace

Result<AuditReport> audit(const AuditOptions& options) {
    return Audit(options).run();
}

}  // namespace streamgauge
