// SPDX-License-Identifier: GPL-3.0-or-later
#include "slo/alert.h"

namespace streamgauge::slo {

std::string_view to_string(AlertState state) {
    switch (state) {
        case AlertState::Inactive:
            return "inactive";
        case AlertState::Pending:
            return "pending";
        case AlertState::Firing:
            return "firing";
        case AlertState::Cooling:
            return "cooling";
        case AlertState::NoData:
            return "no_data";
    }
    return "inactive";
}

}  // namespace streamgauge::slo
