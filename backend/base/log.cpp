// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <cstdio>

#include "base/clock.h"

namespace streamgauge::log {
namespace {

std::atomic<Format> chosen_format{Format::Json};

spdlog::logger& logger() {
    static const auto instance = [] {
        auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
        auto made = std::make_shared<spdlog::logger>("streamgauge", std::move(sink));
        made->set_pattern("%v");
        made->flush_on(spdlog::level::info);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::Debug:
            return spdlog::level::debug;
        case Level::Info:
            return spdlog::level::info;
        case Level::Warning:
            return spdlog::level::warn;
        case Level::Error:
            break;
    }
    return spdlog::level::err;
}

std::string_view name(Level level) {
    switch (level) {
        case Level::Debug:
            return "debug";
        case Level::Info:
            return "info";
        case Level::Warning:
            return "warning";
        case Level::Error:
            break;
    }
    return "error";
}

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> escaped;
            (void)std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
            out += escaped.data();
        } else {
            out += c;
        }
    }
    out += '"';
}

}  // namespace

void configure(Format format, Level level) {
    chosen_format = format;
    logger().set_level(to_spdlog(level));
}

void write(Level level, std::string_view event, std::string_view message, std::initializer_list<Field> fields) {
    if (!logger().should_log(to_spdlog(level))) return;
    std::string line;
    const std::string time = format_rfc3339(SystemClock{}.now());
    if (chosen_format == Format::Json) {
        line += R"({"time":")" + time + R"(","level":")";
        line += name(level);
        line += R"(","event":)";
        append_json_string(line, event);
        line += R"(,"message":)";
        append_json_string(line, message);
        for (const auto& [key, value] : fields) {
            line += ',';
            append_json_string(line, key);
            line += ':';
            append_json_string(line, value);
        }
        line += '}';
    } else {
        line = time + ' ';
        line += name(level);
        line += ' ';
        line += message;
        for (const auto& [key, value] : fields) {
            line += ' ';
            line += key;
            line += '=';
            line += value;
        }
    }
    logger().log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace streamgauge::log
