// SPDX-License-Identifier: GPL-3.0-or-later
// Short hands for tests of SDK dialects: send one body, look at its one event or its one rejection; mend a rejection.
#pragma once

#include <string>
#include <string_view>

#include "event/golden_request.h"

namespace streamgauge::test {

inline constexpr std::string_view kSdkReceivedAt = "2026-02-02T02:40:00.123456Z";

struct Sent {
    Sent(Dialect dialect, std::string body, std::string path = {}, std::string query = {},
         std::vector<std::pair<std::string, std::string>> headers = {})
        : result(SdkRequest{std::move(body), std::move(path), std::move(query), std::move(headers), at(kSdkReceivedAt)}
                     .decode(dialect)) {}

    bool accepted() const { return result.ok() && result->batch.size() == 1 && result->rejected.empty(); }
    EventView event() const { return accepted() ? result->batch[0] : EventView{}; }
    Rejection rejection() const {
        const bool one = result.ok() && result->rejected.size() == 1;
        return one ? result->rejected[0] : Rejection{99, "none", {}, 0, {}};
    }
    Error error() const { return result.ok() ? Error::make(ErrorCode::Internal, "no error") : result.error(); }
    // What went wrong, for messages of tests.
    std::string why() const {
        if (!result.ok()) return result.error().describe();
        return result->rejected.empty() ? "nothing" : rejection().reason + " in " + rejection().field;
    }
    Result<DecodedRequest> result;
};

// `raw` with the first `from` replaced by `to`; an empty `from` replaces all of it.
inline std::string mended(std::string raw, std::string_view from, std::string_view to) {
    const std::size_t begin = raw.find(from);
    if (begin == std::string::npos) return "no " + std::string(from) + " in " + raw;
    return raw.replace(begin, from.empty() ? raw.size() : from.size(), to);
}

inline std::string times(std::size_t count, std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

}  // namespace streamgauge::test
