// SPDX-License-Identifier: GPL-3.0-or-later
// The generated fields of a scenario, compiled: the value of a field is a pure function of the seed and the number of
// the event, except for ids (which also depend on the salt) and times. Writing one does not allocate.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loadgen/csv_feeder.h"
#include "loadgen/random.h"
#include "loadgen/scenario.h"
#include "loadgen/value_text.h"

namespace streamgauge::loadgen {

// What a value may depend on.
struct EventMoment {
    std::uint64_t number = 0;  // of the event in the run
    Timestamp now, planned;
};

// One field as it is written in one kind of place. One per thread.
class FieldValue {
public:
    // `position` of the field in the scenario: its own random numbers. InvalidArgument when a column is not in the
    // file, or text has characters that cannot stand in a header. `rows` may be null where the field is no column.
    static Result<FieldValue> make(const GeneratedField& field, std::size_t position, Place place, std::uint64_t seed,
                                   std::uint64_t id_salt, const CsvRows* rows, bool random_rows);

    std::size_t widest() const { return widest_; }
    std::size_t memory_bytes() const;
    // Writes at most widest() characters; returns the end.
    char* write(char* out, const EventMoment& moment);

private:
    FieldValue(const GeneratedField& field, std::size_t position, std::uint64_t seed, std::uint64_t id_salt);
    std::size_t choose(std::uint64_t bits) const;

    GeneratedField::Kind kind_;
    std::int64_t from_ = 0;
    std::uint64_t range_ = 0;  // values of an integer; 0: all 64 bits
    int digits_ = 0;
    bool random_rows_ = false;
    std::size_t widest_ = 0;
    std::size_t length_ = 0;            // Hex
    std::vector<std::string> texts_;    // as they are written: constant, choices, prefix, rows
    std::vector<std::uint64_t> up_to_;  // Choice, Zipf: cumulative weights, of 2^64
    RandomStream random_, high_, low_;
    TimeText time_;
};

}  // namespace streamgauge::loadgen
