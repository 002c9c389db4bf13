// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as a threshold and as a Server-Timing header: faults lie inside the text; what is taken is written in a
// form that reads back as the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/histogram.h"
#include "loadgen/server_timing.h"
#include "loadgen/threshold.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    int stages = 0;
    loadgen::ServerTimingReader reader(text);
    while (const auto stage = reader.next()) {
        require(!stage->name.empty() && stage->name.size() <= 40);
        require(stage->micros >= 0 && stage->micros <= Histogram::kHighestMicros);
        require(++stages <= 16);
    }
    const Result<loadgen::Threshold> threshold = loadgen::parse_threshold(text);
    if (!threshold) {
        require(threshold.error().offset && *threshold.error().offset <= text.size());
        return 0;
    }
    const std::string normal = to_text(*threshold);
    const Result<loadgen::Threshold> again = loadgen::parse_threshold(normal);
    require(again.ok() && *again == *threshold && to_text(*again) == normal);
    return 0;
}
