// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/route_table.h"

#include <algorithm>

#include "http/text.h"

namespace streamgauge::http {
namespace {

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// "/a/{b}" -> "a", "{b}".
std::vector<std::string> segments_of(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        const std::size_t slash = std::min(path.find('/'), path.size());
        segments.emplace_back(path.substr(0, slash));
        path.remove_prefix(slash);
    }
    return segments;
}

}  // namespace

Status RouteTable::add(Route route) {
    const auto refuse = [&](ErrorCode code, std::string_view why) {
        return Error::make(code, std::string(to_string(route.method)) + " " + route.path + ": " + std::string(why));
    };
    if (route.path.empty() || route.path.front() != '/')
        return refuse(ErrorCode::InvalidArgument, "a template starts with '/'");
    if (route.path.size() > 1 && route.path.back() == '/')
        return refuse(ErrorCode::InvalidArgument, "a template has no trailing slash");
    if (route.scope == Scope::Unnamed) return refuse(ErrorCode::InvalidArgument, "a route names who may call it");
    if (!route.handler) return refuse(ErrorCode::InvalidArgument, "a route has a handler");
    if (decorator_) route.handler = decorator_(route, std::move(route.handler));
    std::vector<std::string> segments = segments_of(route.path);
    bool parameters = false;
    for (const std::string& segment : segments) {
        if (is_parameter(segment)) {
            parameters = true;
        } else if (segment.find_first_of("{}") != std::string::npos) {
            return refuse(ErrorCode::InvalidArgument, "a parameter is one whole segment with a name");
        }
    }
    std::size_t entry = entries_.size();
    if (parameters) {
        const auto same = [&](const Pattern& pattern) { return pattern.segments == segments; };
        const auto at = std::find_if(patterns_.begin(), patterns_.end(), same);
        if (at != patterns_.end()) {
            entry = at->entry;
        } else {
            patterns_.push_back({std::move(segments), entry});
        }
    } else {
        entry = by_path_.try_emplace(route.path, entry).first->second;
    }
    if (entry == entries_.size()) entries_.emplace_back();
    int& row = entries_[entry].rows[static_cast<std::size_t>(route.method)];
    if (row >= 0) return refuse(ErrorCode::AlreadyExists, "the route is there already");
    row = static_cast<int>(routes_.size());
    routes_.push_back(std::move(route));
    return {};
}

const RouteTable::Entry* RouteTable::find_entry(std::string_view path, Request& request) const {
    if (const auto at = by_path_.find(path); at != by_path_.end()) return &entries_[at->second];
    for (const Pattern& pattern : patterns_) {
        std::string_view rest = path;
        bool matches = true;
        for (const std::string& segment : pattern.segments) {
            if (rest.empty() || rest.front() != '/') {
                matches = false;
                break;
            }
            rest.remove_prefix(1);
            const std::string_view value = rest.substr(0, rest.find('/'));
            if (is_parameter(segment) ? value.empty() : value != segment) {
                matches = false;
                break;
            }
            rest.remove_prefix(value.size());
        }
        if (!matches || !rest.empty()) continue;
        rest = path;
        for (const std::string& segment : pattern.segments) {
            rest.remove_prefix(1);
            const std::string_view value = rest.substr(0, rest.find('/'));
            if (is_parameter(segment)) {
                request.path_parameters.emplace_back(std::string_view(segment).substr(1, segment.size() - 2),
                                                     percent_decode(value, false));
            }
            rest.remove_prefix(value.size());
        }
        return &entries_[pattern.entry];
    }
    return nullptr;
}

const Route* RouteTable::visible(int row, Plane listener) const {
    if (row < 0) return nullptr;
    const Route& route = routes_[static_cast<std::size_t>(row)];
    return route.plane == Plane::Both || listener == Plane::ManagementOnly ? &route : nullptr;
}

RouteTable::Lookup RouteTable::find(Plane listener, Request& request) const {
    request.path_parameters.clear();
    request.management = listener == Plane::ManagementOnly;
    std::string_view path = request.path;
    if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    const Entry* entry = find_entry(path, request);
    if (entry == nullptr) return {};

    const auto row_of = [&](Method method) { return visible(entry->rows[static_cast<std::size_t>(method)], listener); };
    const Route* route = row_of(request.method);
    if (route == nullptr && request.method == Method::Head) route = row_of(Method::Get);
    if (route != nullptr) return {Match::Found, route, {}, {}};

    Lookup lookup;
    const auto allow = [&](Method method) {
        if (!lookup.allow.empty()) lookup.allow += ", ";
        lookup.allow += to_string(method);
    };
    for (const Method method : {Method::Get, Method::Head, Method::Post, Method::Put, Method::Delete, Method::Patch}) {
        if (row_of(method) != nullptr || (method == Method::Head && row_of(Method::Get) != nullptr)) allow(method);
    }
    if (lookup.allow.empty()) return {};  // every row of it is for the other plane
    allow(Method::Options);               // the engines answer it
    if (request.method == Method::Options) {
        for (const int row : entry->rows) {
            const Route* of_path = visible(row, listener);
            if (of_path == nullptr || !of_path->cors) continue;
            if (!lookup.cors_methods.empty()) lookup.cors_methods += ", ";
            lookup.cors_methods += to_string(of_path->method);
        }
    }
    lookup.match = Match::OtherMethods;
    return lookup;
}

}  // namespace streamgauge::http
