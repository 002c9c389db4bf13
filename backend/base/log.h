// SPDX-License-Identifier: GPL-3.0-or-later
// Structured logging on standard error, by spdlog: JSON lines for machines, plain text for people.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace streamgauge::log {

enum class Format { Json, Text };
enum class Level { Debug, Info, Warning, Error };

// Call once, before the first line, from main(). Defaults: Json, Info.
void configure(Format format, Level level);

using Field = std::pair<std::string_view, std::string>;

// Thread-safe. `event` is a stable lower_case_name to search for; `message` is for people. Never pass a secret.
void write(Level level, std::string_view event, std::string_view message, std::initializer_list<Field> fields = {});

inline void info(std::string_view event, std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::Info, event, message, fields);
}
inline void warning(std::string_view event, std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::Warning, event, message, fields);
}
inline void error(std::string_view event, std::string_view message, std::initializer_list<Field> fields = {}) {
    write(Level::Error, event, message, fields);
}

}  // namespace streamgauge::log
