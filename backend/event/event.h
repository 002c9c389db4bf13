// SPDX-License-Identifier: GPL-3.0-or-later
// The canonical event and batches of it. A batch owns one text buffer; its events are views into it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace streamgauge {

// Position in the journal: strictly increasing, gapless within a partition, starts at 1. 0 means "none".
using Offset = std::uint64_t;

// One event, as views. Valid as long as the batch it came from is neither changed nor destroyed.
// Field rules: contract section 1 (lengths in base/limits.h). `props` is a minified JSON object, "{}" when empty.
struct EventView {
    std::string_view event_id, event_type, user_id, session_id, page_url, props;
    Timestamp occurred_at, received_at;
    std::int32_t schema_version = 1;
    bool id_from_door = false;    // the producer sent none: it cannot repeat, dedup skips it
    bool time_from_door = false;  // occurred_at was missing and is received_at
    bool bot = false;             // the user agent it came with is a robot's
    bool off_schema = false;      // breaks its registered schema, which only warns
};

// Events of one project in order. Movable, not copyable by accident. Not thread-safe; hand it over whole.
class EventBatch {
public:
    explicit EventBatch(std::string project = "default") : project_(std::move(project)) {}
    EventBatch(EventBatch&&) noexcept = default;
    EventBatch& operator=(EventBatch&&) noexcept = default;
    EventBatch(const EventBatch&) = delete;
    EventBatch& operator=(const EventBatch&) = delete;

    // Copies the texts of `event` into the buffer.
    void add(const EventView& event);
    // Copies every event of `other`, whatever its project.
    void add_all(const EventBatch& other);
    EventView operator[](std::size_t index) const;
    std::size_t size() const { return records_.size(); }
    bool empty() const { return records_.empty(); }
    std::size_t text_bytes() const { return text_.size(); }
    const std::string& project() const { return project_; }
    void reserve(std::size_t events, std::size_t text_bytes);
    void clear();
    void mark_off_schema(std::size_t index);
    // Moves all events to another project.
    void set_project(std::string project) { project_ = std::move(project); }

private:
    struct Record {
        Timestamp occurred_at, received_at;
        std::uint32_t begin;  // of event_id in text_; the other fields follow in declaration order
        std::uint16_t event_id, event_type, user_id, session_id, page_url;
        std::uint16_t flags;
        std::uint32_t props;
        std::int32_t schema_version;
    };
    std::string project_;
    std::string text_;
    std::vector<Record> records_;
};

// An event, or a piece of a request, that could not be decoded. Goes to the dead letters before the door answers.
struct Rejection {
    std::uint32_t index = 0;   // position in the request
    std::string reason;        // for a person
    std::string field;         // member at fault, or a JSON pointer to it, or empty
    std::uint64_t offset = 0;  // byte offset into the request body
    std::string raw;           // at most limits::kDeadLetterRawBytes: once mended, a whole body of the same dialect
    std::string event_id{};    // where it could be read
};

}  // namespace streamgauge
