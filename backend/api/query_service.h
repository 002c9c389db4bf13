// SPDX-License-Identifier: GPL-3.0-or-later
// The contract's questions, answered from the pipeline's memory (and, for pair counts, the store behind it).
#pragma once

#include <memory>

#include "api/services.h"
#include "base/clock.h"

namespace streamgauge {
class Journal;
class Pipeline;
}  // namespace streamgauge

namespace streamgauge::api {

// `pipeline`, `journal` and `clock` must outlive the service. Callbacks come on the pipeline's thread; arguments out of
// range are answered at once on the caller's thread. After Pipeline::stop() every call gets Unavailable.
std::unique_ptr<QueryService> make_query_service(Pipeline& pipeline, Journal& journal, const Clock& clock);

}  // namespace streamgauge::api
