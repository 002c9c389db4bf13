// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as the report of a search for capacity: refused, or read into what is written as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/capacity_reports.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace streamgauge;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    api::is_capacity_report(text);
    const Result<api::CapacityReport> report = api::decode_capacity_report(text);
    if (!report) {
        require(!report.error().message.empty());
        return 0;
    }
    const std::string written = api::encode(*report);
    const Result<api::CapacityReport> again = api::decode_capacity_report(written);
    require(again.ok() && api::is_capacity_report(written) && api::encode(*again) == written);
    api::steps_csv(*report);
    return 0;
}
