// SPDX-License-Identifier: GPL-3.0-or-later
// The embedded store: one SQLite file in WAL mode.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace streamgauge {

// Opens or creates the file at `path`. Io when it cannot be opened, Corrupt when it is no store or a newer version's.
//
// synchronous=NORMAL: after power loss the newest commits may be missing, never torn (WAL frames are checksummed, and a
// checkpoint syncs). That is enough, because rows and their offset go together: what is missing is aggregated again
// from the journal, which is synced on every commit.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path);

}  // namespace streamgauge
