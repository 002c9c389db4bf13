// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/letters.h"

#include <array>

namespace streamgauge {
namespace {

constexpr std::uint64_t kRowBytes = 512;
constexpr std::size_t kIdentifierLength = 8;  // a run of hexadecimal digits and dashes this long, with a digit in it
constexpr std::size_t kKindBytes = 400;
constexpr std::string_view kSomething = "\xE2\x80\xA6";  // …

constexpr std::array<std::string_view, 3> kStates{"open", "resending", "resent"};

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_identifier_part(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
}
bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// "/batch/17/userId" -> "/batch/…/userId"
std::string without_indexes(std::string_view pointer) {
    std::string out;
    while (!pointer.empty()) {
        const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
        const std::string_view part = pointer.substr(0, end);
        const bool index =
            part.size() > 1 && part.front() == '/' && part.find_first_not_of("0123456789", 1) == std::string_view::npos;
        out += index ? "/" + std::string(kSomething) : std::string(part);
        pointer.remove_prefix(end);
    }
    return out;
}

std::string without_particulars(std::string_view reason) {
    std::string out;
    for (std::size_t i = 0; i < reason.size();) {
        const char c = reason[i];
        const std::size_t quote_end = c == '"' ? reason.find('"', i + 1) : std::string_view::npos;
        if (quote_end != std::string_view::npos) {
            out.append("\"").append(kSomething).append("\"");
            i = quote_end + 1;
            continue;
        }
        const bool begins_word = i == 0 || !is_word(reason[i - 1]);
        std::size_t end = i;
        bool digit = false;
        while (begins_word && end < reason.size() && is_identifier_part(reason[end])) digit |= is_digit(reason[end++]);
        const bool whole = end == reason.size() || !is_word(reason[end]);
        // Numbers of up to ten digits are limits.
        const bool number = end - i <= 10 && reason.substr(i, end - i).find_first_not_of("0123456789") == reason.npos;
        if (digit && whole && !number && end - i >= kIdentifierLength) {
            out += kSomething;
            i = end;
            continue;
        }
        out += c;
        ++i;
    }
    return out;
}

}  // namespace

std::string_view to_string(LetterState state) {
    return kStates[static_cast<std::size_t>(state)];
}

std::optional<LetterState> letter_state_from(std::string_view word) {
    for (std::size_t i = 0; i < kStates.size(); ++i)
        if (kStates[i] == word) return static_cast<LetterState>(i);
    return std::nullopt;
}

std::string kind_of(std::string_view field, std::string_view reason) {
    std::string kind = without_indexes(field);
    if (!kind.empty()) kind += ": ";
    kind += without_particulars(reason);
    if (kind.size() <= kKindBytes) return kind;
    std::size_t end = kKindBytes;
    while (end > 0 && (static_cast<unsigned char>(kind[end]) & 0xC0) == 0x80) --end;  // not within a character
    kind.resize(end);
    return kind;
}

std::uint64_t letter_cost(std::uint64_t raw_bytes) {
    return raw_bytes + kRowBytes;
}

}  // namespace streamgauge
