// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes on their way to a client: small ones gathered in one reused buffer, large and shared ones beside it uncopied.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace streamgauge::http {

class OutputQueue {
public:
    static constexpr std::size_t kCopyBytes = 4096;  // up to this a copy is cheaper than another segment

    void append(std::string_view bytes);
    void append(std::string&& bytes);
    void append(const std::shared_ptr<const std::string>& bytes);

    // Fills at most `max` segments in order; returns how many.
    std::size_t gather(iovec* segments, std::size_t max) const;
    // The first `count` bytes are out.
    void consume(std::size_t count);
    std::size_t size() const { return size_; }
    void clear();

private:
    struct Piece {
        std::string own;
        std::shared_ptr<const std::string> shared;
        std::string_view view() const { return shared ? std::string_view(*shared) : std::string_view(own); }
    };
    std::string small_;  // comes before pieces_
    std::size_t small_done_ = 0;
    std::deque<Piece> pieces_;
    std::size_t piece_done_ = 0;  // of the first piece
    std::size_t size_ = 0;
};

}  // namespace streamgauge::http
