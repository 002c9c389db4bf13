// SPDX-License-Identifier: GPL-3.0-or-later
// An IngestPolicy that does what the test says, for tests of what asks it. Set it up while nothing is being sent.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/ingest_policy.h"

namespace streamgauge::test {

// Everybody is one key of the project "shop", unless refused; knows the sites it is told, and takes so many events.
class ScriptedPolicy final : public api::IngestPolicy {
public:
    Result<auth::PrincipalPtr> sender(const Caller& caller, std::string_view key_in_body) override {
        const std::lock_guard lock(mutex_);
        keys.emplace_back(key_in_body);
        if (refused) return *refused;
        return caller.principal ? caller.principal : principal;
    }
    std::string project_of_site(const auth::Principal& sender, std::string_view site) override {
        const auto found = sites.find(std::string(site));
        return found == sites.end() ? sender.project : found->second;
    }
    Status take_events(const Caller&, const auth::Principal&, std::uint64_t events) override {
        const std::lock_guard lock(mutex_);
        taken.push_back(events);
        if (events <= allowance) return {};
        Error error = Error::make(ErrorCode::RateLimited, "too many events");
        error.retry_after_seconds = retry_after_seconds;
        return error;
    }

    auth::PrincipalPtr principal = std::make_shared<const auth::Principal>(
        auth::Principal{auth::Principal::Kind::Key, "k_12", "web shop", "shop", false, 1});
    std::optional<Error> refused;
    std::map<std::string, std::string> sites;
    std::uint64_t allowance = 1'000'000;
    int retry_after_seconds = 7;
    std::vector<std::string> keys;
    std::vector<std::uint64_t> taken;

private:
    std::mutex mutex_;
};

}  // namespace streamgauge::test
