// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives, the states of their alerts, and the figures that they are computed from, slice by slice: a SQLite file
// beside the journal (objectives.db).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "query/query.h"
#include "slo/alert.h"
#include "slo/objective.h"
#include "slo/request_figures.h"

namespace streamgauge::api {

// Slices are written narrow, and joined to wide ones when they are old.
inline constexpr std::int64_t kNarrowSliceMicros = 10'000'000;
inline constexpr std::int64_t kWideSliceMicros = 60'000'000;

struct KeptObjective {
    slo::Objective objective;  // as declared: without rules where the window gives them
    bool built_in = false;     // one of a fresh install, unchanged
    std::vector<slo::RuleState> states;
};

// Blocking. One thread at a time. What it has written survives a crash.
class ObjectiveStore {
public:
    // Opens or creates. Corrupt when it is something else, or of a newer version.
    static Result<std::unique_ptr<ObjectiveStore>> open(const std::string& path);
    // Of the same file beside the one that writes, to read slices.
    static Result<std::unique_ptr<ObjectiveStore>> open_reader(const std::string& path);

    // True until set_seeded(): nobody has declared anything yet.
    bool fresh() const { return fresh_; }
    Status set_seeded();

    Result<std::vector<KeptObjective>> objectives();
    Status put(const KeptObjective& objective);
    // What its alerts did goes with it.
    Status remove(const std::string& name);

    // States and what changed, together.
    Status put_states(const std::string& name, const std::vector<slo::RuleState>& states,
                      const std::vector<slo::AlertChange>& changes);
    // Oldest first, the newest `limit`.
    Result<std::vector<slo::AlertChange>> changes(const std::string& name, const query::TimeRange& range,
                                                  std::size_t limit);

    // Replaces the slice that starts there.
    Status put_slice(Timestamp start, std::int64_t width_micros, const slo::SliceFigures& figures);
    // Nothing where there is none.
    Result<std::optional<slo::SliceFigures>> slice(Timestamp start);
    // Those that start in [from, to), oldest first, until `take` returns false.
    using Take = std::function<bool(Timestamp start, std::int64_t width_micros, slo::SliceFigures&& figures)>;
    Status each_slice(Timestamp from, Timestamp to, const Take& take);

    // Slices narrower than kWideSliceMicros that end before `before` become slices of that width; about `most` at once.
    // Gives how many there were: 0, all is done.
    Result<std::size_t> widen(Timestamp before, std::size_t most);
    // Removes slices and changes that start before `before`, and the oldest slices while the file holds more bytes.
    Status forget(Timestamp before, std::uint64_t most_bytes);
    Result<std::uint64_t> bytes();

private:
    explicit ObjectiveStore(sql::Connection connection) : connection_(std::move(connection)) {}
    Status prepare();
    Status read_routes();
    Result<std::uint64_t> route_id(const std::string& name);
    Status in_transaction(const std::function<Status()>& work);
    Status write_slice(Timestamp start, std::int64_t width_micros, const slo::SliceFigures& figures);
    Result<std::vector<std::pair<Timestamp, slo::SliceFigures>>> narrow_slices(Timestamp before, std::size_t most);

    const sql::Connection connection_;
    bool fresh_ = false, reader_ = false;
    std::map<std::string, std::uint64_t, std::less<>> ids_;
    std::map<std::uint64_t, std::string> names_;
};

}  // namespace streamgauge::api
