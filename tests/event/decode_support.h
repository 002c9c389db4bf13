// SPDX-License-Identifier: GPL-3.0-or-later
// Short hands for tests of the decoder: decode a literal body at a fixed time.
#pragma once

#include <string>
#include <string_view>

#include "event/decode.h"

namespace streamgauge::test {

inline constexpr Timestamp kReceivedAt{1'770'000'000'123'456};  // 2026-02-02T02:40:00.123456Z

inline Result<DecodedRequest> decode(std::string_view body, bool ndjson = false) {
    JsonDecoder decoder;
    return decoder.decode(body, 0, ndjson, kReceivedAt, "default");
}

// Decodes one event and hands out its texts, "" and zero when it was not accepted.
struct One {
    explicit One(std::string_view body) : result(decode(body)) {}
    bool accepted() const { return result.ok() && result->batch.size() == 1; }
    EventView event() const { return accepted() ? result->batch[0] : EventView{}; }
    Rejection rejection() const {
        return result.ok() && result->rejected.size() == 1 ? result->rejected[0] : Rejection{99, "none", {}, 0, {}};
    }
    Result<DecodedRequest> result;
};

inline std::string repeated(std::string_view text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

}  // namespace streamgauge::test
