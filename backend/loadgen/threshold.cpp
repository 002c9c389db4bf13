// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/threshold.h"

#include <array>
#include <charconv>
#include <cmath>

#include "loadgen/duration.h"

namespace streamgauge::loadgen {
namespace {

using Measure = Threshold::Measure;
using Comparison = Threshold::Comparison;

struct Word {
    std::string_view text;
    Measure measure;
};
// The first of a measure is how it is written; the others are other programs' words for it.
constexpr std::array<Word, 15> kWords{{{"avg", Measure::Average},
                                       {"min", Measure::Minimum},
                                       {"max", Measure::Maximum},
                                       {"med", Measure::Median},
                                       {"errors", Measure::Errors},
                                       {"rate", Measure::Rate},
                                       {"requests", Measure::Requests},
                                       {"dropped", Measure::Dropped},
                                       {"unfinished", Measure::Unfinished},
                                       {"send_lag", Measure::SendLag},
                                       {"freshness", Measure::Freshness},
                                       {"lost", Measure::Lost},
                                       {"count", Measure::Requests},
                                       {"mean", Measure::Average},
                                       {"median", Measure::Median}}};
// Longest first.
constexpr std::array<std::pair<std::string_view, Comparison>, 5> kComparisons{{{"<=", Comparison::LessOrEqual},
                                                                               {">=", Comparison::GreaterOrEqual},
                                                                               {"==", Comparison::Equal},
                                                                               {"<", Comparison::Less},
                                                                               {">", Comparison::Greater}}};
constexpr double kLongestWindow = 3600, kHighestValue = 1e12;
constexpr std::size_t kEndpointBytes = 100;

constexpr bool is_time(Measure measure) {
    return measure <= Measure::Median || measure == Measure::SendLag || measure == Measure::Freshness;
}
constexpr bool takes_endpoint(Measure measure) {
    return measure != Measure::SendLag && measure != Measure::Freshness && measure != Measure::Lost;
}
constexpr bool takes_window(Measure measure) {
    return takes_endpoint(measure) && measure != Measure::Unfinished;
}
// Known only when everything has been read back.
constexpr bool can_abort(Measure measure) {
    return measure != Measure::Unfinished && measure != Measure::Freshness && measure != Measure::Lost;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || c == '_';
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<Threshold> read();

private:
    Error wrong(std::string message, std::size_t at) const {
        Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
        error.offset = at;
        error.hint = "write it as p(95) < 300, errors < 1% or rate >= 1000 over 10s abort";
        return error;
    }
    void skip_spaces() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    }
    bool take(std::string_view what) {
        if (text_.substr(at_, what.size()) != what) return false;
        at_ += what.size();
        return true;
    }
    std::string_view take_word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_letter(text_[at_])) ++at_;
        return text_.substr(begin, at_ - begin);
    }
    bool take_number(double& number) {
        const char* const end = text_.data() + text_.size();
        const auto [next, error] = std::from_chars(text_.data() + at_, end, number, std::chars_format::general);
        if (error != std::errc{} || !std::isfinite(number)) return false;
        at_ = static_cast<std::size_t>(next - text_.data());
        return true;
    }
    Status read_measure();
    Status read_endpoint();
    Status read_value();
    Status read_duration(double& seconds);
    Status read_clauses();

    std::string_view text_;
    std::size_t at_ = 0;
    Threshold threshold_;
};

Status Reader::read_measure() {
    const std::size_t begin = at_;
    const std::string_view word = take_word();
    if (word == "p") {
        threshold_.measure = Measure::Percentile;
        if (!take("(")) return wrong("a percentile is written p(95)", at_);
        const std::size_t number = at_;
        if (!take_number(threshold_.percentile) || !(threshold_.percentile > 0 && threshold_.percentile <= 100))
            return wrong("a percentile is above 0 and at most 100", number);
        if (!take(")")) return wrong("a percentile is written p(95)", at_);
        return {};
    }
    for (const Word& known : kWords) {
        if (known.text != word) continue;
        threshold_.measure = known.measure;
        return {};
    }
    return wrong(
        "not a measure: p(95), avg, min, max, med, errors, rate, requests, dropped, unfinished, send_lag, "
        "freshness or lost",
        begin);
}

Status Reader::read_endpoint() {
    if (!take("{")) return {};
    const std::size_t begin = at_, end = text_.find('}', at_);
    if (end == std::string_view::npos || end == begin) return wrong("the name of a kind of request, then }", begin);
    if (end - begin > kEndpointBytes) return wrong("a name has 1 to 100 characters", begin);
    if (!takes_endpoint(threshold_.measure)) return wrong("this is measured of the whole run only", begin);
    threshold_.endpoint = text_.substr(begin, end - begin);
    at_ = end + 1;
    return {};
}

