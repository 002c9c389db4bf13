// SPDX-License-Identifier: GPL-3.0-or-later
// Writes JSON text straight into a string, member by member, in the order it is told: answers are small, often and of
// known shape, so there is no tree in between. Reading JSON is a library's job (codec.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace streamgauge::api {

// Whether all of `text` is well-formed UTF-8 (RFC 3629, section 4).
bool valid_utf8(std::string_view text);

// Appends `text` quoted and escaped (RFC 8259, section 7). Bytes that are not UTF-8 become U+FFFD, so that what leaves
// the server is always valid JSON.
void append_json_string(std::string& out, std::string_view text);
// The shortest digits that read back as the same value. What JSON cannot say (infinity, not a number) becomes 0.
void append_json_number(std::string& out, double value);
// Hundredths as a decimal with exactly two places: 1250 -> 12.50, -5 -> -0.05. No rounding anywhere.
void append_json_hundredths(std::string& out, std::int64_t hundredths);

// Commas are its business; that objects and arrays are closed in order, and that members have keys, is the caller's.
// Not thread-safe.
class JsonWriter {
public:
    JsonWriter& begin_object() { return open('{'); }
    JsonWriter& end_object() { return close('}'); }
    JsonWriter& begin_array() { return open('['); }
    JsonWriter& end_array() { return close(']'); }
    // `name` must need no escaping.
    JsonWriter& key(std::string_view name);

    JsonWriter& string(std::string_view value);
    JsonWriter& number(double value);
    JsonWriter& integer(std::int64_t value);
    JsonWriter& unsigned_integer(std::uint64_t value);
    JsonWriter& hundredths(std::int64_t value);
    JsonWriter& boolean(bool value);
    JsonWriter& null();
    // `json` must be one valid JSON value.
    JsonWriter& raw(std::string_view json);

    // Gives the text away; the writer is empty afterwards.
    std::string take();

private:
    JsonWriter& open(char bracket);
    JsonWriter& close(char bracket);
    void separate();

    std::string out_;
    bool comma_ = false;
};

}  // namespace streamgauge::api
