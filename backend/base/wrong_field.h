// SPDX-License-Identifier: GPL-3.0-or-later
// The error of a caller who gave one member, header or parameter wrongly.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace streamgauge {

// InvalidArgument, with the member in Error::field.
inline Error wrong_field(std::string field, std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = std::move(field);
    return error;
}

}  // namespace streamgauge
