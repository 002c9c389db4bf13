// SPDX-License-Identifier: GPL-3.0-or-later
// Requests that this server makes of others: webhooks. One connection each, a deadline over all of it, no redirects,
// certificates verified, and no address that the operator has not allowed - checked on the address that is then
// connected to, so that a name cannot lead elsewhere in between.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/network.h"

namespace streamgauge::http {

struct OutgoingUrl {
    bool tls = false;
    std::string host;  // a name or an address, without brackets
    std::uint16_t port = 80;
    std::string target = "/";
    std::string authority;  // for the Host header
};
// "https://hooks.example.com/x?y=1". InvalidArgument with the field url for another scheme, a user, a fragment, spaces
// or control characters, and beyond 2,048 bytes.
Result<OutgoingUrl> parse_outgoing_url(std::string_view text);

// Where requests may go. An element is "loopback", a network ("10.0.0.0/8"), an address, or the name of a host. A name
// allows the addresses that it leads to, but for loopback and link-local ones (169.254.0.0/16, fe80::/10), which must
// be allowed themselves. Read-only, any thread.
class AllowedTargets {
public:
    // InvalidArgument with a hint.
    static Result<AllowedTargets> parse(const std::vector<std::string>& elements);
    bool allows(std::string_view host, const Address& address) const;

private:
    std::vector<Network> networks_;
    std::vector<std::string> names_;  // lower case
};

struct OutgoingOptions {
    std::chrono::milliseconds deadline{5'000};
    std::string authorities;                      // PEM file beside the system's; empty: those alone
    const std::atomic<bool>* stopping = nullptr;  // true: give up within moments
};

struct OutgoingAnswer {
    int status = 0;
    std::string body;  // at most its first 4 KiB
};

// Sends a POST and waits. Any status is an answer. Forbidden where an address is not allowed, Unavailable where the
// name is not found, DeadlineExceeded, Cancelled, otherwise Disconnected. Blocks.
Result<OutgoingAnswer> post(const OutgoingUrl& url, const std::vector<std::pair<std::string, std::string>>& headers,
                            std::string body, const AllowedTargets& allowed, const OutgoingOptions& options);

}  // namespace streamgauge::http
