// SPDX-License-Identifier: GPL-3.0-or-later
// The doors that the events of one span came by, numbered: an event's row has the number alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/dialect.h"

namespace streamgauge {

// AppendRequest's source, dialect and sender.
struct Door {
    std::string source;
    Dialect dialect = Dialect::Generic;
    std::string sender;
};

// Numbers count from 1, in the order of add(). Not thread-safe.
class DoorNames {
public:
    static constexpr std::size_t kMost = 10'000;      // in a span
    static constexpr std::size_t kMostNamed = 9'000;  // then only doors without a sender are added

    // 0 when there is none.
    std::uint32_t find(std::string_view source, Dialect dialect, std::string_view sender) const;
    // Precondition: find() gave 0, and size() < kMost.
    std::uint32_t add(Door door);
    std::size_t size() const { return doors_.size(); }
    // Forgets the newest beyond `size`.
    void shrink(std::size_t size);

private:
    static std::size_t hash(std::string_view source, Dialect dialect, std::string_view sender);
    bool is(std::uint32_t number, std::string_view source, Dialect dialect, std::string_view sender) const;
    std::vector<Door> doors_;
    std::unordered_multimap<std::size_t, std::uint32_t> numbers_;  // by hash
    mutable std::uint32_t latest_ = 0;                             // most requests come by the same door as the last
};

}  // namespace streamgauge
