// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/access_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/json_writer.h"
#include "auth/names.h"

namespace streamgauge {

namespace {

using api::JsonWriter;

void write_time(JsonWriter& json, const std::optional<Timestamp>& time) {
    if (time) {
        json.string(format_rfc3339(*time));
    } else {
        json.null();
    }
}

void write(JsonWriter& json, const api::Project& project) {
    json.begin_object().key("id").string(project.id).key("name").string(project.name).key("sites").begin_array();
    for (const std::string& site : project.sites) json.string(site);
    json.end_array().key("created_at").string(format_rfc3339(project.created_at)).end_object();
}

void write_key_members(JsonWriter& json, const api::ApiKey& key) {
    json.key("id").string(key.id).key("name").string(key.name).key("project").string(key.project);
    json.key("scopes").begin_array();
    for (const std::string_view scope : {"ingest", "query", "admin"}) {
        if ((key.permissions & static_cast<auth::Permissions>(*auth::scope_from(scope))) != 0) json.string(scope);
    }
    json.end_array().key("hint").string(key.hint).key("created_at").string(format_rfc3339(key.created_at));
    write_time(json.key("last_used_at"), key.last_used_at);
    write_time(json.key("expires_at"), key.expires_at);
    write_time(json.key("revoked_at"), key.revoked_at);
}

void write(JsonWriter& json, const api::ApiKey& key) {
    json.begin_object();
    write_key_members(json, key);
    json.end_object();
}

void write(JsonWriter& json, const api::User& user) {
    json.begin_object().key("name").string(user.name).key("role").string(auth::to_string(user.role));
    json.key("created_at").string(format_rfc3339(user.created_at));
    write_time(json.key("last_login_at"), user.last_login_at);
    json.end_object();
}

template <class T>
std::string one(const T& value) {
    JsonWriter json;
    write(json, value);
    return json.take();
}

template <class T>
std::string list(std::string_view name, const std::vector<T>& values) {
    JsonWriter json;
    json.begin_object().key(name).begin_array();
    for (const T& value : values) write(json, value);
    json.end_array().end_object();
    return json.take();
}

std::string_view kind_of(const auth::Principal& principal) {
    switch (principal.kind) {
        case auth::Principal::Kind::Anonymous:
            return "anonymous";
        case auth::Principal::Kind::Key:
            return "key";
        case auth::Principal::Kind::User:
            return "user";
        case auth::Principal::Kind::Console:
            return "console";
    }
    return "anonymous";
}

}  // namespace

// ---- bodies ---------------------------------------------------------------------------------------------------------
struct JsonBody::Parsed {
    nlohmann::json object;
    const nlohmann::json* find(std::string_view member) const {
        const auto found = object.find(member);
        return found == object.end() || found->is_null() ? nullptr : &*found;
    }
};

JsonBody::JsonBody(std::string_view text, std::initializer_list<std::string_view> known)
    : parsed_(std::make_unique<Parsed>()) {
    parsed_->object = nlohmann::json::parse(text, nullptr, false);
    if (!parsed_->object.is_object()) {
        fault_ = Error::make(ErrorCode::InvalidArgument, "the body must be a JSON object");
        parsed_->object = nlohmann::json::object();
        return;
    }
    for (const auto& member : parsed_->object.items()) {
        if (std::find(known.begin(), known.end(), member.key()) == known.end())
            fail(member.key(), "there is no member " + member.key());
    }
}

JsonBody::~JsonBody() = default;

void JsonBody::fail(std::string_view member, std::string message) {
    if (fault_) return;
    fault_ = Error::make(ErrorCode::InvalidArgument, std::move(message));
    fault_->field = member;
}

std::string JsonBody::text(std::string_view member) {
    auto value = optional_text(member);
    if (!value) fail(member, std::string(member) + " is missing");
    return std::move(value).value_or(std::string());
}

std::optional<std::string> JsonBody::optional_text(std::string_view member) {
    const nlohmann::json* value = parsed_->find(member);
    if (value == nullptr) return std::nullopt;
    if (const auto* found = value->get_ptr<const std::string*>()) return *found;
    fail(member, std::string(member) + " must be a text");
    return std::nullopt;
}

std::optional<Timestamp> JsonBody::optional_time(std::string_view member) {
    const auto value = optional_text(member);
    if (!value) return std::nullopt;
    const auto time = parse_rfc3339(*value);
    if (time.ok()) return *time;
    fail(member, std::string(member) + " must be a time as 2026-01-31T12:00:00Z");
    return std::nullopt;
}

std::vector<std::string> JsonBody::texts(std::string_view member) {
    const nlohmann::json* value = parsed_->find(member);
    std::vector<std::string> all;
    if (value == nullptr) return all;
    bool good = value->is_array();
    if (good) {
        for (const nlohmann::json& element : *value) {
            const auto* found = element.get_ptr<const std::string*>();
            good = good && found != nullptr;
            if (found != nullptr) all.push_back(*found);
        }
    }
    if (!good) {
        fail(member, std::string(member) + " must be an array of texts");
        all.clear();
    }
    return all;
}

// ---- answers --------------------------------------------------------------------------------------------------------
std::string json_of(const api::Login& login) {
    JsonWriter json;
    json.begin_object().key("token").string(login.token).end_object();
    return json.take();
}

std::string json_of(const auth::Principal& principal) {
    JsonWriter json;
    json.begin_object().key("kind").string(kind_of(principal)).key("id").string(principal.id);
    json.key("name").string(principal.name).key("project").string(principal.project);
    json.key("every_project").boolean(principal.every_project).key("permissions").begin_array();
    for (const auto& [permission, word] : {std::pair{auth::Permission::Ingest, "ingest"},
                                           {auth::Permission::Query, "query"},
                                           {auth::Permission::Operate, "operate"},
                                           {auth::Permission::Administer, "administer"}}) {
        if (principal.may(permission)) json.string(word);
    }
    json.end_array().end_object();
    return json.take();
}

std::string json_of_signing_key(const std::string& kid) {
    JsonWriter json;
    json.begin_object().key("kid").string(kid).end_object();
    return json.take();
}

std::string json_of_project(const api::Project& project) {
    return one(project);
}
std::string json_of_projects(const std::vector<api::Project>& projects) {
    return list("projects", projects);
}
std::string json_of_key(const api::ApiKey& key) {
    return one(key);
}
std::string json_of_new_key(const api::NewApiKey& key) {
    JsonWriter json;
    json.begin_object();
    write_key_members(json, key.key);
    json.key("secret").string(key.secret).end_object();
    return json.take();
}
std::string json_of_keys(const std::vector<api::ApiKey>& keys) {
    return list("keys", keys);
}
std::string json_of_user(const api::User& user) {
    return one(user);
}
std::string json_of_users(const std::vector<api::User>& users) {
    return list("users", users);
}

// ---- the log --------------------------------------------------------------------------------------------------------
std::string detail_of(const api::Project& project) {
    return std::to_string(project.sites.size()) + " sites";
}
std::string detail_of(const api::ApiKey& key) {
    return key.id + ", project " + key.project + ", scopes " + auth::scopes_text(key.permissions);
}
std::string detail_of(const api::NewApiKey& key) {
    return detail_of(key.key);
}
std::string detail_of(const api::User& user) {
    return "role " + std::string(auth::to_string(user.role));
}
std::string detail_of(const std::string& kid) {
    return "key " + kid;
}
std::string detail_of(bool) {
    return "removed";
}

}  // namespace streamgauge
