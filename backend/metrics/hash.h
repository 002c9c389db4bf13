// SPDX-License-Identifier: GPL-3.0-or-later
// XXH3 of a text: with a seed that differs from process to process, so that nobody outside can choose texts that
// collide, for tables in memory; with a fixed one for what is kept.
#pragma once

#include <cstdint>
#include <string_view>

namespace streamgauge {

// Never 0. No order and no result may depend on it: it differs in every process.
std::uint64_t text_hash(std::string_view text);
// What text_hash() is seeded with in this process.
std::uint64_t text_seed();

// Never 0, and the same everywhere and for ever: states in the store are made of it.
std::uint64_t value_hash(std::string_view text);

// An odd number that differs in every process: what value_hash() is multiplied with to find a place in a table.
std::uint64_t process_factor();

}  // namespace streamgauge
