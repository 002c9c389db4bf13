// SPDX-License-Identifier: GPL-3.0-or-later
// A listening TCP socket, bound before any thread runs, so that a taken port is told to the caller.
#pragma once

#include "base/result.h"
#include "http/engine.h"

namespace streamgauge::http {

struct ListeningSocket {
    int descriptor = -1;  // the caller closes it
    Endpoint endpoint;    // with its real port
};
// Unavailable when the port is taken or the address is not this machine's, InvalidArgument when it is no address.
Result<ListeningSocket> open_listening_socket(const Endpoint& endpoint);

// The address of the peer of a connected socket as text, without a port; empty when it has left already.
std::string peer_address(int descriptor);

}  // namespace streamgauge::http
