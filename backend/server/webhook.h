// SPDX-License-Identifier: GPL-3.0-or-later
// Sends notifications to their targets. Webhooks are signed by the rules of https://www.standardwebhooks.com/: the
// headers webhook-id, webhook-timestamp (seconds) and webhook-signature, which is "v1," and the base64 of the
// HMAC-SHA256 of "ID.TIMESTAMP.BODY".
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "api/notification_service.h"
#include "base/clock.h"
#include "http/outgoing.h"

namespace streamgauge {

// Thread-safe after it is made.
class NotificationSender {
public:
    // `data_dir` has the folder `secrets`. `clock` must outlive the sender.
    NotificationSender(const Clock& clock, http::AllowedTargets allowed, std::string data_dir, std::string authorities);

    // Blocks for at most some seconds. A webhook is delivered when it is answered 2xx.
    Status deliver(const api::NotificationTarget& target, const api::Notification& notification,
                   const std::atomic<bool>& stopping) const;
    // InvalidArgument or Forbidden, with Error::field: a URL that is none, an address that is not allowed, a key that
    // cannot be read. Names are looked up only when something is sent.
    Status check(const api::NotificationTarget& target) const;

private:
    Result<std::string> key_of(const api::NotificationTarget& target) const;

    const Clock& clock_;
    const http::AllowedTargets allowed_;
    const std::string data_dir_, authorities_;
};

// The value of webhook-signature. A key that begins with "whsec_" is base64 after that; any other is taken as it is.
std::string webhook_signature(std::string_view key, std::string_view id, std::int64_t timestamp, std::string_view body);

}  // namespace streamgauge
