// SPDX-License-Identifier: GPL-3.0-or-later
// Short hands to decode what a visitor at a known address sent, under known secrets.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "event/golden_request.h"

namespace streamgauge::test {

// The bytes 0 to 31.
inline DecoderSecrets counting_secrets() {
    DecoderSecrets secrets;
    for (std::size_t i = 0; i < secrets.visitor.size(); ++i) secrets.visitor[i] = static_cast<std::uint8_t>(i);
    return secrets;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

inline Result<DecodedRequest> decode_as(Dialect dialect, SdkRequest request, std::string_view address = "203.0.113.7") {
    return request.with_input([&](DecodeInput input) {
        input.client_address = address;
        return make_decoder(dialect, counting_secrets())->decode(input);
    });
}

inline Result<DecodedRequest> decode_as(Dialect dialect, std::string body, Headers headers = {}) {
    SdkRequest request;
    request.body = std::move(body);
    request.headers = std::move(headers);
    return decode_as(dialect, std::move(request));
}

// As a mended dead letter is: without headers and address.
inline Result<DecodedRequest> decode_again(Dialect dialect, std::string body) {
    SdkRequest request;
    request.body = std::move(body);
    return decode_as(dialect, std::move(request), {});
}

// Replaces the first `old`, which must be there.
inline std::string mended(std::string text, std::string_view old, std::string_view with) {
    const std::size_t at = text.find(old);
    if (at == std::string::npos) return "cannot be mended: " + text;
    return text.replace(at, old.size(), with);
}

// The only event of a request; empty when there is not exactly one.
inline EventView only(const Result<DecodedRequest>& result) {
    return result.ok() && result->batch.size() == 1 && result->rejected.empty() ? result->batch[0] : EventView{};
}

// The only rejection of a request without events.
inline Rejection only_rejection(const Result<DecodedRequest>& result) {
    const bool one = result.ok() && result->batch.empty() && result->rejected.size() == 1;
    return one ? result->rejected[0] : Rejection{99, "no single rejection", "", 0, "", ""};
}

inline std::string repeat(std::string_view text, std::size_t count) {
    std::string out;
    out.reserve(text.size() * count);
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

}  // namespace streamgauge::test
