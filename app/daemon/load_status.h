// SPDX-License-Identifier: GPL-3.0-or-later
// Turns the engine's record into status messages that carry only the seconds that are new or changed.
#pragma once

#include <cstddef>
#include <string>

#include "api/types.h"
#include "loadgen/engine.h"

namespace streamgauge::daemon {

class LoadStatusMaker {
public:
    LoadStatusMaker(std::string run_id, api::LoadPlan plan);

    api::LoadStatus starting() const;
    api::LoadStatus failed(std::string why) const;
    api::LoadStatus make(const loadgen::Progress& progress);

private:
    api::LoadStatus base_;
    std::size_t ended_seen_ = 0;
};

}  // namespace streamgauge::daemon
