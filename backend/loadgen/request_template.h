// SPDX-License-Identifier: GPL-3.0-or-later
// The bytes of a request, built once; only the generated fields are written anew for each request, in place. Fields of
// varying width are padded with JSON white space behind the value, so every request of a run has the same length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loadgen/random.h"
#include "loadgen/value_text.h"

namespace streamgauge::loadgen {

struct EventOptions {
    std::uint32_t batch = 1;     // events in a request; above 1 the body is an array
    std::uint32_t users = 1000;  // user_id is u_0 .. u_<users-1>, session_id s_<the same>
    std::uint32_t pages = 50;    // page_url is /page/0 .. /page/<pages-1>
    std::uint64_t seed = 1;      // chooses users, pages and types: the same seed, the same choice for event n
    std::uint64_t id_salt = 0;   // makes event ids differ between runs of one seed: a repeated id would be a duplicate
    // Above 0: each event says which run it is of, its number, and when it was sent and planned (run_stamp.h); event i
    // of request k has the number k * stamp_stride + i. At least `batch`.
    std::uint64_t stamp_stride = 0;
};

// One per thread.
class RequestTemplate {
public:
    // InvalidArgument (field batch, users or pages) outside 1..limits::kEventsPerRequest, 1..1e9, 1..1e9.
    // `head`: the request line and the headers without Content-Length and the empty line, each with its line break.
    static Result<RequestTemplate> make(const std::string& head, const EventOptions& options);

    std::size_t size() const { return text_.size(); }
    // Writes all size() bytes to `buffer`, before the first fill() of it.
    void initialise(char* buffer) const;
    // Writes the fields of request number `index`, sent at `now`, into an initialised buffer. Even events have a random
    // id (UUID version 4), odd ones a time-ordered id (version 7). `planned` is for the stamp. Does not allocate.
    void fill(char* buffer, std::uint64_t index, Timestamp now, Timestamp planned = {});

private:
    struct Slot {
        std::size_t offset = 0, width = 0;
    };

    RequestTemplate(const std::string& head, const EventOptions& options);
    void add_event();

    EventOptions options_;
    RandomStream choices_;
    RandomStream ids_high_;
    RandomStream ids_low_;
    std::string text_;
    std::size_t first_event_ = 0;
    std::size_t stride_ = 0;
    Slot id_, type_, time_, user_, session_, page_;  // offsets from the event's start
    Slot stamp_number_, stamp_sent_, stamp_planned_;
    TimeText time_text_;
};

}  // namespace streamgauge::loadgen
