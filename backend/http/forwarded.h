// SPDX-License-Identifier: GPL-3.0-or-later
// What a trusted reverse proxy says of its client: X-Forwarded-For and X-Forwarded-Proto.
#pragma once

#include <optional>
#include <string>

#include "http/network.h"
#include "http/types.h"

namespace streamgauge::http {

struct Forwarded {
    std::optional<Address> client;  // nullopt: nobody but the peer itself
    std::optional<bool> secure;     // nullopt: not said
};
// The client is the rightmost address that is no trusted proxy's: what stands left of it anybody may have written.
// Where all are trusted, it is the leftmost. Something that is no address ends the search there.
Forwarded read_forwarded(const Request& request, const TrustedProxies& trusted);

}  // namespace streamgauge::http
