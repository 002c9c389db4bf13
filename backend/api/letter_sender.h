// SPDX-License-Identifier: GPL-3.0-or-later
// Brings the events of dead letters into the journal: decodes what is to be sent, as the door would, and waits for the
// commit.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/dialect.h"
#include "journal/journal.h"
#include "schema/schema_registry.h"
#include "store/letters.h"

namespace streamgauge::api {

// One thread.
class LetterSender {
public:
    // `schemas`: nullptr, nothing is checked. Both must outlive it. `installation`: part of the ids of events that have
    // none of their own.
    LetterSender(Journal& journal, const SchemaRegistry* schemas, const DecoderSecrets& secrets,
                 std::string installation);

    // The events of `text` in the letter's dialect and project, as they go into the journal at `received_at`: the same
    // text gives the same ids each time. Their times are read as if they had come with the letter. InvalidArgument with
    // field and offset when any of them would be refused.
    Result<EventBatch> events_of(const DeadLetter& letter, std::string_view text, Timestamp received_at);

    struct Parcel {
        std::uint64_t id = 0;
        EventBatch batch;
    };
    struct Outcome {
        std::uint64_t id = 0;
        // As the journal answered; Unavailable when it did not take it.
        Result<Placement> first = Error::make(ErrorCode::Unavailable, "the journal's queue is full");
    };
    // Hands all of them to the journal, each as one request, and waits until they are on disk or refused. Blocks.
    // `handed_over` is called between the two.
    std::vector<Outcome> send(std::vector<Parcel> parcels, const std::function<void()>& handed_over);

private:
    Journal& journal_;
    const SchemaRegistry* const schemas_;
    const DecoderSecrets secrets_;
    const std::string installation_;
    std::array<std::unique_ptr<DialectDecoder>, kDialects> decoders_;
};

}  // namespace streamgauge::api
