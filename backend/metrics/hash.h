// SPDX-License-Identifier: GPL-3.0-or-later
// XXH3 of a text with a seed that differs from process to process, so that nobody outside can choose texts that
// collide.
#pragma once

#include <cstdint>
#include <string_view>

namespace streamgauge {

// Never 0. No order and no result may depend on it: it differs in every process.
std::uint64_t text_hash(std::string_view text);

}  // namespace streamgauge
