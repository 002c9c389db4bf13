// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/table_pages.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/sqlite.h"

namespace streamgauge {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kWindowPages = 64;  // read at once: leaves that were appended follow each other
constexpr std::size_t kOverread = 32;     // of two varints at the end of a page
constexpr int kDeepest = 20;
constexpr std::uint64_t kLargestRow = 16ULL << 20;
constexpr unsigned char kInterior = 0x05, kLeaf = 0x0d;
constexpr std::size_t kInteriorHeader = 12, kLeafHeader = 8;

std::uint32_t be16(const unsigned char* p) {
    return static_cast<std::uint32_t>(p[0]) << 8 | p[1];
}
std::uint32_t be32(const unsigned char* p) {
    return be16(p) << 16 | be16(p + 2);
}

// Section 1.6. At most nine bytes are read.
inline const unsigned char* varint(const unsigned char* p, std::uint64_t& out) {
    if (p[0] < 0x80) {
        out = p[0];
        return p + 1;
    }
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) {
        value = value << 7 | (p[i] & 0x7F);
        if (p[i] < 0x80) {
            out = value;
            return p + i + 1;
        }
    }
    out = value << 8 | p[8];
    return p + 9;
}

// The same of untrusted bytes before `end`: nullptr where they end within the number. Precondition: p < end.
inline const unsigned char* varint(const unsigned char* p, const unsigned char* end, std::uint64_t& out) {
    if (p[0] < 0x80 || end - p >= 9) return varint(p, out);
    for (const unsigned char* last = p; last < end; ++last)
        if (*last < 0x80) return varint(p, out);
    return nullptr;
}

// Bytes of a column, by its serial type.
inline std::uint64_t size_of(std::uint64_t type) {
    constexpr std::array<std::uint8_t, 12> kSizes{0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
    return type < kSizes.size() ? kSizes[type] : (type - 12) / 2;
}

Error corrupt(const char* what) {
    return Error::make(ErrorCode::Corrupt, std::string("the journal's file is damaged: ") + what);
}

Error unreadable() {
    return Error::make(ErrorCode::Io, "a page of the journal cannot be read");
}

sqlite3_int64 offset_of(std::uint32_t page) {
    return static_cast<sqlite3_int64>(page - 1) * static_cast<sqlite3_int64>(kPage);
}

}  // namespace

bool StoredRow::parse(const unsigned char* data, std::size_t size, std::size_t columns) {
    if (size == 0) return false;
    std::uint64_t header = 0;
    const unsigned char* at = varint(data, data + size, header);
    if (at == nullptr || header > size) return false;
    const unsigned char* const end = data + header;
    std::uint64_t offset = header;
    for (std::size_t i = 0; i < columns; ++i) {
        if (at >= end) return false;
        std::uint64_t type = 0;
        at = varint(at, data + size, type);
        if (at == nullptr) return false;
        const std::uint64_t bytes = size_of(type);
        if (bytes > size - offset) return false;
        types_[i] = type;
        at_[i] = static_cast<std::uint32_t>(offset);
        offset += bytes;
    }
    data_ = data;
    return at <= end;
}

std::int64_t StoredRow::integer(std::size_t column) const {
    const std::uint64_t type = types_[column];
    if (type == 9) return 1;
    if (type == 0 || type > 6) return 0;
    const unsigned char* const p = data_ + at_[column];
    const auto bytes = static_cast<std::size_t>(size_of(type));
    std::uint64_t value = p[0] < 0x80 ? 0 : ~std::uint64_t{0};
    for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | p[i];
    return static_cast<std::int64_t>(value);
}

TablePages::TablePages(sqlite3_file* file, std::uint32_t root, std::size_t columns)
    : file_(file),
      root_(root),
      columns_(columns),
      window_(std::make_unique<unsigned char[]>(kWindowPages * kPage + kOverread)) {}

Result<TablePages> TablePages::open(sqlite3* connection, const char* table, std::size_t columns) {
    sqlite3_file* file = nullptr;
    if (sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file)) != SQLITE_OK ||
        file == nullptr || file->pMethods == nullptr)
        return Error::make(ErrorCode::InvalidArgument, "the database has no file");
    Result<sql::Statement> found = sql::Statement::prepare(
        connection,
        "SELECT rootpage, (SELECT count(*) FROM pragma_table_info(?1)) FROM sqlite_schema WHERE type "
        "= 'table' AND name = ?1");
    if (!found.ok()) return found.error();
    const Result<bool> there = found->bind_text(1, table).step();
    if (!there.ok()) return there.error();
    if (!*there || found->integer(1) != static_cast<std::int64_t>(columns) || columns > StoredRow::kMostColumns)
        return Error::make(ErrorCode::InvalidArgument, "there is no such table");
    TablePages out(file, static_cast<std::uint32_t>(found->integer(0)), columns);
    const unsigned char* const head = out.page(1);
    // Bytes 16, 20 and 56 of the file: page size, bytes reserved in each page, text encoding.
    if (head == nullptr || be16(head + 16) != kPage || head[20] != 0 || be32(head + 56) != 1)
        return Error::make(ErrorCode::InvalidArgument, "the file has another form");
    out.first_ = 0;
    return out;
}

const unsigned char* TablePages::page(std::uint32_t number) {
    if (number == 0) return nullptr;
    if (first_ == 0 || number < first_ || number >= first_ + kWindowPages) {
        first_ = 0;
        const int read =
            file_->pMethods->xRead(file_, window_.get(), static_cast<int>(kWindowPages * kPage), offset_of(number));
        if (read != SQLITE_OK && read != SQLITE_IOERR_SHORT_READ) return nullptr;  // what is beyond the end is zero
        first_ = number;
    }
    return window_.get() + (number - first_) * kPage;
}

