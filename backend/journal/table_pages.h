// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the rows of one table of a SQLite file page by page, past SQLite's virtual machine, which takes most of the
// time of a scan. The format: https://www.sqlite.org/fileformat2.html, sections 1.3, 1.6 and 2.1.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sqlite3;
struct sqlite3_file;

namespace streamgauge {

// A row as it is stored: where each column is, decoded when it is asked for.
class StoredRow {
public:
    static constexpr std::size_t kMostColumns = 16;

    // False when the bytes are no row of so many columns.
    bool parse(const unsigned char* data, std::size_t size, std::size_t columns);

    // Of a column that is an integer or NULL, which is 0. Precondition: column < columns, here and below.
    std::int64_t integer(std::size_t column) const;
    // Of a text or blob; empty for others.
    std::string_view bytes(std::size_t column) const {
        const std::uint64_t type = types_[column];
        if (type < 12) return {};
        return {reinterpret_cast<const char*>(data_ + at_[column]), static_cast<std::size_t>((type - 12) / 2)};
    }

private:
    const unsigned char* data_ = nullptr;
    std::array<std::uint32_t, kMostColumns> at_{};
    std::array<std::uint64_t, kMostColumns> types_{};
};

class TablePages {
public:
    class Visitor {
    public:
        virtual ~Visitor() = default;
        // False: no more of them.
        virtual bool visit(std::int64_t rowid, const StoredRow& row) = 0;
    };

    // The table of that name with so many columns in a database that `connection` has open. Invalid when it has another
    // page size or encoding than ours. The connection must outlive this; it keeps the file open, because closing a file
    // by another descriptor would drop SQLite's locks on it.
    static Result<TablePages> open(sqlite3* connection, const char* table, std::size_t columns);

    // Rows with from <= rowid < to, ascending. Corrupt where the pages are not what they should be.
    // Precondition, until it returns: everything that is committed is in the file and nobody writes to it. That is so
    // while a read transaction is held that was begun before the write-ahead log was seen to be empty: what is appended
    // to the log meanwhile is not copied into the file before the transaction ends.
    Status visit(std::int64_t from, std::int64_t to, Visitor& visitor);

private:
    TablePages(sqlite3_file* file, std::uint32_t root, std::size_t columns);
    const unsigned char* page(std::uint32_t number);  // nullptr: cannot be read; valid until the next call
    bool read_alone(std::uint32_t number, unsigned char* into);
    Status walk(std::uint32_t number, int depth);
    Status walk_leaf(const unsigned char* page);
    // The whole of a row that continues on overflow pages; nullptr when it cannot be read.
    const unsigned char* whole(const unsigned char* local, std::size_t local_size, std::uint64_t size);

    sqlite3_file* file_;
    std::uint32_t root_;
    std::size_t columns_;
    std::unique_ptr<unsigned char[]> window_;  // kWindowPages, and bytes that may be over-read
    std::uint32_t first_ = 0;                  // page of the window; 0: none
    std::vector<unsigned char> row_;           // one with overflow pages
    std::int64_t from_ = 0, to_ = 0;
    Visitor* visitor_ = nullptr;
    std::int64_t last_row_ = 0, last_key_ = 0;  // that were passed; both go up, or pages are walked twice
    int leaf_depth_ = 0;
    bool over_ = false;
};

}  // namespace streamgauge
