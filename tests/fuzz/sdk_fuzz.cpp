// SPDX-License-Identifier: GPL-3.0-or-later
// The decoders of Segment's and PostHog's dialects on any bytes: they neither crash nor hang, every item of a request
// is an event within the limits or a rejection with a reason, the same bytes give the same result again, and what a
// rejection keeps is taken by the same decoder without the request around it.
#include <memory>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "event/body_keys.h"
#include "event/dialect.h"
#include "fuzz/event_checks.h"

namespace {

using namespace streamgauge;
using namespace streamgauge::fuzz;

void check_request(const DecodedRequest& request, std::size_t body_size) {
    require(request.batch.size() == request.request_index.size());
    const std::size_t items = request.batch.size() + request.rejected.size();
    require(items >= 1 && items <= limits::kEventsPerRequest && (request.several || items == 1));
    for (std::size_t i = 0; i < request.batch.size(); ++i) {
        check_event(request.batch[i]);
        require(request.request_index[i] < items);
    }
    for (const Rejection& rejection : request.rejected) {
        check_rejection(rejection, body_size);
        require(rejection.index < items);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::unique_ptr<DialectDecoder> decoders[] = {
        make_decoder(Dialect::Segment), make_decoder(Dialect::PostHog), make_decoder(Dialect::PostHogV1)};
    static constexpr std::string_view kPaths[] = {"/v1/batch", "/v1/track", "/v1/s/",  "/batch/",
                                                  "/e/",       "/engage/",  "/i/v0/e", "/"};
    static constexpr std::string_view kQueries[] = {"", "compression=base64&_=1770000000123", "_=1769999999000&x",
                                                    "compression=lz64"};
    if (size == 0) return 0;
    DialectDecoder& decoder = *decoders[data[0] % 3];
    DecodeInput input;
    input.body = std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1);
    input.path = kPaths[(data[0] / 3) % 8];
    input.query = kQueries[(data[0] / 24) % 4];
    input.received_at = kNow;

    (void)segment_or_posthog(input);
    const Result<DecodedRequest> first = decoder.decode(input);
    const Result<DecodedRequest> again = decoder.decode(input);
    require(first.ok() == again.ok());
    if (!first.ok()) {
        require(!first.error().message.empty() && first.error().message == again.error().message);
        require(first.error().offset == again.error().offset);
        require(first.error().code == ErrorCode::InvalidArgument || first.error().code == ErrorCode::TooLarge);
        require(first.error().offset.value_or(0) <= input.body.size());
        for (const Dialect dialect : {Dialect::Segment, Dialect::PostHog}) {
            const std::string masked = with_keys_masked(input.body, dialect);
            require(masked.size() == input.body.size() && with_keys_masked(masked, dialect) == masked);
        }
        return 0;
    }
    check_request(*first, input.body.size());
    require(first->batch.size() == again->batch.size() && first->rejected.size() == again->rejected.size());
    for (std::size_t i = 0; i < first->batch.size(); ++i) {
        require(first->batch[i].props == again->batch[i].props);
        require(first->batch[i].occurred_at == again->batch[i].occurred_at);
    }
    for (const Rejection& rejection : first->rejected) {
        DecodeInput lone;
        lone.body = rejection.raw;
        lone.received_at = kNow;
        const Result<DecodedRequest> decoded = decoder.decode(lone);
        if (decoded.ok()) check_request(*decoded, rejection.raw.size());
    }
    return 0;
}
