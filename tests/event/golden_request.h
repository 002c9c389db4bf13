// SPDX-License-Identifier: GPL-3.0-or-later
// Requests as real SDKs sent them (tests/event/golden), and short hands to decode requests in an SDK's dialect.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/gzip.h"
#include "base/limits.h"
#include "event/dialect.h"

namespace streamgauge::test {

inline constexpr std::int64_t kMillis = 1000;

inline Timestamp at(std::string_view text) {
    const auto time = parse_rfc3339(text);
    return time.ok() ? time.value() : Timestamp{};
}

// A request that owns its texts.
struct SdkRequest {
    std::string body, path, query;
    std::vector<std::pair<std::string, std::string>> headers;
    Timestamp received_at = at("2026-02-02T02:40:00.123456Z");

    template <class Call>
    auto with_input(Call call) const {
        std::vector<std::pair<std::string_view, std::string_view>> views(headers.begin(), headers.end());
        DecodeInput input;
        input.body = body;
        input.padded_capacity = body.size();
        input.path = path;
        input.query = query;
        input.headers = views;
        input.received_at = received_at;
        return call(input);
    }
    Result<DecodedRequest> decode(Dialect dialect) const {
        return with_input([&](const DecodeInput& input) { return make_decoder(dialect)->decode(input); });
    }
};

// The request in golden/NAME.http, its body decompressed. The body is empty when there is no such file.
inline SdkRequest golden(const std::string& name) {
    const char* source = std::getenv("STREAMGAUGE_SOURCE");
    std::ifstream file(std::string(source != nullptr ? source : ".") + "/tests/event/golden/" + name + ".http",
                       std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    SdkRequest request;
    const std::size_t head_end = text.find("\r\n\r\n");
    if (head_end == std::string::npos) return request;
    request.body = text.substr(head_end + 4);
    if (api::looks_like_gzip(request.body)) {
        std::string plain;
        if (!api::gunzip(request.body, limits::kIngestBodyBytes, plain).ok()) plain.clear();
        request.body = std::move(plain);
    }
    std::string_view head = std::string_view(text).substr(0, head_end);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::string_view target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
    request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string_view::npos) request.query = target.substr(target.find('?') + 1);
    while (head.find("\r\n") != std::string_view::npos) {
        head.remove_prefix(head.find("\r\n") + 2);
        const std::string_view field = head.substr(0, head.find("\r\n"));
        request.headers.emplace_back(field.substr(0, field.find(": ")), field.substr(field.find(": ") + 2));
    }
    return request;
}

}  // namespace streamgauge::test
