// SPDX-License-Identifier: GPL-3.0-or-later
// Targets of requests on any bytes: percent-decoding, query parameters and their types, times in every form, and the
// route table, each against a plain model of itself.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/json_writer.h"
#include "http/route_table.h"
#include "http/text.h"
#include "server/parameters.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

std::string encoded(std::string_view text) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        out += '%';
        out += kHex[static_cast<unsigned char>(c) >> 4];
        out += kHex[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = text.find(at);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

http::Request request_for(std::string_view target) {
    http::Request request;
    request.target = target;
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
    return request;
}

void check_decoding(std::string_view text) {
    for (const bool form : {false, true}) {
        const std::string decoded = http::percent_decode(text, form);
        require(decoded.size() <= text.size());
        if (text.find_first_of("%+") == std::string_view::npos) require(decoded == text);
        require(http::percent_decode(encoded(text), form) == text);
    }
}

// The first pair whose name is this, as the definition has it.
std::optional<std::string> model_parameter(std::string_view query, std::string_view name) {
    for (const std::string_view pair : split(query, '&')) {
        if (pair.empty() && !name.empty()) continue;
        const std::size_t equals = pair.find('=');
        if (http::percent_decode(pair.substr(0, equals), true) != name) continue;
        return equals == std::string_view::npos ? std::string() : http::percent_decode(pair.substr(equals + 1), true);
    }
    return std::nullopt;
}

void check_parameters(const http::Request& request) {
    for (const std::string_view name : {"limit", "minutes", "from", "user_id", "a", "props.a"}) {
        require(request.query_parameter(name) == model_parameter(request.query, name));
    }
    Parameters in(request);
    const int limit = in.integer("limit", 7, 1, 1000);
    require(limit >= 1 && limit <= 1000);
    if (!request.query_parameter("limit")) require(limit == 7 && !in.fault());
    const auto number = in.number("cursor");
    require(!number || *number <= INT64_MAX);
    const std::string text = in.text("user_id", 16);
    require(text.size() <= 16 && api::valid_utf8(text) && text.find('\0') == std::string::npos);
    const std::string wanted = in.required_text("a", 16);
    require(!wanted.empty() || in.fault());
    require(in.word("by", {"x", "yy"}) < 2);
    const auto truth = in.truth("flag");
    if (truth) require(request.query_parameter("flag") == (*truth ? "true" : "false"));
    (void)in.time("from");
    for (const auto& [name, value] : in.with_prefix("props.", 16)) {
        require(!name.empty() && value.size() <= 16 && api::valid_utf8(value));
    }
    if (in.fault()) require(in.fault()->code == ErrorCode::InvalidArgument && !in.fault()->message.empty());
    require(in.unknown({"limit", "a"}) <= split(request.query, '&').size());
}

// A time that is read is written so that it is read the same; and it is a time of the years that there are.
void check_time(std::string_view text) {
    const auto parsed = parse_rfc3339(text);
    if (parsed.ok()) {
        const std::string written = format_rfc3339(*parsed);
        require(written.size() >= 20 && written.size() <= 27 && written.back() == 'Z');
        const auto again = parse_rfc3339(written);
        require(again.ok() && *again == *parsed);
    } else {
        require(parsed.error().code == ErrorCode::InvalidArgument);
        if (parsed.error().offset) require(*parsed.error().offset <= text.size());
    }
    const std::string query = "from=" + encoded(text);
    http::Request request;
    request.query = query;
    Parameters in(request);
    const auto time = in.time("from");
    require(time.has_value() != in.fault().has_value());
    if (parsed.ok() && text.size() > 4 && text[4] == '-') require(time == *parsed);
    if (time) {
        const auto again = parse_rfc3339(format_rfc3339(*time));
        require(again.ok() && *again == *time);
    }
}

const http::RouteTable& table() {
    static const http::RouteTable kTable = [] {
        http::RouteTable out;
        const auto add = [&](http::Method method, std::string path, http::Plane plane) {
            const auto nothing = [](const http::Request&, const http::ReplyPtr&) {};
            require(out.add({method, std::move(path), http::Scope::Public, plane, 0, "", nothing}).ok());
        };
        add(http::Method::Get, "/", http::Plane::ManagementOnly);
        add(http::Method::Get, "/a", http::Plane::Both);
        add(http::Method::Post, "/a", http::Plane::ManagementOnly);
        add(http::Method::Get, "/a/{x}", http::Plane::Both);
        add(http::Method::Get, "/a/b", http::Plane::Both);
        add(http::Method::Delete, "/a/{x}/c/{y}", http::Plane::Both);
        add(http::Method::Put, "/{z}/b", http::Plane::ManagementOnly);
        return out;
    }();
    return kTable;
}

bool fits(std::string_view path, std::string_view route) {
    const auto segments = split(path, '/'), wanted = split(route, '/');
    if (segments.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const bool parameter = wanted[i].starts_with('{');
        if (parameter ? segments[i].empty() : segments[i] != wanted[i]) return false;
    }
    return true;
}

void check_routes(http::Request request) {
    std::string_view path = request.path;
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    for (const http::Plane listener : {http::Plane::Both, http::Plane::ManagementOnly}) {
        for (const http::Method method :
             {http::Method::Get, http::Method::Head, http::Method::Post, http::Method::Put}) {
            request.method = method;
            const auto lookup = table().find(listener, request);
            if (lookup.match == http::RouteTable::Match::Found) {
                require(lookup.route != nullptr && fits(path, lookup.route->path));
                require(lookup.route->method == method ||
                        (method == http::Method::Head && lookup.route->method == http::Method::Get));
                require(lookup.route->plane == http::Plane::Both || listener == http::Plane::ManagementOnly);
                require(
                    request.path_parameters.size() ==
                    static_cast<std::size_t>(std::count(lookup.route->path.begin(), lookup.route->path.end(), '{')));
                for (const auto& [name, value] : request.path_parameters) require(!name.empty() && !value.empty());
                continue;
            }
            require(lookup.route == nullptr);
            const bool other = lookup.match == http::RouteTable::Match::OtherMethods;
            require(other != lookup.allow.empty());
            // What is not found by no method fits no template that this listener serves.
            const auto& rows = table().rows();
            const bool any = std::any_of(rows.begin(), rows.end(), [&](const http::Route& row) {
                return fits(path, row.path) && (row.plane == http::Plane::Both || listener == row.plane);
            });
            if (!any) require(!other);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 8 * 1024));
    check_decoding(text);
    check_time(text);
    // As the framing hands it over: a target begins with a slash.
    const std::string target = text.starts_with('/') ? std::string(text) : "/?" + std::string(text);
    const http::Request request = request_for(target);
    check_parameters(request);
    check_routes(request);
    return 0;
}
