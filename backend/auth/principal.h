// SPDX-License-Identifier: GPL-3.0-or-later
// Who asks, and what they may.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace streamgauge::auth {

// What a route can ask for. A route cannot exist without naming one of these or Public.
enum class Permission : std::uint8_t { Ingest = 1, Query = 2, Operate = 4, Administer = 8 };

// Users: viewer asks, operator also sends events, runs load, mends dead letters and schemas, admin everything.
enum class Role { Viewer, Operator, Admin };

using Permissions = std::uint8_t;  // of Permission
constexpr Permissions operator|(Permission a, Permission b) {
    return static_cast<Permissions>(static_cast<Permissions>(a) | static_cast<Permissions>(b));
}
constexpr Permissions operator|(Permissions a, Permission b) {
    return static_cast<Permissions>(a | static_cast<Permissions>(b));
}
inline constexpr Permissions kEverything = 15;

struct Principal {
    enum class Kind { Anonymous, Key, User, Console };
    Kind kind = Kind::Anonymous;
    std::string id;                   // of the key or user; empty for the others
    std::string name;                 // for people: logs, dead letters, the console
    std::string project = "default";  // where its events go, and what it may see unless `every_project`
    bool every_project = true;
    Permissions permissions = 0;

    bool may(Permission wanted) const { return (permissions & static_cast<Permissions>(wanted)) != 0; }
};
using PrincipalPtr = std::shared_ptr<const Principal>;

}  // namespace streamgauge::auth
