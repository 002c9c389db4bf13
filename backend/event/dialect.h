// SPDX-License-Identifier: GPL-3.0-or-later
// The producers' dialects behind one interface: from a request's body, in the words of the SDK that sent it, to
// canonical events. Field tables: contract sections 1 and 2; the words of each SDK: docs/dialects.md.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "event/decode.h"

namespace streamgauge {

enum class Dialect {
    Generic,      // A to E: plain JSON, arrays, NDJSON
    Segment,      // and RudderStack: /v1/batch and singles
    PostHog,      // /batch/, /i/v0/e/, /e/, /capture/
    PostHogV1,    // /i/v1/analytics/events: an outcome for each event
    Plausible,    // /api/event
    Umami,        // /api/send, /api/batch
    CloudEvents,  // binary, structured and batch mode
    Otlp,         // /v1/logs as JSON
};
inline constexpr std::size_t kDialects = 8;
std::string_view to_string(Dialect dialect);  // "generic", "segment", ...: stable, kept with dead letters
std::optional<Dialect> dialect_from(std::string_view name);

// Valid during the call. All texts are as they came; `body` is decompressed.
struct DecodeInput {
    std::string_view body;
    std::size_t padded_capacity =
        0;                   // readable bytes from body.data(); JsonDecoder::kPadding beyond its end saves a copy
    std::string_view path;   // of the request, without query: some dialects name the kind of event there
    std::string_view query;  // without '?'
    std::span<const std::pair<std::string_view, std::string_view>> headers;
    std::string_view client_address;  // behind trusted proxies the client's own
    Timestamp received_at;

    std::string_view header(std::string_view name) const;  // first of that name, case-insensitive; empty when absent
};

// Owns parsers and buffers, which are reused. Not thread-safe: one per thread.
class DialectDecoder {
public:
    virtual ~DialectDecoder() = default;
    // Errors: InvalidArgument (no event can be made out: the whole body is a dead letter), TooLarge (more than
    // limits::kEventsPerRequest). An event that is bad is a Rejection, whose `raw` is, once mended, a whole body that
    // this decoder takes without headers. The batch's project is "default": the door knows better.
    virtual Result<DecodedRequest> decode(const DecodeInput& input) = 0;
};

// What decoders need beside the request and nobody else may know.
struct DecoderSecrets {
    std::array<std::uint8_t, 32> visitor{};  // makes pseudonyms of visitors who bring no id: event/visitor.h
    // In time that does not depend on them.
    bool same_as(const DecoderSecrets& other) const;
    // Random, and the same for every call in this process: pseudonyms then change when it restarts.
    static const DecoderSecrets& of_this_process();
};
std::unique_ptr<DialectDecoder> make_decoder(Dialect dialect,
                                             const DecoderSecrets& secrets = DecoderSecrets::of_this_process());

// For paths that Segment and PostHog share (/batch, /track, /identify, ...): who wrote this body? `api_key` or `token`
// at its top is PostHog's, Basic authorization or `writeKey` Segment's; nullopt: neither says.
std::optional<Dialect> segment_or_posthog(const DecodeInput& input);

}  // namespace streamgauge
