// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/json_scan.h"

#include <algorithm>
#include <charconv>

namespace streamgauge {
namespace {

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Of an unsigned JSON number: the power of ten of its first digit that is not 0, roughly; tells overflow from
// underflow.
std::int64_t decimal_exponent(std::string_view number) {
    const std::size_t mark = number.find_first_of("eE");
    const std::string_view mantissa = number.substr(0, mark);
    std::int64_t exponent = 0;
    if (mark != std::string_view::npos) {
        const std::string_view text = number.substr(number[mark + 1] == '+' ? mark + 2 : mark + 1);
        if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec != std::errc{})
            exponent = text.front() == '-' ? -(1LL << 32) : 1LL << 32;
    }
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const std::size_t digit = mantissa.find_first_not_of("0.");
    if (digit == std::string_view::npos) return 0;
    return exponent + static_cast<std::int64_t>(point) - static_cast<std::int64_t>(digit);
}

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Walks brackets and strings only. `at` is left behind the value. False when they do not pair up.
class Skeleton {
public:
    explicit Skeleton(std::string_view text) : text_(text) {}

    std::size_t at() const { return at_; }
    bool done() const { return at_ >= text_.size(); }
    char peek() const { return text_[at_]; }
    void step() { ++at_; }
    void skip_space() {
        while (!done() && is_space(peek())) ++at_;
    }

    bool skip_string() {
        for (++at_; !done(); ++at_) {
            if (peek() == '\\') {
                ++at_;
            } else if (peek() == '"') {
                ++at_;
                return true;
            }
        }
        return false;
    }

