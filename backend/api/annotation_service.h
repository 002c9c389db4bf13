// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on the time axis: deploys, faults, load runs, alerts. Every chart shows them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/services.h"
#include "query/query.h"

namespace streamgauge::api {

struct Annotation {
    std::string id;  // made by the server
    Timestamp at;
    std::optional<Timestamp> until;  // a stretch of time
    std::string kind;                // [a-z_]{1,32}: deploy, fault, load_run, alert, note
    std::string text;                // at most 500 bytes
    std::string project;             // empty: all
    std::string by;                  // who made it: a user, a key, or the server
    std::vector<std::string> tags;   // at most 10 of at most 64 bytes
    bool operator==(const Annotation&) const = default;
};

// Callbacks on the service's own thread.
class AnnotationService {
public:
    virtual ~AnnotationService() = default;
    // Durable when it answers. The id is made here. InvalidArgument with Error::field.
    virtual void add(Annotation annotation, Done<Annotation> done) = 0;
    // Those that touch the range, oldest first, at most `limit` (1 to 1,000; of more the newest), of the project and of
    // all. An empty project: of every one.
    virtual void list(std::string project, query::TimeRange range, std::size_t limit,
                      Done<std::vector<Annotation>> done) = 0;
    // NotFound where there is none of that id, or it is not of `project` (empty: any).
    virtual void remove(std::string project, std::string id, Done<bool> done) = 0;
};

}  // namespace streamgauge::api
