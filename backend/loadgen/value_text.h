// SPDX-License-Identifier: GPL-3.0-or-later
// Writing of generated values in place, without allocation, and the forms in which text is put where it goes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/time.h"

namespace streamgauge::loadgen {

// Two words as a UUID: the version and variant bits are in them. 36 characters.
char* put_uuid(char* out, std::uint64_t high, std::uint64_t low);
inline constexpr std::size_t kUuidBytes = 36;

// A random id of version 4, or of version 7 with the time in front (RFC 9562), from random words.
char* put_uuid4(char* out, std::uint64_t high, std::uint64_t low);
char* put_uuid7(char* out, Timestamp now, std::uint64_t high, std::uint64_t low);

char* put_hex(char* out, std::uint64_t word, std::size_t digits);

// RFC 3339 with microseconds. The text of a second is made once; only the microseconds change within it.
class TimeText {
public:
    static constexpr std::size_t kBytes = 27;  // 2026-01-01T00:00:00.000000Z

    TimeText();
    std::string_view text(Timestamp time);

private:
    std::string text_;
    std::int64_t second_ = INT64_MIN;
};

// How text is written so that it means itself where it stands.
enum class Place : std::uint8_t {
    Plain,   // as it is: bodies that are not JSON
    Header,  // the same, and it must not have line breaks
    Json,    // within the quotes of a JSON string
    Target,  // within a path or query: percent-encoded
};
std::string placed(std::string_view text, Place place);

}  // namespace streamgauge::loadgen