    // Any value; a scalar ends before a comma or a closing bracket.
    bool skip_value() {
        open_.clear();
        const std::size_t begin = at_;
        while (!done()) {
            const char c = peek();
            if (c == '"') {
                if (!skip_string()) return false;
                if (open_.empty()) return true;
            } else if (c == '{' || c == '[') {
                open_ += c == '{' ? '}' : ']';
                ++at_;
            } else if (c == '}' || c == ']') {
                if (open_.empty()) return at_ > begin;
                if (open_.back() != c) return false;
                open_.pop_back();
                ++at_;
                if (open_.empty()) return true;
            } else if (open_.empty() && (c == ',' || is_space(c))) {
                return at_ > begin;
            } else {
                ++at_;
            }
        }
        return open_.empty() && at_ > begin;
    }

private:
    std::string_view text_;
    std::string open_;  // the closing bracket that each open one waits for
    std::size_t at_ = 0;
};

class Validator {
public:
    Validator(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

    std::optional<JsonFault> run() {
        if (!document() && !fault_) fail("unexpected text");
        return std::move(fault_);
    }

private:
    bool done() const { return at_ >= text_.size(); }
    bool fail(std::string reason) { return fail_at(at_, std::move(reason)); }
    bool fail_at(std::size_t offset, std::string reason) {
        if (!fault_) fault_ = JsonFault{offset, std::move(reason)};
        return false;
    }
    void skip_space() {
        while (!done() && is_space(text_[at_])) ++at_;
    }
    bool expect_more(const char* what) {
        skip_space();
        return done() ? fail(std::string("the text ends where ") + what + " should follow") : true;
    }

    bool document() {
        if (!expect_more("a value")) return false;
        if (!value()) return false;
        while (!open_.empty()) {
            if (!rest_of_container()) return false;
        }
        skip_space();
        return done() || fail("text after the end of the value");
    }

    // One value; a container is only opened, its first member or element is left to rest_of_container().
    bool value() {
        const char c = text_[at_];
        if (c == '{' || c == '[') {
            if (open_.size() >= max_depth_) return fail("nested too deeply");
            open_ += c;
            fresh_ = true;
            ++at_;
            return true;
        }
        if (c == '"') return string();
        if (c == '-' || is_digit(c)) return number();
        for (const std::string_view word : {"true", "false", "null"})
            if (text_.substr(at_, word.size()) == word) {
                at_ += word.size();
                if (done() || is_space(text_[at_]) || text_[at_] == ',' || text_[at_] == '}' || text_[at_] == ']')
                    return true;
            }
        return fail("not a JSON value");
    }

    bool rest_of_container() {
        const bool object = open_.back() == '{';
        if (!expect_more(object ? "a member or }" : "an element or ]")) return false;
        const bool first = fresh_;
        fresh_ = false;
        if (text_[at_] == (object ? '}' : ']')) {
            open_.pop_back();
            ++at_;
            return true;
        }
        if (!first) {
            if (text_[at_] != ',') return fail(object ? "expected , or }" : "expected , or ]");
            ++at_;
            if (!expect_more(object ? "a member" : "an element")) return false;
        }
        if (object) {
            if (text_[at_] != '"') return fail("a member's name must be a string");
            if (!string() || !expect_more("a colon")) return false;
            if (text_[at_] != ':') return fail("expected : after a member's name");
            ++at_;
            if (!expect_more("a value")) return false;
        }
        return value();
    }

    bool string() {
        const std::size_t begin = at_++;
        while (!done()) {
            const auto c = static_cast<unsigned char>(text_[at_]);
            if (c == '"') {
                ++at_;
                return true;
            }
            if (c < 0x20) return fail("a control character in a string must be escaped");
            if (c == '\\') {
                if (!escape()) return false;
            } else if (c < 0x80) {
                ++at_;
            } else if (!utf8()) {
                return fail("not UTF-8");
            }
        }
        return fail_at(begin, "a string without an end");
    }

    bool utf8() {
        const auto lead = static_cast<unsigned char>(text_[at_]);
        const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
        if (lead < 0xC2 || lead > 0xF4 || at_ + size > text_.size()) return false;
        for (std::size_t i = 1; i < size; ++i)
            if (!is_continuation(text_[at_ + i])) return false;
        const auto next = static_cast<unsigned char>(text_[at_ + 1]);
        if ((lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F) || (lead == 0xF0 && next < 0x90) ||
            (lead == 0xF4 && next > 0x8F))
            return false;
        at_ += size;
        return true;
    }

    std::optional<unsigned> hex4(std::size_t from) const {
        if (from + 4 > text_.size()) return std::nullopt;
        unsigned code = 0;
        const char* end = text_.data() + from + 4;
        const auto [stop, error] = std::from_chars(text_.data() + from, end, code, 16);
        if (error != std::errc{} || stop != end) return std::nullopt;
        return code;
    }

    bool escape() {
        if (at_ + 1 >= text_.size()) return fail("a string without an end");
        const char kind = text_[at_ + 1];
        if (kind != 'u') {
            if (std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) return fail("no such escape");
            at_ += 2;
            return true;
        }
        const auto code = hex4(at_ + 2);
        if (!code) return fail("\\u takes four hexadecimal digits");
        if (*code >= 0xDC00 && *code <= 0xDFFF) return fail("a lone surrogate");
        if (*code >= 0xD800 && *code <= 0xDBFF) {
            const auto low = text_.substr(at_ + 6, 2) == "\\u" ? hex4(at_ + 8) : std::nullopt;
            if (!low || *low < 0xDC00 || *low > 0xDFFF) return fail("a lone surrogate");
            at_ += 6;
        }
        at_ += 6;
        return true;
    }

    bool digits() {
        const std::size_t begin = at_;
        while (!done() && is_digit(text_[at_])) ++at_;
        return at_ > begin;
    }

    bool number() {
        const std::size_t begin = at_;
        if (text_[at_] == '-') ++at_;
        const std::size_t first = at_;
        if (!digits()) return fail_at(begin, "not a number");
        if (text_[first] == '0' && at_ > first + 1) return fail_at(begin, "a number must not start with 0");
        bool whole = true;
        if (!done() && text_[at_] == '.') {
            whole = false;
            ++at_;
            if (!digits()) return fail("a digit must follow the point");
        }
        if (!done() && (text_[at_] == 'e' || text_[at_] == 'E')) {
            whole = false;
            ++at_;
            if (!done() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
            if (!digits()) return fail("a digit must follow the exponent's sign");
        }
        const char* from = text_.data() + begin;
        const char* to = text_.data() + at_;
        if (whole) {
            std::int64_t small = 0;
            std::uint64_t large = 0;
            if (std::from_chars(from, to, small).ec != std::errc{} &&
                std::from_chars(from, to, large).ec != std::errc{})
                return fail_at(begin, "an integer that does not fit in 64 bits; send it as a string");
        } else if (double value = 0; std::from_chars(from, to, value).ec == std::errc::result_out_of_range &&
                                     decimal_exponent(text_.substr(first, at_ - first)) > 0) {
            return fail_at(begin, "a number too large for a double");
        }
        return true;
    }

    std::string_view text_;
    const std::size_t max_depth_;
    std::string open_;    // brackets that are open
    bool fresh_ = false;  // the innermost one was opened just now
    std::size_t at_ = 0;
    std::optional<JsonFault> fault_;
};

}  // namespace

std::optional<JsonFault> find_json_fault(std::string_view text, std::size_t max_depth) {
    return Validator(text, max_depth).run();
}

std::optional<std::vector<TextSpan>> split_array(std::string_view text, std::size_t most) {
    Skeleton in(text);
    in.skip_space();
    if (in.done() || in.peek() != '[') return std::nullopt;
    in.step();
    std::vector<TextSpan> elements;
    in.skip_space();
    if (!in.done() && in.peek() == ']') {
        in.step();
    } else {
        for (bool more = true; more;) {
            in.skip_space();
            const std::size_t begin = in.at();
            if (in.done() || !in.skip_value()) return std::nullopt;
            elements.push_back({begin, in.at()});
            if (elements.size() > most) return elements;
            in.skip_space();
            if (in.done() || (in.peek() != ',' && in.peek() != ']')) return std::nullopt;
            more = in.peek() == ',';
            in.step();
        }
    }
    in.skip_space();
    if (!in.done()) return std::nullopt;
    return elements;
}

std::optional<TextSpan> find_member(std::string_view text, std::string_view name) {
    const auto found = find_any_member(text, std::span(&name, 1));
    return found ? std::optional(found->value) : std::nullopt;
}

std::optional<FoundMember> find_any_member(std::string_view text, std::span<const std::string_view> names) {
    Skeleton in(text);
    in.skip_space();
    if (in.done() || in.peek() != '{') return std::nullopt;
    do {
        in.step();
        in.skip_space();
        if (in.done() || in.peek() != '"') return std::nullopt;
        const std::size_t quote = in.at();
        if (!in.skip_string()) return std::nullopt;
        const auto found = std::find(names.begin(), names.end(), text.substr(quote + 1, in.at() - quote - 2));
        in.skip_space();
        if (in.done() || in.peek() != ':') return std::nullopt;
        in.step();
        in.skip_space();
        const std::size_t begin = in.at();
        if (in.done() || !in.skip_value()) return std::nullopt;
        if (found != names.end()) return FoundMember{static_cast<std::size_t>(found - names.begin()), {begin, in.at()}};
        in.skip_space();
    } while (!in.done() && in.peek() == ',');
    return std::nullopt;
}

bool is_one_object(std::string_view line) {
    Skeleton in(line);
    in.skip_space();
    if (in.done() || in.peek() != '{' || !in.skip_value()) return false;
    in.skip_space();
    return in.done();
}

}  // namespace streamgauge
