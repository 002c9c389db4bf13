// SPDX-License-Identifier: GPL-3.0-or-later
// What a server says of a run's stamped events (run_stamp.h), in a page of its search or a message of its live feed.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::loadgen {

// One event that was read back.
struct SeenEvent {
    std::uint64_t id = 0;      // where it stands in the server's log
    std::uint64_t number = 0;  // kStampNumber
    std::int64_t sent_micros = 0;
};
// For one thread.
class SeenEventReader {
public:
    SeenEventReader();
    ~SeenEventReader();
    // Of a page of the search, or of a message of the live feed ({"events":[...],"skipped":n}); those without this
    // run's stamp are passed over. InvalidArgument for anything else. `skipped`: of the message.
    Result<std::vector<SeenEvent>> read(std::string_view json, std::string_view stamp,
                                        std::uint64_t* skipped = nullptr);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace streamgauge::loadgen
