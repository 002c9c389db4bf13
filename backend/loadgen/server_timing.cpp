// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/server_timing.h"

#include <algorithm>
#include <charconv>

#include "base/histogram.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kNameBytes = 40;

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool is_name(std::string_view text) {
    if (text.empty() || text.size() > kNameBytes) return false;
    for (const char c : text) {
        const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
    }
    return true;
}

bool is_dur(std::string_view name) {
    return name.size() == 3 && (name[0] | 0x20) == 'd' && (name[1] | 0x20) == 'u' && (name[2] | 0x20) == 'r';
}

// Up to `end` outside of quotes, which is removed too.
std::string_view take_until(std::string_view& text, char end) {
    bool quoted = false;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '\\') {
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == end) {
            break;
        }
    }
    const std::string_view part = text.substr(0, i);
    text.remove_prefix(std::min(text.size(), i + 1));
    return part;
}

std::optional<std::int64_t> micros_of(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    double ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (error != std::errc{} || end != text.data() + text.size() || !(ms >= 0)) return std::nullopt;
    constexpr double kMostMs = static_cast<double>(Histogram::kHighestMicros) / 1000;
    return ms >= kMostMs ? Histogram::kHighestMicros : static_cast<std::int64_t>(ms * 1000 + 0.5);
}

}  // namespace

std::optional<ServerTimingReader::Stage> ServerTimingReader::next() {
    while (left_ > 0 && !rest_.empty()) {
        std::string_view metric = take_until(rest_, ',');
        Stage stage;
        stage.name = trimmed(take_until(metric, ';'));
        if (!is_name(stage.name)) continue;
        std::optional<std::int64_t> micros;
        while (!metric.empty() && !micros) {
            std::string_view value = take_until(metric, ';');
            const std::string_view name = trimmed(take_until(value, '='));
            if (is_dur(name)) micros = micros_of(trimmed(value));
        }
        if (!micros) continue;
        stage.micros = *micros;
        --left_;
        return stage;
    }
    return std::nullopt;
}

}  // namespace streamgauge::loadgen
