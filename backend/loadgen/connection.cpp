// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/connection.h"

#include <cerrno>
#include <cstring>

namespace streamgauge::loadgen {

void Connection::make_room(std::uint32_t depth, std::size_t request_bytes) {
    if (ring_) return;
    depth_ = depth;
    capacity_ = depth * request_bytes;
    ring_ = std::make_unique<CarriedRequest[]>(depth);
    bytes_ = std::make_unique<char[]>(capacity_);
}

void Connection::carry(const CarriedRequest& request) {
    ++carried_;
    at(carried_ - 1) = request;
}

void Connection::pop_front() {
    first_ = (first_ + 1) % depth_;
    --carried_;
}

void Connection::put(std::string_view bytes) {
    if (end_ + bytes.size() > capacity_) {
        std::memmove(bytes_.get(), bytes_.get() + begin_, unsent());
        end_ = unsent();
        begin_ = 0;
    }
    std::memcpy(bytes_.get() + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
    given_ += bytes.size();
    at(carried_ - 1).end = given_;
}

int Connection::write_now(std::string_view bytes) {
    const std::size_t all = bytes.size();
    const int error = socket.write(bytes);
    given_ += all - bytes.size();
    at(carried_ - 1).end = given_;
    if (!bytes.empty()) put(bytes);
    return error;
}

int Connection::write() {
    std::string_view bytes(bytes_.get() + begin_, unsent());
    const int error = socket.write(bytes);
    begin_ = end_ - bytes.size();
    if (begin_ == end_) begin_ = end_ = 0;
    return error;
}

void Connection::end() {
    socket.shut();
    state = State::Closed;
    parser.reset();
    first_ = carried_ = 0;
    begin_ = end_ = 0;
    given_ = 0;
}

}  // namespace streamgauge::loadgen
