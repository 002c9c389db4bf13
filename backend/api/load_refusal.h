// SPDX-License-Identifier: GPL-3.0-or-later
// Why the generator's process does not begin a run, on the line that it writes instead of a status.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace streamgauge::api {

// One line without its end: {"refused":{"error":"forbidden","message":"...","field":"...","hint":"..."}}
std::string encode_load_refusal(const Error& error);
// None: it is no such line.
std::optional<Error> decode_load_refusal(std::string_view line);

}  // namespace streamgauge::api
