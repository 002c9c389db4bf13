// SPDX-License-Identifier: GPL-3.0-or-later
// Files of which any byte may be wrong: the reader of pages ends, reads nothing beyond, and gives rows in order or says
// that the file is corrupt.
#include <sqlite3.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "journal/table_pages.h"

namespace {

using streamgauge::StoredRow;
using streamgauge::TablePages;

constexpr std::size_t kColumns = 3;

void touch(const StoredRow& row) {
    for (std::size_t column = 0; column < kColumns; ++column) {
        (void)row.integer(column);
        std::uint64_t sum = 0;
        for (const char byte : row.bytes(column)) sum += static_cast<unsigned char>(byte);
        if (sum == std::numeric_limits<std::uint64_t>::max()) std::abort();
    }
}

class Rows final : public TablePages::Visitor {
public:
    bool visit(std::int64_t rowid, const StoredRow& row) override {
        if (any_ && rowid <= last_) std::abort();
        any_ = true;
        last_ = rowid;
        touch(row);
        return ++rows_ < 100'000;
    }

private:
    bool any_ = false;
    std::int64_t last_ = 0;
    std::size_t rows_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    StoredRow row;
    if (row.parse(data, size, kColumns)) touch(row);
    sqlite3* connection = nullptr;
    if (sqlite3_open(":memory:", &connection) != SQLITE_OK) return 0;
    auto* const file = static_cast<unsigned char*>(sqlite3_malloc64(size + 1));
    if (file != nullptr) {
        for (std::size_t i = 0; i < size; ++i) file[i] = data[i];
        const auto bytes = static_cast<sqlite3_int64>(size);
        // The connection frees it.
        if (sqlite3_deserialize(connection, "main", file, bytes, bytes + 1, SQLITE_DESERIALIZE_FREEONCLOSE) ==
            SQLITE_OK) {
            auto pages = TablePages::open(connection, "event", kColumns);
            if (pages.ok()) {
                Rows rows;
                (void)pages->visit(1, std::numeric_limits<std::int64_t>::max(), rows);
            }
        }
    }
    sqlite3_close(connection);
    return 0;
}
