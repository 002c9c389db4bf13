// SPDX-License-Identifier: GPL-3.0-or-later
// The decoder for each dialect.
#include "event/cloudevents_decoder.h"
#include "event/dialect.h"
#include "event/media_type.h"
#include "event/otlp_decoder.h"
#include "event/plausible_decoder.h"
#include "event/posthog_decoder.h"
#include "event/segment_decoder.h"
#include "event/umami_decoder.h"

namespace streamgauge {
namespace {

class GenericDecoder final : public DialectDecoder {
public:
    Result<DecodedRequest> decode(const DecodeInput& input) override {
        return decoder_.decode(input.body, input.padded_capacity, names_ndjson(input.header("Content-Type")),
                               input.received_at, "default");
    }

private:
    JsonDecoder decoder_;
};

}  // namespace

std::unique_ptr<DialectDecoder> make_decoder(Dialect dialect, const DecoderSecrets& secrets) {
    switch (dialect) {
        case Dialect::Segment:
            return std::make_unique<SegmentDecoder>();
        case Dialect::PostHog:
            return std::make_unique<PostHogDecoder>(PostHogDecoder::Version::V0);
        case Dialect::PostHogV1:
            return std::make_unique<PostHogDecoder>(PostHogDecoder::Version::V1);
        case Dialect::Plausible:
            return std::make_unique<PlausibleDecoder>(secrets);
        case Dialect::Umami:
            return std::make_unique<UmamiDecoder>(secrets);
        case Dialect::CloudEvents:
            return std::make_unique<CloudEventsDecoder>();
        case Dialect::Otlp:
            return std::make_unique<OtlpDecoder>();
        case Dialect::Generic:
            break;
    }
    return std::make_unique<GenericDecoder>();
}

}  // namespace streamgauge
