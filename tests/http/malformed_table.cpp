// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/malformed_table.h"

#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "http/raw_client.h"

namespace streamgauge::http::test {
namespace {

constexpr std::string_view kNext = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kBody = R"({"event_type":"t"})";

[[noreturn]] void wrong(const std::string& what) {
    throw std::runtime_error("malformed_requests.txt: " + what);
}

char read_escape(std::string_view line, std::size_t& at) {
    switch (line.at(at++)) {
        case 'r':
            return '\r';
        case 'n':
            return '\n';
        case 't':
            return '\t';
        case '0':
            return '\0';
        case 'x':
            at += 2;
            return static_cast<char>(std::stoi(std::string(line.substr(at - 2, 2)), nullptr, 16));
        default:
            wrong("no such escape in: " + std::string(line));
    }
}

void append(MalformedRow& row, std::string_view bytes) {
    if (row.steps.empty() || row.steps.back().kind != MalformedRow::Step::Kind::Send)
        row.steps.push_back({MalformedRow::Step::Kind::Send, {}});
    row.steps.back().text += bytes;
}

void append_word(MalformedRow& row, std::string_view word);

void append_line(MalformedRow& row, std::string_view line) {
    for (std::size_t at = 0; at < line.size();) {
        const char c = line[at++];
        if (c == '\\') {
            const char byte = read_escape(line, at);
            append(row, {&byte, 1});
        } else if (c == '{') {
            const std::size_t end = line.find('}', at);
            if (end == std::string_view::npos) wrong("no closing brace in: " + std::string(line));
            append_word(row, line.substr(at, end - at));
            at = end + 1;
        } else {
            append(row, {&c, 1});
        }
    }
}

void append_word(MalformedRow& row, std::string_view word) {
    using Kind = MalformedRow::Step::Kind;
    if (word == "next") return append(row, kNext);
    if (word == "body") return append(row, kBody);
    if (word == "fin") return row.steps.push_back({Kind::EndSending, {}});
    if (word.starts_with("after ") || word.starts_with("at "))
        return row.steps.push_back({Kind::Wait, std::string(word)});
    const std::size_t star = word.find('*');
    if (star == std::string_view::npos) wrong("no such word: " + std::string(word));
    MalformedRow once;
    append_line(once, word.substr(star + 1));
    std::string many;
    for (int left = std::stoi(std::string(word.substr(0, star))); left > 0; --left) many += once.steps.at(0).text;
    append(row, many);
}

bool is_number(std::string_view word) {
    return !word.empty() && std::isdigit(static_cast<unsigned char>(word.front())) != 0;
}

// "get" and "post?" are handlers; "head" is the GET handler without a body; "404" and "404h" are refusals.
std::string handler_of(std::string_view word) {
    if (is_number(word)) return {};
    if (word == "head") return "get";
    if (word.ends_with('?')) word.remove_suffix(1);
    return std::string(word);
}

}  // namespace

std::size_t MalformedRow::bytes() const {
    std::size_t all = 0;
    for (const Step& step : steps) all += step.kind == Step::Kind::Send ? step.text.size() : 0;
    return all;
}

bool MalformedRow::waits() const {
    for (const Step& step : steps) {
        if (step.kind == Step::Kind::Wait) return true;
    }
    return false;
}

bool MalformedRow::mentions(std::string_view text) const {
    for (const Step& step : steps) {
        if (step.kind == Step::Kind::Send && step.text.find(text) != std::string::npos) return true;
    }
    return false;
}

std::vector<std::string> MalformedRow::reached() const {
    std::vector<std::string> all;
    const auto add = [&](std::string_view word) {
        if (std::string handler = handler_of(word); !handler.empty()) all.push_back(std::move(handler));
    };
    for (const Step& step : steps) {
        if (step.kind == Step::Kind::Read) add(step.text);
    }
    for (const std::string& answer : answers) add(answer);
    return all;
}

std::vector<MalformedRow> read_malformed_table(const std::string& file) {
    std::ifstream in(file);
    if (!in) wrong("cannot be read at " + file);
    std::vector<MalformedRow> rows;
    MalformedRow row;
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::string_view rest = std::string_view(line).substr(std::min<std::size_t>(2, line.size()));
        if (line == ">" || line.starts_with("> ")) {
            append_line(row, rest);
            append(row, "\r\n");
        } else if (line.starts_with("+ ")) {
            append_line(row, rest);
        } else if (line.starts_with("? ")) {
            row.steps.push_back({MalformedRow::Step::Kind::Read, std::string(rest)});
        } else if (line.starts_with("= ")) {
            std::istringstream words{std::string(rest)};
            for (std::string word; words >> word;) row.answers.push_back(word);
            if (row.answers.empty() || row.name.empty()) wrong("an outcome without a row: " + line);
            row.closed = row.answers.back() == "closed";
            if (!row.closed && row.answers.back() != "alive") wrong("neither closed nor alive: " + line);
            row.answers.pop_back();
            rows.push_back(std::exchange(row, {}));
        } else {
            if (!row.name.empty()) wrong("a row without an outcome: " + row.name);
            row.name = line;
        }
    }
    if (!row.name.empty()) wrong("a row without an outcome: " + row.name);
    return rows;
}

std::string play(const MalformedRow& row, const MalformedTarget& target, bool byte_by_byte) {
    using Kind = MalformedRow::Step::Kind;
    std::string faults;
    RawClient client(target.port);
    const auto read = [&](std::string_view word) {
        const bool head_only = word == "head" || word.ends_with('h');
        const int expected =
            is_number(word) ? std::stoi(std::string(word.substr(0, 3))) : target.status_of(std::string(word));
        const Answer answer = client.read(head_only);
        if (answer.status != expected) {
            faults += "answered " + std::to_string(answer.status) + " instead of " + std::string(word) + "\n" +
                      answer.head + answer.body + "\n";
        } else if (is_number(word) && expected >= 400 && !head_only &&
                   (answer.header("Content-Type") != "application/problem+json" ||
                    answer.body.find("\"status\":" + std::string(word)) == std::string::npos)) {
            faults += "no problem document: " + answer.head + answer.body + "\n";
        }
    };
    // A server that refuses early stops reading: sending must not wait for it.
    std::vector<std::thread> senders;
    for (const MalformedRow::Step& step : row.steps) {
        switch (step.kind) {
            case Kind::Send:
                if (step.text.size() > 100'000) {
                    senders.emplace_back([&client, &step] { client.send(step.text); });
                } else if (byte_by_byte) {
                    for (const char c : step.text) {
                        if (!client.send({&c, 1})) break;
                    }
                } else {
                    client.send(step.text);
                }
                break;
            case Kind::Read:
                read(step.text);
                break;
            case Kind::EndSending:
                client.end_sending();
                break;
            case Kind::Wait:
                target.wait(step.text);
                break;
        }
    }
    for (const std::string& answer : row.answers) read(answer);
    if (row.closed) {
        if (!client.ended()) faults += "not closed, or more came: " + client.rest() + "\n";
    } else if (const int status = client.exchange(kNext).status; status != 200) {
        faults += "the connection does not go on: " + std::to_string(status) + "\n";
    }
    for (std::thread& sender : senders) sender.join();
    return faults;
}

}  // namespace streamgauge::http::test