Status TablePages::visit(std::int64_t from, std::int64_t to, Visitor& visitor) {
    from_ = from;
    to_ = to;
    visitor_ = &visitor;
    over_ = false;
    last_row_ = last_key_ = std::numeric_limits<std::int64_t>::min();
    first_ = 0;  // may have changed since
    // All leaves are equally deep.
    std::array<unsigned char, kPage + kOverread> left{};
    leaf_depth_ = 0;
    for (std::uint32_t number = root_;; ++leaf_depth_) {
        if (!read_alone(number, left.data())) return unreadable();
        if (left[0] == kLeaf) break;
        if (left[0] != kInterior || leaf_depth_ == kDeepest) return corrupt("a page is of another kind");
        const std::size_t cell = be16(left.data() + 3) == 0 ? 8 : be16(left.data() + kInteriorHeader);
        if (cell + 5 > kPage) return corrupt("a cell is outside of its page");
        number = be32(left.data() + cell);
    }
    return walk(root_, 0);
}

bool TablePages::read_alone(std::uint32_t number, unsigned char* into) {
    if (number == 0) return false;
    const int read = file_->pMethods->xRead(file_, into, static_cast<int>(kPage), offset_of(number));
    return read == SQLITE_OK;
}

Status TablePages::walk(std::uint32_t number, int depth) {
    if (depth == leaf_depth_) {
        const unsigned char* const leaf = this->page(number);
        if (leaf == nullptr) return unreadable();
        return leaf[0] == kLeaf ? walk_leaf(leaf) : Status(corrupt("a page is of another kind"));
    }
    std::array<unsigned char, kPage + kOverread> page{};
    if (!read_alone(number, page.data())) return unreadable();
    if (page[0] != kInterior) return corrupt("a page is of another kind");
    const std::size_t cells = be16(page.data() + 3);
    if (kInteriorHeader + 2 * cells > kPage) return corrupt("a page has too many cells");
    for (std::size_t i = 0; i < cells; ++i) {
        const std::size_t cell = be16(page.data() + kInteriorHeader + 2 * i);
        if (cell + 5 > kPage) return corrupt("a cell is outside of its page");
        std::uint64_t last = 0;
        varint(page.data() + cell + 4, last);
        const auto key = static_cast<std::int64_t>(last);
        if (key >= from_)
            if (Status walked = walk(be32(page.data() + cell), depth + 1); !walked.ok() || over_) return walked;
        if (key <= last_key_ || key < last_row_) return corrupt("pages are not in order");
        last_key_ = key;
        if (key < from_) continue;
        if (key >= to_ - 1) {
            over_ = true;
            return {};
        }
    }
    return walk(be32(page.data() + 8), depth + 1);
}

Status TablePages::walk_leaf(const unsigned char* page) {
    // Section 1.6: what of a row is kept in its leaf.
    constexpr std::uint64_t kMostLocal = kPage - 35, kLeastLocal = (kPage - 12) * 32 / 255 - 23;
    const std::size_t cells = be16(page + 3);
    if (kLeafHeader + 2 * cells > kPage) return corrupt("a page has too many cells");
    StoredRow row;
    for (std::size_t i = 0; i < cells; ++i) {
        const std::size_t cell = be16(page + kLeafHeader + 2 * i);
        if (cell >= kPage) return corrupt("a cell is outside of its page");
        std::uint64_t size = 0, id = 0;
        const unsigned char* data = varint(varint(page + cell, size), id);
        const auto rowid = static_cast<std::int64_t>(id);
        if (rowid <= last_row_) return corrupt("rows are not in order");
        last_row_ = rowid;
        if (rowid < from_) continue;
        if (rowid >= to_) {
            over_ = true;
            return {};
        }
        std::uint64_t local = size;
        if (size > kMostLocal) {
            local = kLeastLocal + (size - kLeastLocal) % (kPage - 4);
            if (local > kMostLocal) local = kLeastLocal;
        }
        const std::uint64_t here = local + (local < size ? 4 : 0);
        if (data > page + kPage || here > static_cast<std::uint64_t>(page + kPage - data) || size > kLargestRow)
            return corrupt("a row is longer than its page");
        if (local < size) {
            const std::uint32_t leaf =
                first_ + static_cast<std::uint32_t>((page - window_.get()) / static_cast<std::ptrdiff_t>(kPage));
            data = whole(data, static_cast<std::size_t>(local), size);
            if (data == nullptr) return corrupt("a long row cannot be read");
            page = this->page(leaf);
            if (page == nullptr) return corrupt("a page cannot be read again");
        }
        if (!row.parse(data, static_cast<std::size_t>(size), columns_)) return corrupt("a row cannot be read");
        if (!visitor_->visit(rowid, row)) {
            over_ = true;
            return {};
        }
    }
    return {};
}

const unsigned char* TablePages::whole(const unsigned char* local, std::size_t local_size, std::uint64_t size) {
    std::uint32_t next = be32(local + local_size);
    row_.assign(local, local + local_size);
    while (row_.size() < size) {
        const unsigned char* const more = page(next);
        if (more == nullptr) return nullptr;
        const std::size_t bytes = std::min<std::size_t>(static_cast<std::size_t>(size) - row_.size(), kPage - 4);
        row_.insert(row_.end(), more + 4, more + 4 + bytes);
        next = be32(more);
    }
    row_.resize(row_.size() + kOverread);
    return row_.data();
}

}  // namespace streamgauge
