// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/door_names.h"

namespace streamgauge {

std::size_t DoorNames::hash(std::string_view source, Dialect dialect, std::string_view sender) {
    const std::hash<std::string_view> of;
    return (of(source) * 31 + static_cast<std::size_t>(dialect)) * 31 + of(sender);
}

bool DoorNames::is(std::uint32_t number, std::string_view source, Dialect dialect, std::string_view sender) const {
    const Door& door = doors_[number - 1];
    return door.dialect == dialect && door.source == source && door.sender == sender;
}

std::uint32_t DoorNames::find(std::string_view source, Dialect dialect, std::string_view sender) const {
    if (latest_ != 0 && is(latest_, source, dialect, sender)) return latest_;
    const auto [first, last] = numbers_.equal_range(hash(source, dialect, sender));
    for (auto number = first; number != last; ++number)
        if (is(number->second, source, dialect, sender)) return latest_ = number->second;
    return 0;
}

std::uint32_t DoorNames::add(Door door) {
    const std::size_t key = hash(door.source, door.dialect, door.sender);
    doors_.push_back(std::move(door));
    latest_ = static_cast<std::uint32_t>(doors_.size());
    numbers_.emplace(key, latest_);
    return latest_;
}

void DoorNames::shrink(std::size_t size) {
    for (; doors_.size() > size; doors_.pop_back()) {
        const Door& door = doors_.back();
        const auto [first, last] = numbers_.equal_range(hash(door.source, door.dialect, door.sender));
        for (auto number = first; number != last; ++number)
            if (number->second == doors_.size()) {
                numbers_.erase(number);
                break;
            }
    }
    latest_ = 0;
}

}  // namespace streamgauge
