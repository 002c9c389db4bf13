// SPDX-License-Identifier: GPL-3.0-or-later
// The JSON of logins and administration: bodies read strictly, answers written.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "auth/principal.h"
#include "base/error.h"

namespace streamgauge {

// A JSON object with known members of known kinds. The first fault is kept, with the member's name; what a faulty
// member is read as is empty.
class JsonBody {
public:
    JsonBody(std::string_view text, std::initializer_list<std::string_view> known);
    ~JsonBody();
    JsonBody(const JsonBody&) = delete;
    JsonBody& operator=(const JsonBody&) = delete;

    std::string text(std::string_view member);  // required
    // null is as absent.
    std::optional<std::string> optional_text(std::string_view member);
    std::optional<Timestamp> optional_time(std::string_view member);  // RFC 3339
    std::vector<std::string> texts(std::string_view member);          // an array; absent is empty

    void fail(std::string_view member, std::string message);
    const std::optional<Error>& fault() const { return fault_; }

private:
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
    std::optional<Error> fault_;
};

std::string json_of(const api::Login& login);  // exactly {"token":"..."}
std::string json_of(const auth::Principal& principal);
std::string json_of_signing_key(const std::string& kid);
std::string json_of_project(const api::Project& project);
std::string json_of_projects(const std::vector<api::Project>& projects);
std::string json_of_key(const api::ApiKey& key);
std::string json_of_new_key(const api::NewApiKey& key);
std::string json_of_keys(const std::vector<api::ApiKey>& keys);
std::string json_of_user(const api::User& user);
std::string json_of_users(const std::vector<api::User>& users);

// What the log says of a change, without secrets.
std::string detail_of(const api::Project& project);
std::string detail_of(const api::ApiKey& key);
std::string detail_of(const api::NewApiKey& key);
std::string detail_of(const api::User& user);
std::string detail_of(const std::string& kid);
std::string detail_of(bool removed);

}  // namespace streamgauge
