// SPDX-License-Identifier: GPL-3.0-or-later
// The secret behind visitors' pseudonyms (event/visitor.h), kept in the data directory so that they outlast a restart.
#pragma once

#include <string>

#include "base/result.h"
#include "event/dialect.h"

namespace streamgauge {

// The 32 bytes of `directory`/visitor.key, which is made with random ones where there is none (mode 0600, on disk
// before this returns). Call under the directory's DataLock. Errors: Io; Corrupt when the file has another size.
Result<DecoderSecrets> open_visitor_key(const std::string& directory);

}  // namespace streamgauge
