// SPDX-License-Identifier: GPL-3.0-or-later
// JSON of dead letters, for the REST paths and the console's wire. Strict, as api/codec.h. Bytes that are no UTF-8
// (raw, mended) are base64url, and raw_encoding or mended_encoding says so.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/dead_letters.h"
#include "base/result.h"

namespace streamgauge::api {

// `whole`: with raw and mended.
std::string encode(const Letter& letter, bool whole);
std::string encode(const LetterPage& page);
std::string encode(const std::vector<ReasonCount>& reasons);
std::string encode(const ResendResult& result);
std::string encode(const ResendProgress& progress);
std::string encode(const std::vector<LetterUsage>& usage);

Result<Letter> decode_letter(std::string_view json);
Result<LetterPage> decode_letter_page(std::string_view json);
Result<std::vector<ReasonCount>> decode_reasons(std::string_view json);
Result<ResendResult> decode_resend_result(std::string_view json);
Result<ResendProgress> decode_resend_progress(std::string_view json);
Result<std::vector<LetterUsage>> decode_letter_usage(std::string_view json);

// What to resend: {"ids":[1,2]} or {"filter":{"kind":"..."}} with the members of LetterFilter.
struct ResendRequest {
    std::vector<std::uint64_t> ids;
    std::optional<LetterFilter> filter;
};
std::string encode(const ResendRequest& request);
// Unknown members are a fault, too.
Result<ResendRequest> decode_resend_request(std::string_view json);

}  // namespace streamgauge::api
