// SPDX-License-Identifier: GPL-3.0-or-later
// Unlinks the oldest spans, by age or by size, after the newest one has their seal and those of their dead letters
// that are not kept elsewhere.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "journal/append_queue.h"
#include "journal/span_file.h"
#include "journal/span_list.h"
#include "journal/span_reader.h"

namespace streamgauge {

struct RetentionOptions {
    std::string directory, vfs;
    std::uint64_t days = 0;            // 0: for ever
    std::uint64_t bytes = 0;           // 0: any size
    std::uint64_t headroom_bytes = 0;  // what the newest span may still grow by
    // Asked before a span goes, with the seal that it leaves; an error keeps it for now. Empty: nobody is asked.
    std::function<Status(const Seal&)> before_unlink;
};

// run() is called on the background thread; what it stores it gives to the writer as errands.
class Retention {
public:
    // `newest` is the span that the writer writes to; it is only called on the writer's thread. `letters_kept_to`:
    // dead letters before this id are kept elsewhere, the others are carried on.
    Retention(RetentionOptions options, const Clock& clock, SpanList& spans, SpanReader& reader, AppendQueue& queue,
              std::function<SpanFile&()> newest, std::function<std::uint64_t()> letters_kept_to);
    void run();

private:
    Result<bool> is_due(Offset first, Offset end);
    std::uint64_t size_of_all() const;
    Status unlink(Offset first);
    // Runs `fill` inside a transaction of the newest span and waits for it to be on disk.
    Status store(std::function<Status(SpanFile&)> fill);

    const RetentionOptions options_;
    const Clock& clock_;
    SpanList& spans_;
    SpanReader& reader_;
    AppendQueue& queue_;
    const std::function<SpanFile&()> newest_;
    const std::function<std::uint64_t()> letters_kept_to_;
};

}  // namespace streamgauge
