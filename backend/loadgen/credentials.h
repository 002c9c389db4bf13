// SPDX-License-Identifier: GPL-3.0-or-later
// The secret that a run's requests carry: read once when the run starts, never written anywhere.
#pragma once

#include <string>

#include "base/result.h"
#include "loadgen/scenario.h"

namespace streamgauge::loadgen {

// The header line with its line break ("Authorization: Bearer ...\r\n"), empty for Credentials::Kind::None.
// InvalidArgument (field credentials.environment or credentials.file) when the secret is not there, is empty, longer
// than 4 KiB, or has control characters. The error does not repeat it.
Result<std::string> credentials_line(const Credentials& credentials);

}  // namespace streamgauge::loadgen
