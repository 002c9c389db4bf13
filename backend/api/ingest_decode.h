// SPDX-License-Identifier: GPL-3.0-or-later
// From a body as it came to decoded events: decompression, whose words these are, and the dialect's decoder.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "api/ingest_service.h"

namespace streamgauge::api {

// Decoders and buffers of one thread: they grow to what the thread has seen, and are reused. Not thread-safe.
class IngestDecoder {
public:
    struct Decoded {
        Dialect dialect = Dialect::Generic;
        std::string_view body;           // decompressed, or as received where that failed; valid until release()
        Result<DecodedRequest> request;  // errors as DialectDecoder's; of decompression InvalidArgument and TooLarge
    };
    Decoded decode(const IngestRequest& request, const DecoderSecrets& secrets, Timestamp received_at);
    // Gives back what only a large body needs.
    void release();

    // This thread's.
    static IngestDecoder& of_this_thread();

private:
    DialectDecoder& decoder(Dialect dialect, const DecoderSecrets& secrets);
    Status decompress(Coding coding, DecodeInput& input);

    std::array<std::unique_ptr<DialectDecoder>, kDialects> decoders_;
    DecoderSecrets secrets_;  // of the decoders that need them: a thread may serve several services
    std::string inflated_;
};

}  // namespace streamgauge::api
