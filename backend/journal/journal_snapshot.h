// SPDX-License-Identifier: GPL-3.0-or-later
// A journal as it stood when it was opened, read from its files beside the server that writes them, or without one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/seal.h"

namespace streamgauge {

// Takes nothing in and changes nothing. Thread-safe.
class JournalSnapshot : public Journal {
public:
    // NotFound where the directory holds no journal. What retention removes meanwhile is NotFound when it is read.
    static Result<std::unique_ptr<JournalSnapshot>> open(const std::string& directory);

    // From now on this is the end. Not thread-safe. Precondition: end <= end().
    virtual void end_at(Offset end) = 0;
    // Of the spans that retention has removed, by offset.
    virtual const std::vector<Seal>& seals() const = 0;
    // First offsets of the spans, ascending.
    virtual std::vector<Offset> spans() const = 0;
};

}  // namespace streamgauge
