// SPDX-License-Identifier: GPL-3.0-or-later
// Who is told when an objective burns, and what they are told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "base/time.h"

namespace streamgauge::api {

struct NotificationTarget {
    enum class Kind : std::uint8_t {
        Webhook,  // a POST to `url`, by the rules of https://www.standardwebhooks.com/
        Desktop,  // the console's own desktop shows it, wherever one is connected
        Log,      // a line in the server's log
    };
    std::string name;  // [a-z0-9-]{1,63}: its name in addresses and in Objective::notify
    Kind kind = Kind::Webhook;
    std::string url;  // Webhook
    // Where the key of the signature is: "env:STREAMGAUGE_SECRET_..." or "file:NAME" in the data directory's folder
    // `secrets`. Empty: nothing is signed. The key itself is read when it is needed, and never kept, told or logged.
    std::string secret;
    bool operator==(const NotificationTarget&) const = default;
};
std::string_view to_string(NotificationTarget::Kind kind);

struct NotificationTargetStatus {
    NotificationTarget target;
    std::uint64_t waiting = 0, delivered = 0, dropped = 0;  // delivered, dropped: since the start
    std::optional<Timestamp> delivered_at;
    std::string failure;  // of the last attempt; empty after one that went well
};

// What somebody is told. `body` is a JSON object that holds the id, too.
struct Notification {
    std::string id;       // the same in each attempt: receivers drop repeats by it
    std::string summary;  // one sentence
    std::string body;
};

// Callbacks on the service's own thread.
class NotificationService {
public:
    virtual ~NotificationService() = default;
    // By name.
    virtual void targets(Done<std::vector<NotificationTargetStatus>> done) = 0;
    // InvalidArgument with Error::field; Conflict beyond 64 targets.
    virtual void put_target(NotificationTarget target, Done<NotificationTargetStatus> done) = 0;
    // What waits for it is dropped. NotFound.
    virtual void remove_target(std::string name, Done<bool> done) = 0;
    // Queues a message that says that it is a test.
    virtual void test_target(std::string name, Done<bool> done) = 0;
};

}  // namespace streamgauge::api
