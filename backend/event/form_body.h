// SPDX-License-Identifier: GPL-3.0-or-later
// Forms and queries (application/x-www-form-urlencoded) and Base64, as browsers' SDKs wrap JSON in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace streamgauge {

// The value of the first field called `name` in "a=1&b=2", as it is written; nullopt when there is none.
std::optional<std::string_view> form_field(std::string_view form, std::string_view name);
// "%7B+" -> "{ ". A '%' that two hexadecimal digits do not follow stands for itself.
std::string form_decoded(std::string_view text);
// Either alphabet, with or without padding, white space ignored; a space stands for a '+' that a form took for one.
// nullopt when it is no Base64.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace streamgauge
