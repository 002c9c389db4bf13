// SPDX-License-Identifier: GPL-3.0-or-later
// What the audit log keeps of what was asked of a load run.
#pragma once

#include <string>
#include <string_view>

namespace streamgauge {

// `body`: a scenario, or JSON (a plan, a hand's action, a search with a scenario in it). What may carry a key is left
// out: the values of headers, bodies, the texts of fields and the queries of URLs. Of what is neither, its size.
std::string audited_load(std::string_view body);

}  // namespace streamgauge
