// SPDX-License-Identifier: GPL-3.0-or-later
// From a request body in generic JSON (dialects A to E: one object, an array, or NDJSON) to canonical events.
// Field names, first match wins, and all rules: contract section 1.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/uuid.h"
#include "event/event.h"

namespace streamgauge {

// How the producer spelt its members, so that the answer can use the same (snake_case or camelCase).
enum class NamingStyle { Snake, Camel };

struct DecodedRequest {
    EventBatch batch;                          // the good ones, in request order
    std::vector<std::uint32_t> request_index;  // batch[i] was item request_index[i] of the request
    std::vector<Rejection> rejected;           // the bad ones
    bool several = false;                      // an array or NDJSON (even of one): answered as a batch
    NamingStyle naming = NamingStyle::Snake;
    std::string key;  // the credential in the body (write key, api key, token); empty: none
    // Where each event of the batch says which site it belongs to (Plausible's domain, Umami's website): one for each.
    std::vector<std::string> sites;
};

// Owns the parser's memory, which is reused. Not thread-safe: one per thread.
class JsonDecoder {
public:
    JsonDecoder();
    ~JsonDecoder();

    // `body` needs no padding (it is copied into a padded buffer unless `padded_capacity` says that at least
    // kPadding bytes after it are readable). `ndjson`: the content type said so; it is also recognised by itself.
    // A body that is not JSON at all, is empty, or exceeds limits::kEventsPerRequest is an Error (InvalidArgument or
    // TooLarge) with the byte offset; an event that is bad is a Rejection and never hurts its neighbours.
    Result<DecodedRequest> decode(std::string_view body, std::size_t padded_capacity, bool ndjson,
                                  Timestamp received_at, std::string project);

    static constexpr std::size_t kPadding = 64;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamgauge
