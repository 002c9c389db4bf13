// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of load runs that are under way, a file each, so that a run whose server dies is not forgotten.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace streamgauge::api {

// Calls about different runs may come from different threads. Nobody else may be in the directory.
class RunNotes {
public:
    // Makes the directory where it is missing, and removes what was not written to its end. Io.
    static Result<RunNotes> open(std::string directory);

    // Runs that have a note.
    Result<std::vector<std::string>> run_ids() const;
    // Durable when it returns without an error, in place of what was noted before. Io: that is there still, or this is,
    // not durably. InvalidArgument for an id that is no name of a file.
    Status write(const std::string& run_id, std::string_view text) const;
    Result<std::string> read(const std::string& run_id) const;
    // For good; none is fine.
    Status remove(const std::string& run_id) const;
    // Out of the way, for a person to look at.
    Status set_aside(const std::string& run_id) const;

private:
    explicit RunNotes(std::string directory) : directory_(std::move(directory)) {}
    std::string path(const std::string& run_id) const { return directory_ + "/" + run_id + ".json"; }

    std::string directory_;
};

}  // namespace streamgauge::api
