// SPDX-License-Identifier: GPL-3.0-or-later
// Many cells of one metric and tier in a row of bytes, in (window, group) order: a tenth of what they take as rows of
// their own, and read ten times as fast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "metrics/byte_code.h"
#include "metrics/cell_table.h"

namespace streamgauge {

// Not thread-safe.
class CellBlockWriter {
public:
    static constexpr std::size_t kMostCells = 1'024, kMostBytes = std::size_t{32} * 1024;

    explicit CellBlockWriter(Aggregate aggregate) : aggregate_(aggregate) {}

    // Precondition: (window, group) is greater than that of the cell before.
    void add(std::int64_t window, std::string_view group, const Cell& cell);
    bool empty() const { return cells_ == 0; }
    bool full() const { return cells_ >= kMostCells || body_.size() >= kMostBytes; }
    std::int64_t first_window() const { return first_window_; }
    std::int64_t last_window() const { return window_; }
    const std::string& last_group() const { return group_; }
    // What was added since the last call. Precondition: not empty().
    std::string take();

private:
    const Aggregate aggregate_;
    std::size_t cells_ = 0;
    std::int64_t first_window_ = 0, window_ = 0;
    std::string group_, body_;
};

// Trusts no byte. Not thread-safe.
class CellBlockReader {
public:
    // `bytes` must outlive what is read. Corrupt when they do not begin as a block.
    static Result<CellBlockReader> open(std::string_view bytes);

    // The next cell is there: window(), group() and cell() are its until the next call. False at the end. Corrupt when
    // the bytes are not what a writer made.
    Result<bool> next();
    Aggregate aggregate() const { return aggregate_; }
    std::int64_t window() const { return window_; }
    std::string_view group() const { return group_; }
    const Cell& cell() const { return cell_; }  // its text is a view of the bytes

private:
    CellBlockReader(Aggregate aggregate, std::uint64_t cells, std::int64_t window, std::string_view rest)
        : aggregate_(aggregate), left_(cells), window_(window), rest_(rest) {}

    Aggregate aggregate_;
    std::uint64_t left_;
    std::int64_t window_;
    ByteReader rest_;
    std::string group_;
    Cell cell_;
    bool first_ = true;
};

}  // namespace streamgauge
