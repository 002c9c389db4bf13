// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/exposition.h"

#include <charconv>
#include <cmath>

namespace streamgauge {

namespace {

void append_escaped(std::string& out, std::string_view value) {
    for (const char c : value) {
        if (c == '\\') {
            out += "\\\\";
        } else if (c == '"') {
            out += "\\\"";
        } else if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
}

}  // namespace

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
    out_.append("# HELP ").append(name).append(" ").append(help);
    out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void Exposition::start(std::string_view name, Labels labels) {
    out_ += name;
    char before = '{';
    for (const auto& [label, value] : labels) {
        out_ += before;
        out_.append(label).append("=\"");
        append_escaped(out_, value);
        out_ += '"';
        before = ',';
    }
    if (labels.size() != 0) out_ += '}';
    out_ += ' ';
}

void Exposition::sample(std::string_view name, Labels labels, double value) {
    start(name, labels);
    if (std::isnan(value)) {
        out_ += "NaN";
    } else if (std::isinf(value)) {
        out_ += value > 0 ? "+Inf" : "-Inf";
    } else {
        char digits[40];
        out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
    out_ += '\n';
}

void Exposition::sample(std::string_view name, Labels labels, std::uint64_t value) {
    start(name, labels);
    out_ += std::to_string(value);
    out_ += '\n';
}

void Exposition::gauge(std::string_view name, std::string_view help, double value) {
    family(name, "gauge", help);
    sample(name, {}, value);
}

void Exposition::counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "counter", help);
    sample(name, {}, value);
}

}  // namespace streamgauge
