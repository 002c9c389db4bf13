// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/pretty_json.h"

#include <algorithm>
#include <cstdio>

namespace streamgauge::viewmodels {

namespace {

void new_line(std::string& out, int level) {
    out += '\n';
    // Deeper than events may be nested, indentation says nothing more.
    out.append(2 * static_cast<std::size_t>(std::clamp(level, 0, 32)), ' ');
}

bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    char escape[8];
                    std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                    out += escape;
                } else {
                    out += c;
                }
        }
    }
    return out + '"';
}

}  // namespace

std::string indent_json(std::string_view json, int level) {
    std::string out;
    out.reserve(json.size() + json.size() / 2);
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (c == '"') {
            const std::size_t start = i++;
            while (i < json.size() && json[i] != '"') i += json[i] == '\\' ? 2U : 1U;
            out += json.substr(start, i - start + 1);
        } else if (c == '{' || c == '[') {
            const std::size_t next = json.find_first_not_of(" \t\r\n", i + 1);
            if (next != std::string_view::npos && json[next] == (c == '{' ? '}' : ']')) {
                out += c;
                out += json[next];
                i = next;
            } else {
                out += c;
                new_line(out, ++level);
            }
        } else if (c == '}' || c == ']') {
            new_line(out, --level);
            out += c;
        } else if (c == ',') {
            out += c;
            new_line(out, level);
        } else if (c == ':') {
            out += ": ";
        } else if (!blank(c)) {
            out += c;
        }
    }
    return out;
}

std::string pretty_event(const api::TailEvent& event) {
    std::string out = "{";
    const auto add = [&out](std::string_view name, const std::string& value, bool always = false) {
        if (value.empty() && !always) return;
        out += out.size() == 1 ? "\n  " : ",\n  ";
        out += quoted(name) + ": " + value;
    };
    const auto text = [&add](std::string_view name, const std::string& value) {
        if (!value.empty()) add(name, quoted(value));
    };
    add("id", std::to_string(event.id));
    text("event_id", event.event_id);
    text("event_type", event.event_type);
    text("occurred_at", format_rfc3339(event.occurred_at));
    text("received_at", format_rfc3339(event.received_at));
    text("user_id", event.user_id);
    text("session_id", event.session_id);
    text("page_url", event.page_url);
    add("props", event.props.empty() ? "{}" : indent_json(event.props, 1), true);
    return out + "\n}";
}

}  // namespace streamgauge::viewmodels
