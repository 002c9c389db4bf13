// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/notification_codec.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/json_writer.h"
#include "schema/schema_document.h"

namespace streamgauge::api {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kKinds{"webhook", "desktop", "log"};
constexpr std::string_view kVariablePrefix = "env:STREAMGAUGE_SECRET_";
constexpr std::string_view kFilePrefix = "file:";
constexpr std::size_t kNameBytes = 63;
constexpr std::size_t kUrlBytes = 2'048;

Error wrong(std::string field, std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = std::move(field);
    return error;
}

bool all_of(std::string_view text, std::string_view extra, bool capitals) {
    return std::all_of(text.begin(), text.end(), [=](char c) {
        return (c >= 'a' && c <= 'z' && !capitals) || (c >= 'A' && c <= 'Z' && capitals) || (c >= '0' && c <= '9') ||
               extra.find(c) != std::string_view::npos;
    });
}

void write_members(JsonWriter& out, const NotificationTarget& target) {
    out.key("name").string(target.name).key("kind").string(to_string(target.kind));
    if (target.kind == NotificationTarget::Kind::Webhook)
        out.key("url").string(target.url).key("secret").string(target.secret);
}

double seconds(std::int64_t micros) {
    return static_cast<double>(micros) / 1e6;
}

}  // namespace

std::string_view to_string(NotificationTarget::Kind kind) {
    return kKinds[static_cast<std::size_t>(kind)];
}

Result<NotificationTarget> read_target(std::string_view text, std::string_view name) {
    if (schema::is_nested_deeper(text, 3)) return wrong("", "the body is nested too deeply");
    const json document = json::parse(text, nullptr, false);
    if (!document.is_object()) return wrong("", "a target must be a JSON object");
    NotificationTarget out;
    std::string kind = "webhook";
    const std::array<std::pair<std::string_view, std::string*>, 4> members{
        {{"name", &out.name}, {"kind", &kind}, {"url", &out.url}, {"secret", &out.secret}}};
    for (const auto& [key, value] : document.items()) {
        const auto member =
            std::find_if(members.begin(), members.end(), [&key = key](const auto& one) { return one.first == key; });
        if (member == members.end()) return wrong(key, "there is no such member; there are name, kind, url and secret");
        if (!value.is_string()) return wrong(key, key + " must be a text");
        *member->second = value.get<std::string>();
    }
    if (!name.empty() && !out.name.empty() && out.name != name)
        return wrong("name", "the address says " + std::string(name));
    if (out.name.empty()) out.name = std::string(name);
    const auto found = std::find(kKinds.begin(), kKinds.end(), kind);
    if (found == kKinds.end()) return wrong("kind", "kind must be webhook, desktop or log");
    out.kind = static_cast<NotificationTarget::Kind>(found - kKinds.begin());
    if (Status right = check_target(out); !right) return right.error();
    return out;
}

Status check_target(const NotificationTarget& target) {
    if (target.name.empty() || target.name.size() > kNameBytes || !all_of(target.name, "-", false))
        return wrong("name", "name must be 1 to 63 of a to z, 0 to 9 and -");
    const bool webhook = target.kind == NotificationTarget::Kind::Webhook;
    if (webhook != !target.url.empty()) return wrong("url", webhook ? "url is missing" : "only a webhook has a url");
    if (target.url.size() > kUrlBytes) return wrong("url", "url is longer than 2048 bytes");
    if (!webhook && !target.secret.empty()) return wrong("secret", "only a webhook has a secret");
    const std::string_view secret = target.secret;
    if (secret.empty()) return {};
    if (secret.starts_with(kVariablePrefix) && secret.size() <= 128 &&
        all_of(secret.substr(kVariablePrefix.size()), "_", true))
        return {};
    const std::string_view file = secret.starts_with(kFilePrefix) ? secret.substr(kFilePrefix.size()) : "";
    if (!file.empty() && file.size() <= kNameBytes && file.front() != '.' && all_of(file, "-_.", false)) return {};
    return wrong("secret",
                 "secret must say where the key is: env:STREAMGAUGE_SECRET_NAME, or file:NAME in the folder secrets of "
                 "the data directory");
}

std::string write_target(const NotificationTarget& target) {
    JsonWriter out;
    out.begin_object();
    write_members(out, target);
    out.end_object();
    return out.take();
}

std::string write_target_status(const NotificationTargetStatus& status) {
    JsonWriter out;
    out.begin_object();
    write_members(out, status.target);
    out.key("waiting").unsigned_integer(status.waiting).key("delivered").unsigned_integer(status.delivered);
    out.key("dropped").unsigned_integer(status.dropped).key("delivered_at");
    if (status.delivered_at) {
        out.string(format_rfc3339(*status.delivered_at));
    } else {
        out.null();
    }
    out.key("failure").string(status.failure).end_object();
    return out.take();
}

std::string alert_id(const slo::Objective& objective, const slo::AlertChange& change) {
    return objective.name + "-" + std::to_string(change.rule) + "-" + std::to_string(change.at.micros);
}

Notification alert_notification(const slo::Objective& objective, const slo::AlertChange& change,
                                const slo::BurnRule& rule, std::string id) {
    Notification out;
    out.id = std::move(id);
    out.summary = change.sentence;
    JsonWriter body;
    body.begin_object().key("id").string(out.id).key("type");
    body.string("alert." + std::string(slo::to_string(change.news)));
    body.key("timestamp").string(format_rfc3339(change.at)).key("data").begin_object();
    body.key("objective").string(objective.name).key("title").string(objective.title);
    body.key("service").string(objective.service).key("project").string(objective.project);
    body.key("severity").string(slo::to_string(rule.severity)).key("state").string(slo::to_string(change.to));
    body.key("target").number(objective.target).key("factor").number(rule.factor);
    body.key("long_seconds").number(seconds(rule.long_micros)).key("short_seconds").number(seconds(rule.short_micros));
    body.key("sentence").string(change.sentence).end_object().end_object();
    out.body = body.take();
    return out;
}

}  // namespace streamgauge::api
