// SPDX-License-Identifier: GPL-3.0-or-later
// Schemas of event types: registered by project, type and version, checked against earlier versions when they are
// registered, and against every event of their type when it comes in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/event.h"

namespace streamgauge {

// Backward: what was written by the old version can be read by the new one. Forward: the other way round. Against the
// newest version before it.
enum class Compatibility { None, Backward, Forward, Full };
// Warn: stored, flagged and counted. Enforce: to the dead letters.
enum class SchemaMode { Off, Warn, Enforce };
std::string_view to_string(Compatibility compatibility);
std::string_view to_string(SchemaMode mode);
std::optional<Compatibility> compatibility_from(std::string_view word);
std::optional<SchemaMode> schema_mode_from(std::string_view word);

struct EventSchema {
    std::string project, event_type;
    std::int32_t version = 1;  // the events' schema_version
    std::string schema;        // JSON Schema (draft 7) of `props`
    SchemaMode mode = SchemaMode::Warn;
    Compatibility compatibility = Compatibility::Backward;
    Timestamp registered_at;
    std::string registered_by;
};

struct SchemaFault {
    std::string pointer;  // RFC 6901, into the event: "/props/amount"
    std::string reason;   // for a person
};

// Thread-safe. `find` and `check` never wait for the disk.
class SchemaRegistry {
public:
    virtual ~SchemaRegistry() = default;

    // Blocking. Mode and compatibility are the type's: those of its first schema, until set_mode(). The same version
    // with the same text again changes nothing. InvalidArgument: no schema of draft 7 (field: a pointer into it), or a
    // name that cannot be. AlreadyExists: this version has another text. Conflict: not compatible with the version
    // before it; the message says what breaks and where. TooLarge: the schema, or there are too many.
    virtual Result<EventSchema> add(EventSchema schema) = 0;
    // What add() would say, without adding. Does not wait for the disk, but may take some milliseconds.
    virtual Result<EventSchema> try_out(EventSchema schema) const = 0;
    // Blocking. Of all versions of the type. NotFound.
    virtual Status set_mode(const std::string& project, const std::string& event_type, SchemaMode mode,
                            Compatibility compatibility) = 0;
    // Blocking. NotFound.
    virtual Status remove(const std::string& project, const std::string& event_type, std::int32_t version) = 0;

    // By type, then version; empty project: all.
    virtual std::vector<EventSchema> list(const std::string& project) const = 0;

    // True when there is nothing to check for this project: the door then does not look at each event.
    virtual bool idle(std::string_view project) const = 0;
    struct Verdict {
        SchemaMode mode = SchemaMode::Off;  // Off: nothing is registered for the type, or the event is right
        SchemaFault fault;
    };
    // An event whose type has schemas but not for its version is at fault.
    virtual Verdict check(std::string_view project, const EventView& event) const = 0;
    // How many events of each type were at fault, in all projects; only of types that have schemas.
    virtual std::vector<std::pair<std::string, std::uint64_t>> violations() const = 0;
};

// Keeps its rows in `path` (SQLite). `clock` must outlive it.
Result<std::unique_ptr<SchemaRegistry>> open_schema_registry(const std::string& path, const Clock& clock);

}  // namespace streamgauge
