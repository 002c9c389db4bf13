// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/webhook.h"

#include <sodium.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "auth/secrets.h"
#include "base/log.h"

namespace streamgauge {
namespace {

constexpr std::size_t kKeyBytes = 4'096;

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

Error no_key(std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = "secret";
    return error;
}

}  // namespace

std::string webhook_signature(std::string_view key, std::string_view id, std::int64_t timestamp,
                              std::string_view body) {
    constexpr std::string_view kPrefix = "whsec_";
    std::string decoded;
    if (key.starts_with(kPrefix)) {
        const std::string_view text = key.substr(kPrefix.size());
        decoded.resize(text.size());
        std::size_t length = 0;
        if (sodium_base642bin(reinterpret_cast<unsigned char*>(decoded.data()), decoded.size(), text.data(),
                              text.size(), nullptr, &length, nullptr, sodium_base64_VARIANT_ORIGINAL) == 0) {
            decoded.resize(length);
            key = decoded;
        }
    }
    const std::string head = std::string(id) + "." + std::to_string(timestamp) + ".";
    crypto_auth_hmacsha256_state state;
    std::array<unsigned char, crypto_auth_hmacsha256_BYTES> digest{};
    crypto_auth_hmacsha256_init(&state, bytes_of(key), key.size());
    crypto_auth_hmacsha256_update(&state, bytes_of(head), head.size());
    crypto_auth_hmacsha256_update(&state, bytes_of(body), body.size());
    crypto_auth_hmacsha256_final(&state, digest.data());
    auth::wipe(decoded);
    std::array<char, sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, sodium_base64_VARIANT_ORIGINAL)> text{};
    sodium_bin2base64(text.data(), text.size(), digest.data(), digest.size(), sodium_base64_VARIANT_ORIGINAL);
    return std::string("v1,") + text.data();
}

NotificationSender::NotificationSender(const Clock& clock, http::AllowedTargets allowed, std::string data_dir,
                                       std::string authorities)
    : clock_(clock),
      allowed_(std::move(allowed)),
      data_dir_(std::move(data_dir)),
      authorities_(std::move(authorities)) {}

Result<std::string> NotificationSender::key_of(const api::NotificationTarget& target) const {
    if (target.secret.empty()) return std::string();
    std::string key;
    if (target.secret.starts_with("env:")) {
        const char* const value = std::getenv(target.secret.substr(4).c_str());
        if (value == nullptr) return no_key("the server's environment has no " + target.secret.substr(4));
        key = value;
    } else {
        const std::string name = target.secret.substr(5);
        std::ifstream file(data_dir_ + "/secrets/" + name, std::ios::binary);
        key.resize(kKeyBytes);
        file.read(key.data(), static_cast<std::streamsize>(key.size()));
        key.resize(static_cast<std::size_t>(file.gcount()));
        if (key.empty()) return no_key("the data directory's folder secrets has no " + name + " that can be read");
        while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    }
    if (key.empty()) return no_key("the key is empty");
    return key;
}

Status NotificationSender::check(const api::NotificationTarget& target) const {
    if (target.kind != api::NotificationTarget::Kind::Webhook) return {};
    const auto url = http::parse_outgoing_url(target.url);
    if (!url) return url.error();
    const auto address = http::parse_address(url->host);
    if (address && !allowed_.allows(url->host, *address)) {
        Error error = Error::make(ErrorCode::Forbidden, url->host + " is not an allowed target");
        error.field = "url";
        error.hint = "name it in notify.allowed_targets in the server's own file";
        return error;
    }
    Result<std::string> key = key_of(target);
    if (!key) return key.error();
    auth::wipe(*key);
    return {};
}

Status NotificationSender::deliver(const api::NotificationTarget& target, const api::Notification& notification,
                                   const std::atomic<bool>& stopping) const {
    if (target.kind == api::NotificationTarget::Kind::Log)
        log::warning("notification", notification.summary, {{"target", target.name}, {"id", notification.id}});
    if (target.kind != api::NotificationTarget::Kind::Webhook) return {};
    const auto url = http::parse_outgoing_url(target.url);
    if (!url) return url.error();
    Result<std::string> key = key_of(target);
    if (!key) return key.error();
    const std::int64_t now = clock_.now().seconds();
    std::vector<std::pair<std::string, std::string>> headers{{"Content-Type", "application/json"},
                                                             {"webhook-id", notification.id},
                                                             {"webhook-timestamp", std::to_string(now)}};
    if (!key->empty())
        headers.emplace_back("webhook-signature", webhook_signature(*key, notification.id, now, notification.body));
    auth::wipe(*key);
    http::OutgoingOptions options;
    options.authorities = authorities_;
    options.stopping = &stopping;
    const auto answer = http::post(*url, headers, notification.body, allowed_, options);
    if (!answer) return answer.error();
    if (answer->status >= 200 && answer->status <= 299) return {};
    return Error::make(ErrorCode::Unavailable,
                       url->authority + " answered with status " + std::to_string(answer->status) +
                           (answer->status >= 300 && answer->status <= 399 ? "; redirects are not followed" : ""));
}

}  // namespace streamgauge
