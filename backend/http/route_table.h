// SPDX-License-Identifier: GPL-3.0-or-later
// One table of routes for both engines. Labels of metrics, 405 and Allow, CORS and the documentation come from its
// rows.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/types.h"

namespace streamgauge::http {

enum class Scope { Public, Ingest, Query, Operate, Admin };  // a route cannot be made without naming one
enum class Plane { Both, ManagementOnly };

using Handler = std::function<void(const Request&, const ReplyPtr&)>;

struct Route {
    Method method;
    std::string path;  // template: "/api/v1/events/{event_id}"; a parameter is one whole segment
    Scope scope;
    Plane plane;
    std::size_t body_limit;    // bytes; 0: a body is refused with 413 unless it is empty
    std::string_view summary;  // one sentence for the documentation
    Handler handler;
};

// Built once, then shared read-only between engines and threads.
class RouteTable {
public:
    // AlreadyExists when the same method and template is there.
    Status add(Route route);

    enum class Match { Found, NoSuchPath, OtherMethods };
    struct Lookup {
        Match match = Match::NoSuchPath;
        const Route* route = nullptr;  // Found
        std::string allow;             // OtherMethods: "GET, HEAD, POST"
    };
    // HEAD is answered by the GET route. One trailing slash is tolerated. `request.path_parameters` is filled.
    Lookup find(Plane listener, Request& request) const;

    const std::vector<Route>& rows() const { return routes_; }

private:
    std::vector<Route> routes_;
};

}  // namespace streamgauge::http
