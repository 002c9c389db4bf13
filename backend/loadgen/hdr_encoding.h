// SPDX-License-Identifier: GPL-3.0-or-later
// Histograms as other tools read them: HdrHistogram's V2 compressed form (zlib), base64, as in its log files. Values
// are microseconds, 1 us to 1 h, three significant digits.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/histogram.h"
#include "base/sparse_histogram.h"

namespace streamgauge::loadgen {

std::string hdr_encode(const Histogram& histogram);
std::string hdr_encode(const SparseHistogram& histogram);

// The buckets' payload in it, for SparseHistogram::restore(). None when it is not such a text, has other bounds or
// digits, or is longer than any histogram.
std::optional<std::string> hdr_decode(std::string_view base64);

}  // namespace streamgauge::loadgen
