// SPDX-License-Identifier: GPL-3.0-or-later
// Who did what to the server, a line for each action, on disk before the action is answered: changes of access, metrics
// and schemas, what was done to dead letters, load runs. Reading and sending events are no such actions.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/service_thread.h"
#include "api/services.h"
#include "base/sqlite.h"
#include "base/time.h"

namespace streamgauge::api {

struct AuditedAction {
    std::uint64_t id = 0;  // ascending, from 1; set by the log
    Timestamp at;
    std::string by;       // "user admin", "key k_1 (name)", "console", "nobody known"
    std::string address;  // it came from; empty where there is none
    std::string action;   // "POST /api/v1/load/runs"
    int status = 0;       // of the answer
    std::string detail;   // what was asked, at most kDetailBytes
};

// Thread-safe.
class AuditLog {
public:
    static constexpr std::size_t kDetailBytes = 2000;
    static constexpr std::uint64_t kKept = 100'000;  // actions, the newest
    static constexpr std::size_t kMostListed = 1000;

    // The file is made where it is missing. Corrupt when it is none of ours.
    static Result<std::unique_ptr<AuditLog>> open(const std::string& path);
    ~AuditLog() { stop(); }

    // `done` is called exactly once, on the log's thread, when the action is on disk; or at once or there when it
    // cannot be (then that is logged): what was done is answered all the same.
    void record(AuditedAction action, std::function<void()> done);
    // Newest first, at most `limit` (1 to kMostListed), those before `before` where that is given.
    void list(std::optional<std::uint64_t> before, std::size_t limit, Done<std::vector<AuditedAction>> done);
    void stop() { thread_.stop(); }

private:
    explicit AuditLog(sql::Connection connection);
    Status prepare();
    Status write(const AuditedAction& action);
    Result<std::vector<AuditedAction>> read(std::optional<std::uint64_t> before, std::size_t limit);

    sql::Connection connection_;  // the thread's own, as the statements
    sql::Statement insert_, trim_;
    ServiceThread thread_{"audit log", 10'000};
};

}  // namespace streamgauge::api
