// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a run's report and as a histogram of HdrHistogram: refused, or read into what is written as the same.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "loadgen/hdr_encoding.h"
#include "loadgen/report_text.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view payload = text;
    if (const auto buckets = histogram_buckets(payload)) {
        std::int64_t last = -1;
        for (const auto& bucket : *buckets) {
            require(bucket.first > last && bucket.second > 0);
            last = bucket.first;
        }
    }
    if (const std::optional<std::string> decoded = loadgen::hdr_decode(text)) histogram_buckets(*decoded);
    const Result<loadgen::RunReport> report = loadgen::parse_run_report(text);
    if (!report) {
        require(!report.error().message.empty());
        return 0;
    }
    const std::string written = to_json(*report);
    const Result<loadgen::RunReport> again = loadgen::parse_run_report(written);
    require(again.ok() && to_json(*again) == written);
    return 0;
}