Status Reader::read_value() {
    const std::size_t begin = at_;
    double value = 0;
    if (!take_number(value) || !(value >= 0 && value <= kHighestValue))
        return wrong("a number that is not negative", begin);
    const Measure measure = threshold_.measure;
    if (is_time(measure)) {
        if (take("us")) {
            value /= 1000;
        } else if (!take("ms") && take("s")) {
            value *= 1000;
        }
    } else if (measure == Measure::Errors) {
        if (take("%")) value /= 100;
        if (value > 1) return wrong("a share is 0 to 1, or 0% to 100%", begin);
    } else if (measure == Measure::Rate) {
        take("/s");
    } else if (value != std::floor(value)) {
        return wrong("a whole number", begin);
    }
    if (value > kHighestValue) return wrong("a number of at most 1e12 in the measure's own unit", begin);
    threshold_.value = value;
    return {};
}

Status Reader::read_duration(double& seconds) {
    skip_spaces();
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\t') ++at_;
    const Result<double> duration = parse_duration(text_.substr(begin, at_ - begin));
    if (!duration)
        return wrong("not a duration", begin + static_cast<std::size_t>(duration.error().offset.value_or(0)));
    seconds = *duration;
    return {};
}

Status Reader::read_clauses() {
    skip_spaces();
    std::size_t begin = at_;
    std::string_view word = take_word();
    if (word == "over") {
        if (!takes_window(threshold_.measure)) return wrong("this is measured of the whole run only", begin);
        if (Status s = read_duration(threshold_.window_seconds); !s) return s;
        const double window = threshold_.window_seconds;
        if (!(window >= 1 && window <= kLongestWindow && window == std::floor(window)))
            return wrong("a window is 1 second to 1 hour, in whole seconds", begin);
        skip_spaces();
        begin = at_;
        word = take_word();
    }
    if (word == "abort") {
        if (!can_abort(threshold_.measure)) return wrong("this is known only after the run", begin);
        threshold_.abort = true;
        skip_spaces();
        begin = at_;
        word = take_word();
        if (word == "after") {
            if (Status s = read_duration(threshold_.abort_after_seconds); !s) return s;
            if (!(threshold_.abort_after_seconds <= 24 * 3600)) return wrong("at most 24 hours", begin);
            threshold_.abort_after_seconds = std::round(threshold_.abort_after_seconds * 1000) / 1000;
            skip_spaces();
            begin = at_;
            word = {};
        }
    }
    if (!word.empty()) at_ = begin;
    if (at_ < text_.size()) return wrong("after the value come: over 10s, abort, abort after 30s", begin);
    return {};
}

Result<Threshold> Reader::read() {
    constexpr std::size_t kMostBytes = 500;
    if (text_.size() > kMostBytes) return wrong("too long", kMostBytes);
    skip_spaces();
    if (Status s = read_measure(); !s) return s.error();
    if (Status s = read_endpoint(); !s) return s.error();
    skip_spaces();
    bool compared = false;
    for (const auto& known : kComparisons) {
        if (!take(known.first)) continue;
        threshold_.comparison = known.second;
        compared = true;
        break;
    }
    if (!compared) return wrong("one of <, <=, >, >= and ==", at_);
    skip_spaces();
    if (Status s = read_value(); !s) return s.error();
    if (Status s = read_clauses(); !s) return s.error();
    return threshold_;
}

// Reads back as the same number.
std::string shortest(double value) {
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), error == std::errc{} ? end : text.data()};
}

// parse_duration() knows no exponents.
std::string seconds_text(double value) {
    std::array<char, 400> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    return std::string(text.data(), error == std::errc{} ? end : text.data()) + "s";
}

std::string share_text(double share) {
    std::array<char, 32> text{};
    const auto [end, error] =
        std::to_chars(text.data(), text.data() + text.size(), share * 100, std::chars_format::general, 6);
    const std::string percent(text.data(), error == std::errc{} ? end : text.data());
    double again = 0;
    std::from_chars(percent.data(), percent.data() + percent.size(), again);
    return again / 100 == share ? percent + "%" : shortest(share);
}

}  // namespace

Result<Threshold> parse_threshold(std::string_view text) {
    return Reader(text).read();
}

std::string to_text(const Threshold& threshold) {
    std::string text;
    if (threshold.measure == Measure::Percentile) {
        text = "p(" + shortest(threshold.percentile) + ")";
    } else {
        for (const Word& word : kWords) {
            if (word.measure != threshold.measure) continue;
            text = word.text;
            break;
        }
    }
    if (!threshold.endpoint.empty()) text += "{" + threshold.endpoint + "}";
    for (const auto& known : kComparisons)
        if (known.second == threshold.comparison) text += " " + std::string(known.first) + " ";
    text += threshold.measure == Measure::Errors ? share_text(threshold.value) : shortest(threshold.value);
    if (threshold.window_seconds > 0) text += " over " + seconds_text(threshold.window_seconds);
    if (threshold.abort) text += " abort";
    if (threshold.abort && threshold.abort_after_seconds > 0)
        text += " after " + seconds_text(threshold.abort_after_seconds);
    return text;
}

bool holds(Threshold::Comparison comparison, double measured, double value) {
    switch (comparison) {
        case Comparison::Less:
            return measured < value;
        case Comparison::LessOrEqual:
            return measured <= value;
        case Comparison::Greater:
            return measured > value;
        case Comparison::GreaterOrEqual:
            return measured >= value;
        case Comparison::Equal:
            return measured == value;
    }
    return false;
}

}  // namespace streamgauge::loadgen
