// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/output_queue.h"

#include <algorithm>

namespace streamgauge::http {

void OutputQueue::append(std::string_view bytes) {
    size_ += bytes.size();
    if (pieces_.empty()) {
        small_ += bytes;
    } else if (!pieces_.back().shared && pieces_.back().own.size() + bytes.size() <= kCopyBytes) {
        pieces_.back().own += bytes;
    } else {
        pieces_.push_back({std::string(bytes), nullptr});
    }
}

void OutputQueue::append(std::string&& bytes) {
    if (bytes.size() <= kCopyBytes) return append(std::string_view(bytes));
    size_ += bytes.size();
    pieces_.push_back({std::move(bytes), nullptr});
}

void OutputQueue::append(const std::shared_ptr<const std::string>& bytes) {
    if (bytes->size() <= kCopyBytes) return append(std::string_view(*bytes));
    size_ += bytes->size();
    pieces_.push_back({{}, bytes});
}

std::size_t OutputQueue::gather(iovec* segments, std::size_t max) const {
    std::size_t count = 0;
    const auto add = [&](std::string_view bytes) {
        if (!bytes.empty()) segments[count++] = {const_cast<char*>(bytes.data()), bytes.size()};  // writev() only reads
    };
    if (max > 0) add(std::string_view(small_).substr(small_done_));
    std::size_t skip = piece_done_;
    for (const Piece& piece : pieces_) {
        if (count == max) break;
        add(piece.view().substr(skip));
        skip = 0;
    }
    return count;
}

void OutputQueue::consume(std::size_t count) {
    size_ -= count;
    const std::size_t small = std::min(count, small_.size() - small_done_);
    small_done_ += small;
    count -= small;
    if (small_done_ == small_.size()) {
        constexpr std::size_t kKept = 64 * 1024;  // a buffer that once grew is given back
        if (small_.capacity() > kKept) small_ = {};
        small_.clear();
        small_done_ = 0;
    }
    while (count > 0) {
        const std::size_t left = pieces_.front().view().size() - piece_done_;
        if (count < left) {
            piece_done_ += count;
            return;
        }
        count -= left;
        pieces_.pop_front();
        piece_done_ = 0;
    }
}

void OutputQueue::clear() {
    *this = {};
}

}  // namespace streamgauge::http
