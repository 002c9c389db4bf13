// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/hub.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <exception>

#include "base/log.h"
#include "http/text.h"

namespace streamgauge::http {
namespace {

// "HTTP/1.1 202 Accepted\r\n", made once for every status there is a word for.
std::string_view status_line(int status) {
    static const std::array<std::string, 600> lines = [] {
        std::array<std::string, 600> made;
        for (int code = 100; code < 600; ++code) {
            made[static_cast<std::size_t>(code)] =
                "HTTP/1.1 " + std::to_string(code) + " " + std::string(reason_phrase(code)) + "\r\n";
        }
        return made;
    }();
    return lines[static_cast<std::size_t>(status >= 100 && status < 600 ? status : 500)];
}

bool has_control_character(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return true;
    }
    return false;
}

std::string_view error_word(int status) {
    switch (status) {
        case 400:
            return to_string(ErrorCode::InvalidArgument);
        case 403:
            return to_string(ErrorCode::Forbidden);
        case 404:
            return to_string(ErrorCode::NotFound);
        case 405:
            return "method_not_allowed";
        case 408:
            return to_string(ErrorCode::DeadlineExceeded);
        case 413:
        case 414:
        case 431:
            return to_string(ErrorCode::TooLarge);
        case 503:
            return to_string(ErrorCode::Unavailable);
        default:
            return "not_supported";
    }
}

}  // namespace

Response engine_problem(int status, std::string_view detail) {
    return problem(status, reason_phrase(status), detail, error_word(status));
}

Response engine_problem(const Route* route, int status, std::string_view detail) {
    if (route != nullptr && route->errors != nullptr) {
        for (const ErrorCode code :
             {ErrorCode::InvalidArgument, ErrorCode::Forbidden, ErrorCode::TooLarge, ErrorCode::Unavailable}) {
            if (status_of(code) == status) return route->errors(Error::make(code, std::string(detail)));
        }
    }
    return engine_problem(status, detail);
}

Hub::Hub(EngineContext& context, std::function<void()> wake)
    : context_(context), mailbox_(std::make_shared<Mailbox>(kConnectionSlots, context.admission, std::move(wake))) {}

Hub::~Hub() {
    mailbox_->close();
}

void Hub::own_mailbox() {
    mailbox_->own([this](Message&& message) { receive(std::move(message)); });
}

void Hub::receive(Message&& message) {
    if (message.kind == Message::Kind::StreamNotify) return message.stream->notify();
    Session* at = session(message.to.connection);
    if (at == nullptr || !at->is_open() || at->generation() != message.to.generation) {
        if (message.stream) message.stream->finish(true);
        return;
    }
    at->receive(std::move(message));
    if (taking_) {
        touched_.push_back(at->connection());
    } else {
        pump(at->connection());
    }
}

void Hub::take_messages() {
    mailbox_->take_all(messages_);
    taking_ = true;
    for (Message& message : messages_) receive(std::move(message));
    taking_ = false;
    messages_.clear();
    // One write for each connection, however many of its answers came.
    for (std::size_t i = 0; i < touched_.size(); ++i) pump(touched_[i]);
    touched_.clear();
}

void Hub::dispatch(Session&, const Request& request, const Route& route, const ReplyPtr& reply) {
    try {
        route.handler(request, reply);
    } catch (const std::exception& thrown) {
        log::error("handler_threw", thrown.what(), {{"route", route.path}});
    } catch (...) {
        log::error("handler_threw", "an unknown exception", {{"route", route.path}});
    }
}

std::string_view Hub::date() {
    const std::int64_t second = context_.clock.now().seconds();
    if (second != date_second_) {
        date_second_ = second;
        const auto time = static_cast<std::time_t>(second);
        std::tm parts{};
        gmtime_r(&time, &parts);
        // Not strftime(): its names follow the process's locale.
        constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                      kDays[static_cast<std::size_t>(parts.tm_wday)].data(), parts.tm_mday,
                      kMonths[static_cast<std::size_t>(parts.tm_mon)].data(), parts.tm_year + 1900, parts.tm_hour,
                      parts.tm_min, parts.tm_sec);
        date_ = text.data();
    }
    return date_;
}

namespace {

void append_header(std::string& out, const std::pair<std::string, std::string>& header) {
    const auto& [name, value] = header;
    if (name.empty() || has_control_character(name) || has_control_character(value)) return;  // no answer splitting
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

}  // namespace

void Hub::append_headers(std::string& out, const Headers& headers) {
    for (const auto& header : headers) append_header(out, header);
}

namespace {

// Milliseconds with three digits: "decode;dur=0.125".
void append_stage(std::string& out, std::string_view name, std::int64_t nanos, bool& first) {
    if (nanos < 0) return;
    out += first ? "Server-Timing: " : ", ";
    first = false;
    out += name;
    out += ";dur=";
    const std::int64_t micros = nanos / 1000;
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), micros / 1000).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    const auto rest = static_cast<int>(micros % 1000);
    const std::array<char, 4> fraction{'.', static_cast<char>('0' + rest / 100),
                                       static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
    out.append(fraction.data(), fraction.size());
}

void append_stages(std::string& out, const StageTimes& stages) {
    bool first = true;
    append_stage(out, "guard", stages.guard, first);
    append_stage(out, "decode", stages.decode, first);
    append_stage(out, "queue", stages.queue, first);
    append_stage(out, "commit", stages.commit, first);
    if (!first) out += "\r\n";
}

}  // namespace

void Hub::append_head(std::string& out, const Response& response, const Headers& extra, bool http_1_0,
                      bool keep_alive) {
    out += status_line(response.status);
    out += date();
    if (!response.content_type.empty() && !has_control_character(response.content_type)) {
        out += "Content-Type: ";
        out += response.content_type;
        out += "\r\n";
    }
    if (response.status >= 200 && response.status != 204 && response.status != 304) {
        std::array<char, 24> digits{};
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), response.body.size()).ptr;
        out += "Content-Length: ";
        out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
        out += "\r\n";
    }
    append_headers(out, response.headers);
    out += response.header_lines;
    append_stages(out, response.stages);
    // What the answer says itself goes before what the gate knew: such as the limit that was hit.
    for (const auto& header : extra) {
        const auto said = [&](const auto& own) { return equal_ignoring_case(own.first, header.first); };
        if (std::none_of(response.headers.begin(), response.headers.end(), said)) append_header(out, header);
    }
    if (!keep_alive) {
        out += "Connection: close\r\n";
    } else if (http_1_0) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
}

}  // namespace streamgauge::http
