// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/block_cursor.h"

#include <utility>

namespace streamgauge {

Status BlockCursor::start() {
    if (Status s = seek(range_.from); !s || !there()) return s;
    return next();
}

Status BlockCursor::seek(std::int64_t window) {
    blocks_.reset();
    blocks_.bind(1, range_.metric).bind(2, range_.tier).bind(3, window).bind_blob(4, range_.prefix);
    return step();
}

Status BlockCursor::step() {
    of_range_ = false;
    reader_.reset();
    const Result<bool> there = blocks_.step();
    if (!there) return there.error();
    if (!there.value()) return {};
    if (blocks_.integer(0) >= range_.to) {
        blocks_.reset();
        return {};
    }
    Result<CellBlockReader> reader = CellBlockReader::open(blocks_.bytes(1));
    if (!reader) return reader.error();
    reader_ = std::move(reader).value();
    return {};
}

Status BlockCursor::next() {
    for (;;) {
        const Result<bool> cell = reader_->next();
        if (!cell) return cell.error();
        if (cell.value()) {
            if (reader_->window() >= range_.to) {
                reader_.reset();
                blocks_.reset();
                return {};
            }
            if (reader_->window() < range_.from || !reader_->group().starts_with(range_.prefix)) continue;
            of_range_ = true;
            return {};
        }
        if (of_range_ || range_.prefix.empty()) {
            if (Status s = step(); !s || !there()) return s;
            continue;
        }
        // All of a block is of other groups: many more may follow. Where the prefix comes next: in this window, or else
        // in the next one.
        std::int64_t window = reader_->window();
        if (reader_->group() > range_.prefix && ++window >= range_.to) {
            reader_.reset();
            return {};
        }
        if (Status s = seek(window); !s || !there()) return s;
    }
}

}  // namespace streamgauge
