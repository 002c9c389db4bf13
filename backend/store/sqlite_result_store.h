// SPDX-License-Identifier: GPL-3.0-or-later
// The embedded store of results: one SQLite file in WAL mode.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "store/result_store.h"

namespace streamgauge {

// What to do with a file of an older layout: results are only ever rebuilt from the journal, never converted.
enum class OlderStore {
    Refuse,  // Corrupt, with a hint. When the journal has lost its beginning
    Remove,  // start an empty one, and log that
};

// Opens or creates the file at `path`. Io when it cannot be opened, Corrupt when it is no store or a newer version's.
//
// synchronous=NORMAL: after power loss the newest commits may be missing, never torn (WAL frames are checksummed, and a
// checkpoint syncs). That is enough, because results and their offset go together: what is missing is aggregated again
// from the journal, which is synced on every commit.
Result<std::unique_ptr<ResultStore>> open_sqlite_result_store(const std::string& path,
                                                              OlderStore older = OlderStore::Refuse);

// One snapshot of a store that a server may be using, also another process; it changes nothing there. NotFound when
// there is no store at `path`, Corrupt when it is none of this version.
Result<std::unique_ptr<StoreSnapshot>> open_result_store_readonly(const std::string& path);

}  // namespace streamgauge
