// SPDX-License-Identifier: GPL-3.0-or-later
// The decoders of Plausible's, Umami's, CloudEvents' and OpenTelemetry's dialects on any headers and bytes: they
// neither crash nor hang, every item of a request is an event within the limits or a rejection with a reason, the same
// bytes give the same result again, and what a rejection keeps is a whole request of the dialect without any header.
// Input: one byte chooses the decoder, then come lines "name: value", an empty line, and the body.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "event/bots.h"
#include "event/dialect.h"
#include "event/media_type.h"
#include "fuzz/event_checks.h"

namespace {

using namespace streamgauge;
using namespace streamgauge::fuzz;

void check_request(Dialect dialect, const DecodedRequest& request, std::size_t body_size) {
    const bool sites = dialect == Dialect::Plausible || dialect == Dialect::Umami;
    require(request.batch.size() == request.request_index.size());
    require(request.sites.size() == (sites ? request.batch.size() : 0));
    for (const std::string& site : request.sites) check_text(site, limits::kSiteBytes);
    for (std::size_t i = 0; i < request.batch.size(); ++i) check_event(request.batch[i]);
    for (const Rejection& rejection : request.rejected) {
        check_rejection(rejection, body_size);
    }
}

void check_same(const DecodedRequest& a, const DecodedRequest& b) {
    require(a.batch.size() == b.batch.size() && a.rejected.size() == b.rejected.size() && a.sites == b.sites);
    for (std::size_t i = 0; i < a.batch.size(); ++i) {
        require(a.batch[i].props == b.batch[i].props && a.batch[i].user_id == b.batch[i].user_id);
        require(a.batch[i].occurred_at == b.batch[i].occurred_at);
        require(a.batch[i].id_from_door || a.batch[i].event_id == b.batch[i].event_id);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr Dialect kDialectsHere[] = {Dialect::Plausible, Dialect::Umami, Dialect::CloudEvents,
                                                Dialect::Otlp};
    static const DecoderSecrets secrets{};
    static const std::unique_ptr<DialectDecoder> decoders[] = {
        make_decoder(kDialectsHere[0], secrets), make_decoder(kDialectsHere[1], secrets),
        make_decoder(kDialectsHere[2], secrets), make_decoder(kDialectsHere[3], secrets)};
    if (size == 0) return 0;
    const Dialect dialect = kDialectsHere[data[0] % 4];
    DialectDecoder& decoder = *decoders[data[0] % 4];
    std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
    std::vector<std::pair<std::string_view, std::string_view>> headers;
    bool has_attributes = false;
    while (!rest.empty() && headers.size() < limits::kHeaderCount) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::size_t colon = line.find(": ");
        if (colon == std::string_view::npos) break;
        headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        has_attributes =
            has_attributes || (colon > 3 && (line[0] | 0x20) == 'c' && (line[1] | 0x20) == 'e' && line[2] == '-');
    }
    DecodeInput input;
    input.body = rest;
    input.headers = headers;
    input.client_address = "203.0.113.7";
    input.received_at = kNow;

    constexpr std::string_view kMediaType = "application/cloudevents";
    const std::string_view type = media_type(input.header("Content-Type")).substr(0, kMediaType.size());
    const bool binary = dialect == Dialect::CloudEvents && has_attributes && !equal_ignoring_case(type, kMediaType);

    (void)is_bot(input.header("User-Agent"));
    const Result<DecodedRequest> first = decoder.decode(input);
    const Result<DecodedRequest> again = decoder.decode(input);
    require(first.ok() == again.ok());
    if (!first.ok()) {
        require(!first.error().message.empty() && first.error().message == again.error().message);
        require(first.error().offset == again.error().offset);
        require(first.error().code == ErrorCode::InvalidArgument || first.error().code == ErrorCode::TooLarge);
        require(first.error().offset.value_or(0) <= input.body.size());
        // A binary event is never given up for its data: without its headers nobody could mend it.
        require(!binary);
        return 0;
    }
    check_request(dialect, *first, input.body.size());
    check_same(*first, *again);
    for (const Rejection& rejection : first->rejected) {
        DecodeInput lone;
        lone.body = rejection.raw;
        lone.received_at = kNow;
        const Result<DecodedRequest> decoded = decoder.decode(lone);
        if (decoded.ok()) check_request(dialect, *decoded, rejection.raw.size());
        // What had to be read as JSON to be rejected, and was not cut, is read as JSON again.
        const bool whole =
            rejection.raw.size() < limits::kDeadLetterRawBytes && !rejection.reason.starts_with("not JSON");
        if (dialect == Dialect::Otlp && whole)
            require(decoded.ok() && decoded->rejected.size() + decoded->batch.size() == 1);
        if (binary && whole) require(decoded.ok() && decoded->rejected.size() + decoded->batch.size() == 1);
    }
    return 0;
}
