// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/ingest_decode.h"

#include "api/gzip.h"
#include "base/limits.h"

namespace streamgauge::api {

namespace {

constexpr std::size_t kKeptBuffer = 1024 * 1024;

Error nobodys_body() {
    return {ErrorCode::InvalidArgument,
            "the body does not say whose it is",
            "writeKey",
            {},
            "send writeKey or Basic authorization (Segment), or api_key or token (PostHog)"};
}

}  // namespace

IngestDecoder& IngestDecoder::of_this_thread() {
    static thread_local IngestDecoder decoder;
    return decoder;
}

DialectDecoder& IngestDecoder::decoder(Dialect dialect, const DecoderSecrets& secrets) {
    auto& decoder = decoders_[static_cast<std::size_t>(dialect)];
    const bool has_secrets = dialect == Dialect::Plausible || dialect == Dialect::Umami;
    if (has_secrets && !secrets_.same_as(secrets)) {
        secrets_ = secrets;
        decoders_[static_cast<std::size_t>(Dialect::Plausible)].reset();
        decoders_[static_cast<std::size_t>(Dialect::Umami)].reset();
    }
    if (!decoder) decoder = make_decoder(dialect, secrets);
    return *decoder;
}

Status IngestDecoder::decompress(Coding coding, DecodeInput& input) {
    const bool gzip = coding == Coding::Gzip || looks_like_gzip(input.body);
    if (!gzip && coding == Coding::Identity) return {};
    Status done = gzip ? gunzip(input.body, limits::kIngestBodyBytes, inflated_)
                       : inflate_body(input.body, limits::kIngestBodyBytes, inflated_);
    if (!done.ok()) return done;
    const std::size_t size = inflated_.size();
    inflated_.resize(size + JsonDecoder::kPadding);
    input.body = std::string_view(inflated_).substr(0, size);
    input.padded_capacity = inflated_.size();
    return {};
}

IngestDecoder::Decoded IngestDecoder::decode(const IngestRequest& request, const DecoderSecrets& secrets,
                                             Timestamp received_at) {
    DecodeInput input = request.input;
    input.received_at = received_at;
    if (Status done = decompress(request.coding, input); !done.ok()) return {request.dialect, input.body, done.error()};
    Dialect dialect = request.dialect;
    if (request.segment_or_posthog) {
        const auto whose = segment_or_posthog(input);
        if (!whose) return {dialect, input.body, nobodys_body()};
        dialect = *whose;
    }
    return {dialect, input.body, decoder(dialect, secrets).decode(input)};
}

void IngestDecoder::release() {
    if (inflated_.capacity() > kKeptBuffer) std::string().swap(inflated_);
}

}  // namespace streamgauge::api
