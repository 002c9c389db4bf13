// SPDX-License-Identifier: GPL-3.0-or-later
// The tables of store.db, and how its rows are read and written: shared by the connection that writes and those that
// read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "metrics/partition_state.h"

namespace streamgauge::store_layout {

// Of the tables. What the built-in metrics are is kept beside it, so that another definition of one counts as another
// layout by itself.
inline constexpr std::int64_t kVersion = 3;

enum class Found { Usable, OlderVersion };
// Makes the tables in an empty file. Corrupt when it is no store, or a newer version's.
Result<Found> check_or_create(sqlite3* connection, const std::string& path);
// The same without making anything: NotFound in an empty file, Corrupt for any other version.
Status check(sqlite3* connection, const std::string& path);

// Columns of a PartitionState, in the order of bind_state() and read_state().
inline constexpr std::string_view kStateColumns =
    "next_offset, aggregated, too_late, late, future, system, log_clock, watermark";
inline constexpr int kStateColumnCount = 8;
void bind_state(sql::Statement& statement, int first_parameter, const PartitionState& state);
PartitionState read_state(const sql::Statement& row, int first_column);

Status prepare(sqlite3* connection, std::initializer_list<std::pair<sql::Statement*, std::string_view>> statements);

}  // namespace streamgauge::store_layout
