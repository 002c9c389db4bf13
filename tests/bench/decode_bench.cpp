// SPDX-License-Identifier: GPL-3.0-or-later
// How many events a second one core decodes, by dialect: requests of 100 events as the SDKs send them, of Plausible's
// single ones.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "event/dialect.h"

namespace streamgauge {
namespace {

constexpr int kEvents = 100;
constexpr Timestamp kReceivedAt = Timestamp::from_seconds(1'770'000'000);

std::string id(int number) {
    return "0190163d-8694-739b-aea5-966c26f8ad" + std::to_string(10 + number % 90);
}

std::string segment_body() {
    std::string body = R"({"batch":[)";
    for (int i = 0; i < kEvents; ++i) {
        if (i > 0) body += ',';
        body +=
            R"({"timestamp":"2026-02-02T02:39:00.250Z","integrations":{},"event":"Order Completed","type":"track",)"
            R"("properties":{"order_id":"o-1","revenue":25.5,"currency":"USD","products":[{"sku":"a","quantity":2}]},)"
            R"("context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},"userId":"user-)" +
            std::to_string(i) + R"(","messageId":"node-next-1795231328325-)" + id(i) +
            R"(","_metadata":{"nodeVersion":"v20.20.2","jsRuntime":"node"}})";
    }
    return body + R"(],"writeKey":"0123456789abcdef","sentAt":"2026-02-02T02:39:59.9Z"})";
}

std::string posthog_body() {
    std::string body = R"({"api_key":"phc_0123456789abcdefghij","batch":[)";
    for (int i = 0; i < kEvents; ++i) {
        if (i > 0) body += ',';
        body += R"({"event":"$pageview","properties":{"$current_url":"https://example.com/pricing",)"
                R"("$session_id":"0190163d-8694-739b-aea5-966c26f8ad91","$raw_user_agent":"Mozilla/5.0 (X11; Linux )"
                R"(x86_64; rv:128.0) Gecko/20100101 Firefox/128.0","$lib":"posthog-node","$lib_version":"5.70.0",)"
                R"("$is_server":true,"$geoip_disable":true},"timestamp":"2026-02-02T02:39:00.250Z","uuid":")" +
                id(i) + R"(","distinct_id":"user-)" + std::to_string(i) + "\"}";
    }
    return body + R"(],"sent_at":"2026-02-02T02:39:59.9Z"})";
}

std::string generic_body() {
    std::string body = "[";
    for (int i = 0; i < kEvents; ++i) {
        if (i > 0) body += ',';
        body += R"({"event_id":")" + id(i) + R"(","event_type":"page_view","user_id":"user-)" + std::to_string(i) +
                R"(","session_id":"0190163d-8694-739b-aea5-966c26f8ad91","page_url":"https://example.com/pricing",)"
                R"("timestamp":"2026-02-02T02:39:00.250Z","properties":{"revenue":25.5,"currency":"USD"}})";
    }
    return body + "]";
}

std::string plausible_body() {
    return R"({"n":"pageview","u":"https://shop.example/pricing","d":"shop.example","r":"https://search.example/",)"
           R"("w":1024,"h":0,"p":"{\"plan\":\"Pro\",\"seats\":3}"})";
}

std::string umami_body() {
    std::string body = "[";
    for (int i = 0; i < kEvents; ++i) {
        if (i > 0) body += ',';
        body += R"({"type":"event","payload":{"website":"50429a93-8479-4073-be80-d5d29c09c2ec","url":"/pricing",)"
                R"("hostname":"shop.example","language":"en-GB","screen":"1920x1080","title":"Pricing","id":"user-)" +
                std::to_string(i) + R"(","timestamp":1769999940,"data":{"revenue":25.5,"currency":"USD"}}})";
    }
    return body + "]";
}

std::string cloudevents_body() {
    std::string body = "[";
    for (int i = 0; i < kEvents; ++i) {
        if (i > 0) body += ',';
        body += R"({"specversion":"1.0","id":")" + id(i) +
                R"(","source":"https://shop.example/orders","type":"com.example.order","subject":"user-)" +
                std::to_string(i) + R"(","time":"2026-02-02T02:39:00.250Z","datacontenttype":"application/json",)" +
                R"("data":{"url":"https://shop.example/pricing","revenue":25.5,"currency":"USD"}})";
    }
    return body + "]";
}

std::string otlp_body() {
    std::string body = R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":)"
                       R"("shop"}}]},"scopeLogs":[{"scope":{"name":"shop-logger"},"logRecords":[)";
    for (int i = 0; i < kEvents; ++i) {
        if (i > 0) body += ',';
        body +=
            R"({"timeUnixNano":"17699999400000000)" + std::to_string(10 + i % 90) +
            R"(","severityNumber":9,"severityText":"INFO","eventName":"order","body":{"stringValue":"ordered"},)"
            R"("traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","attributes":[{"key":"user.id",)"
            R"("value":{"stringValue":"user-)" +
            std::to_string(i) + R"("}},{"key":"revenue","value":{"doubleValue":25.5}}]})";
    }
    return body + "]}]}]}";
}

void Decode(benchmark::State& state, Dialect dialect, const std::string& body, std::size_t count = kEvents) {
    const auto decoder = make_decoder(dialect);
    std::string padded = body;
    padded.append(JsonDecoder::kPadding, ' ');
    DecodeInput input;
    input.body = std::string_view(padded).substr(0, body.size());
    input.padded_capacity = padded.size();
    input.path = "/batch";
    input.client_address = "203.0.113.7";
    input.received_at = kReceivedAt;
    std::size_t events = 0;
    for (auto _ : state) {
        const auto decoded = decoder->decode(input);
        if (!decoded.ok() || decoded->batch.size() != count) {
            state.SkipWithError("not decoded");
            return;
        }
        events += decoded->batch.size();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(events));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(body.size()));
}
BENCHMARK_CAPTURE(Decode, Generic, Dialect::Generic, generic_body());
BENCHMARK_CAPTURE(Decode, Segment, Dialect::Segment, segment_body());
BENCHMARK_CAPTURE(Decode, PostHog, Dialect::PostHog, posthog_body());
BENCHMARK_CAPTURE(Decode, Plausible, Dialect::Plausible, plausible_body(), 1);
BENCHMARK_CAPTURE(Decode, Umami, Dialect::Umami, umami_body());
BENCHMARK_CAPTURE(Decode, CloudEvents, Dialect::CloudEvents, cloudevents_body());
BENCHMARK_CAPTURE(Decode, Otlp, Dialect::Otlp, otlp_body());

}  // namespace
}  // namespace streamgauge

BENCHMARK_MAIN();
