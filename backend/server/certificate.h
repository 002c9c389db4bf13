// SPDX-License-Identifier: GPL-3.0-or-later
// The certificate of the https:// listeners: loaded at the start, exchanged when its files change, watched for its end.
#pragma once

#include <memory>

#include "http/tls.h"
#include "server/config.h"
#include "server/ticker.h"

namespace streamgauge {

// nullptr when no listener speaks TLS; errors as TlsContext::load.
Result<std::shared_ptr<http::TlsContext>> load_certificate(const Config& config, const Clock& clock);
// Looks at the files every few seconds until the ticker stops; says in the log what came of a change, and once a day
// that the end is near.
void watch_certificate(const std::shared_ptr<http::TlsContext>& certificate, Ticker& ticker);
// Reads the files again, and says in the log what came of it.
Status reload_certificate(http::TlsContext& certificate);

}  // namespace streamgauge
