// SPDX-License-Identifier: GPL-3.0-or-later
// Which events of a request go where: to the projects of their sites, and, when they break an enforced schema, to the
// dead letters instead.
#pragma once

#include <string>
#include <vector>

#include "api/ingest_policy.h"
#include "event/dialect.h"
#include "journal/journal.h"
#include "schema/schema_registry.h"

namespace streamgauge::api {

// What goes to the journal as one request; its `done` is still empty.
struct AppendPart {
    AppendRequest request;
    std::vector<std::uint32_t> positions;  // in SplitRequest::batch, of each event of request.batch
};

struct SplitRequest {
    EventBatch batch;               // the good events, in the request's order
    std::vector<Rejection> broken;  // those that an enforced schema refuses
    std::vector<AppendPart> parts;  // at least one
};

// Whether all events of `decoded` go to one project, and none can break a schema: then there is nothing to split, and
// the answer is that project.
std::optional<std::string> only_project(const DecodedRequest& decoded, const auth::Principal& sender,
                                        IngestPolicy& policy, const SchemaRegistry* schemas);

// Takes `decoded` apart. What the decoder rejected goes to the sender's project, what a schema refuses to its event's,
// written as generic JSON: its own words are gone by then. Events that a schema only warns of are marked.
SplitRequest split(DecodedRequest decoded, Dialect dialect, const auth::Principal& sender, IngestPolicy& policy,
                   const SchemaRegistry* schemas);

// The event as one object of generic JSON, with every field that it has.
std::string generic_json(const EventView& event);

}  // namespace streamgauge::api
