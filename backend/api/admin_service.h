// SPDX-License-Identifier: GPL-3.0-or-later
// Who the server is, and whether it is well.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "api/services.h"

namespace streamgauge::api {

// Thread-safe. Asks its parts anew at each health().
class ServerAdmin final : public AdminService {
public:
    struct Part {
        std::string name;
        // What is wrong with it, or nothing. Thread-safe, quick.
        std::function<std::optional<Error>()> fault;
        // What is worth knowing of it while nothing is wrong; may be left out. Thread-safe, quick.
        std::function<std::string()> remark = {};
        // Not vital: shown only while something is wrong with it, and the server is up all the same.
        bool vital = true;
    };

    ServerAdmin(Hello hello, std::vector<Part> parts) : hello_(std::move(hello)), parts_(std::move(parts)) {}

    Hello hello() override { return hello_; }
    // Up when every vital part is, and the server does not stop.
    Health health() override;
    // From now on health() says down: whoever balances load shall send nothing new.
    void start_draining() { draining_.store(true); }

private:
    const Hello hello_;
    const std::vector<Part> parts_;
    std::atomic<bool> draining_{false};
};

}  // namespace streamgauge::api
