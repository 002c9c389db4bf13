// SPDX-License-Identifier: GPL-3.0-or-later
// The rows that feed a run's columns: a CSV file as RFC 4180 has it (comma, quotes doubled within quotes, LF or CRLF),
// with the columns' names in its first line, read whole before the run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::loadgen {

class CsvRows {
public:
    static constexpr std::size_t kMostBytes = 64 * 1024 * 1024, kMostRows = 1'000'000, kMostColumns = 1000;

    // At least one row, each as wide as the first line, no name twice. InvalidArgument naming the line, with the
    // offset.
    static Result<CsvRows> parse(std::string_view text);
    // Io when the file cannot be read; its faults name it.
    static Result<CsvRows> load(const std::string& file);

    std::size_t rows() const { return values_.size() / names_.size(); }
    // NotFound when there is no such column.
    Result<std::size_t> column(std::string_view name) const;
    const std::string& value(std::size_t row, std::size_t column) const {
        return values_[row * names_.size() + column];
    }

private:
    std::vector<std::string> names_;
    std::vector<std::string> values_;  // row after row
};

}  // namespace streamgauge::loadgen
