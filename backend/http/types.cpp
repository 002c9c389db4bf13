// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/types.h"

#include <algorithm>

#include "http/text.h"

namespace streamgauge::http {

std::string_view to_string(Method method) {
    switch (method) {
        case Method::Get:
            return "GET";
        case Method::Head:
            return "HEAD";
        case Method::Post:
            return "POST";
        case Method::Put:
            return "PUT";
        case Method::Delete:
            return "DELETE";
        case Method::Options:
            return "OPTIONS";
        case Method::Patch:
            return "PATCH";
        case Method::Other:
            break;
    }
    return "OTHER";
}

Method method_from(std::string_view token) {
    for (const Method method :
         {Method::Post, Method::Get, Method::Head, Method::Put, Method::Delete, Method::Options, Method::Patch}) {
        if (token == to_string(method)) return method;
    }
    return Method::Other;
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 207:
            return "Multi-Status";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            break;
    }
    return status < 400 ? "OK" : "Error";
}

std::string_view Request::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (equal_ignoring_case(key, name)) return value;
    }
    return {};
}

std::optional<std::string> Request::query_parameter(std::string_view name) const {
    std::string_view rest = query;
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        const std::size_t equals = pair.find('=');
        const std::string_view key = pair.substr(0, equals);
        if (key == name || (key.find_first_of("%+") != std::string_view::npos && percent_decode(key, true) == name)) {
            return equals == std::string_view::npos ? std::string() : percent_decode(pair.substr(equals + 1), true);
        }
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    return std::nullopt;
}

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return 400;
        case ErrorCode::Unauthorized:
            return 401;
        case ErrorCode::Forbidden:
            return 403;
        case ErrorCode::NotFound:
            return 404;
        case ErrorCode::AlreadyExists:
        case ErrorCode::Conflict:
            return 409;
        case ErrorCode::TooLarge:
            return 413;
        case ErrorCode::RateLimited:
            return 429;
        // The outcome of a write that was cancelled or timed out is unknown to the client, and a repeat is safe.
        case ErrorCode::Unavailable:
        case ErrorCode::Cancelled:
        case ErrorCode::Disconnected:
        case ErrorCode::DeadlineExceeded:
            return 503;
        case ErrorCode::Corrupt:
        case ErrorCode::Io:
        case ErrorCode::Internal:
            break;
    }
    return 500;
}

namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
    out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
}

std::string problem_start(int status, std::string_view title, std::string_view detail, std::string_view error_word) {
    std::string body = R"({"type":"about:blank")";
    append_member(body, "title", title);
    body += R"(,"status":)" + std::to_string(status);
    append_member(body, "detail", detail);
    append_member(body, "error", error_word);
    return body;
}

Response finish(int status, std::string body, int retry_after_seconds = 0) {
    body += "}";
    Response response{status, "application/problem+json", std::move(body), {}};
    if (status == 429 || status == 503) {
        response.headers.emplace_back("Retry-After", std::to_string(std::max(retry_after_seconds, 1)));
    }
    if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

}  // namespace

Response problem(const Error& error) {
    const int status = status_of(error.code);
    std::string body = problem_start(status, reason_phrase(status), error.message, to_string(error.code));
    if (!error.field.empty()) append_member(body, "field", error.field);
    if (error.offset) body += R"(,"offset":)" + std::to_string(*error.offset);
    if (!error.hint.empty()) append_member(body, "hint", error.hint);
    Response response = finish(status, std::move(body), error.retry_after_seconds);
    add_limit_headers(error, response.headers);
    return response;
}

void add_limit_headers(const Error& error, Headers& out) {
    if (!error.limit) return;
    out.emplace_back("RateLimit-Limit", std::to_string(error.limit->limit));
    out.emplace_back("RateLimit-Remaining", std::to_string(error.limit->remaining));
    out.emplace_back("RateLimit-Reset", std::to_string(error.limit->reset_seconds));
}

Response problem(int status, std::string_view title, std::string_view detail, std::string_view error_word) {
    return finish(status, problem_start(status, title, detail, error_word));
}

}  // namespace streamgauge::http
