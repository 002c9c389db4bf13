// SPDX-License-Identifier: GPL-3.0-or-later
// Writes members of parsed JSON as one minified object: the event's props. Of two members with one name the first wins.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace streamgauge {

// Appends `text` as a JSON string with its quotes. False when it holds U+0000 (nothing useful is appended then).
bool append_json_string(std::string& out, std::string_view text);

// A set of views, fast for a handful and safe for thousands chosen by an adversary (keyed SipHash).
class NameSet {
public:
    NameSet();
    void clear();
    // False when it was in already. The text behind `name` must outlive the set's next clear().
    bool insert(std::string_view name);

private:
    bool insert_hashed(std::string_view name);
    std::uint64_t hash(std::string_view name) const;
    std::vector<std::string_view> names_;
    std::vector<std::uint32_t> slots_;  // index into names_ plus one; empty while there are few names
    std::uint8_t key_[16];
};

// Reuses its memory from event to event. Not thread-safe.
class PropsWriter {
public:
    enum class Outcome { Ok, HoldsNul, TooDeep, TooLarge };

    void begin();
    // `depth` is the level that `value` would have as a container (the event itself is level 1).
    Outcome member(std::string_view name, simdjson::dom::element value, std::size_t depth);
    // The same with a text that is in no parsed document; it is copied, `name` must outlive finish().
    Outcome text_member(std::string_view name, std::string_view text);
    // The same with a value that is JSON already, minified and sound; it is copied.
    Outcome json_member(std::string_view name, std::string_view json);
    // The finished object. Valid until begin().
    std::string_view finish();

private:
    Outcome value(simdjson::dom::element element, std::size_t depth);
    std::string text_;
    NameSet names_;
};

}  // namespace streamgauge
