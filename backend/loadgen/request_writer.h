// SPDX-License-Identifier: GPL-3.0-or-later
// The requests of one kind, written into a connection's buffer. The product's own events are written in place
// (request_template.h); others are put together of what is fixed and of fields, head before body, without allocation.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "loadgen/field_values.h"
#include "loadgen/recording.h"
#include "loadgen/request_template.h"
#include "loadgen/scenario.h"
#include "loadgen/target.h"

namespace streamgauge::loadgen {

struct WriterOptions {
    std::string credentials;  // credentials_line()
    std::uint64_t id_salt = 0;
    const CsvRows* rows = nullptr;  // only read by make()
    // Bytes that fields may still take, of all writers together: a small scenario can ask for large tables.
    std::size_t* memory_left = nullptr;
};

// One per thread.
class RequestWriter {
public:
    // Precondition: validate(scenario), the scenario has this endpoint. InvalidArgument naming the member: a field that
    // is not declared, fields in the path or headers of the product's own events, a column that is not there.
    static Result<RequestWriter> make(const Scenario& scenario, std::size_t endpoint, const Url& url,
                                      const WriterOptions& options);

    // Bytes that a buffer for these requests needs.
    std::size_t capacity() const;
    // Before the first fill() of a buffer, and of one that another writer has filled since.
    void initialise(char* buffer) const;
    // The bytes of request `index` lie within the buffer until it is filled again. Does not allocate.
    std::string_view fill(char* buffer, std::uint64_t index, Timestamp now, Timestamp planned);

private:
    struct Value {
        std::size_t field = 0;  // in the scenario
        Place place = Place::Plain;
        FieldValue value;
    };
    struct Part {
        std::string text;
        std::size_t value = kNone;  // in values_, behind the text
        static constexpr std::size_t kNone = SIZE_MAX;
    };

    RequestWriter() = default;
    Result<std::size_t> value_of(const Scenario& scenario, std::size_t field, Place place,
                                 const WriterOptions& options);
    Status compile(const Scenario& scenario, const std::string& text, const std::string& member, Place place,
                   const WriterOptions& options, std::vector<Part>& parts);
    std::size_t widest(const std::vector<Part>& parts) const;
    char* write(const std::vector<Part>& parts, char* out, const EventMoment& moment);

    std::string_view fill_recorded(char* buffer, std::uint64_t index, Timestamp now);

    std::optional<RequestTemplate> events_;
    std::shared_ptr<const Recording> recording_;  // its requests in place of head_ and body_
    std::string own_target_, lines_;              // of what is recorded: the target of events, and the headers
    std::size_t recorded_widest_ = 0;
    std::optional<RandomStream> ids_high_, ids_low_;
    TimeText time_text_;
    std::vector<Part> head_, body_;
    std::vector<Value> values_;  // one for each field and kind of place
    std::size_t head_widest_ = 0, body_widest_ = 0;
    std::uint32_t batch_ = 1;
    bool has_length_ = false;
};

}  // namespace streamgauge::loadgen
