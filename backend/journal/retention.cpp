// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/retention.h"

#include <filesystem>
#include <future>

#include "base/log.h"

namespace streamgauge {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400LL * Timestamp::kMicrosPerSecond;
constexpr std::size_t kLettersPerErrand = 200;  // at most 64 KiB each: a short pause for the writer

}  // namespace

Retention::Retention(RetentionOptions options, const Clock& clock, SpanList& spans, SpanReader& reader,
                     AppendQueue& queue, std::function<SpanFile&()> newest,
                     std::function<std::uint64_t()> letters_kept_to)
    : options_(std::move(options)),
      clock_(clock),
      spans_(spans),
      reader_(reader),
      queue_(queue),
      newest_(std::move(newest)),
      letters_kept_to_(std::move(letters_kept_to)) {}

void Retention::run() {
    for (;;) {
        const std::vector<Offset> all = spans_.all();
        if (all.size() < 2) return;
        const Result<bool> due = is_due(all[0], all[1]);
        if (due.ok() && !*due) return;
        const Status unlinked = due.ok() ? unlink(all[0]) : Status(due.error());
        if (unlinked.ok()) continue;
        // Unavailable: somebody still needs the span. Whoever that is tells why, where it matters.
        if (unlinked.error().code != ErrorCode::Cancelled && unlinked.error().code != ErrorCode::Unavailable)
            log::warning("retention_failed", "old events stay for now", {{"error", unlinked.error().describe()}});
        return;
    }
}

std::uint64_t Retention::size_of_all() const {
    std::uint64_t bytes = 0;
    for (const Offset first : spans_.all()) {
        const std::string path = options_.directory + "/" + SpanFile::name(first);
        for (const char* part : {"", "-wal"}) {  // a reader may hold up a log's way into its file
            std::error_code gone;
            const auto size = std::filesystem::file_size(path + part, gone);
            if (!gone) bytes += size;
        }
    }
    return bytes;
}

Result<bool> Retention::is_due(Offset first, Offset end) {
    if (options_.bytes != 0 && size_of_all() + options_.headroom_bytes > options_.bytes) return true;
    if (options_.days == 0) return false;
    const Result<Timestamp> last = reader_.received_at(first, end - 1);
    if (!last.ok()) return last.error();
    return clock_.now().micros - last->micros > static_cast<std::int64_t>(options_.days) * kMicrosPerDay;
}

Status Retention::store(std::function<Status(SpanFile&)> fill) {
    auto done = std::make_shared<std::promise<Status>>();
    std::future<Status> result = done->get_future();
    const bool taken = queue_.push_errand([this, done, fill = std::move(fill)] {
        SpanFile& span = newest_();
        Status status = span.begin();
        if (status.ok()) status = fill(span);
        if (status.ok()) status = span.commit(span.totals());
        if (!status.ok()) span.rollback();
        done->set_value(std::move(status));
    });
    if (!taken) return Error::make(ErrorCode::Cancelled, "the journal is closing");
    return result.get();
}

Status Retention::unlink(Offset first) {
    const Result<Seal> seal = reader_.seal(first);
    if (!seal.ok()) return seal.error();
    if (options_.before_unlink)
        if (Status s = options_.before_unlink(*seal); !s.ok()) return s;
    const std::uint64_t kept_to = letters_kept_to_();
    for (std::uint64_t after = kept_to == 0 ? 0 : kept_to - 1;;) {
        Result<std::vector<DeadLetter>> letters = reader_.dead_letters(first, after, kLettersPerErrand);
        if (!letters.ok()) return letters.error();
        if (letters->empty()) break;
        after = letters->back().id;
        Status moved = store([letters = std::move(letters).value()](SpanFile& span) {
            for (const DeadLetter& letter : letters)
                if (Status s = span.insert(letter); !s.ok()) return s;
            return Status();
        });
        if (!moved.ok()) return moved;
    }
    if (Status s = store([&](SpanFile& span) { return span.insert(*seal); }); !s.ok()) return s;
    spans_.remove_oldest();
    reader_.forget_before(spans_.begin());
    if (Status s = remove_span(options_.directory + "/" + SpanFile::name(first), options_.vfs); !s.ok()) return s;
    log::info("journal_span_unlinked", "events past retention were removed",
              {{"first", std::to_string(seal->first)}, {"last", std::to_string(seal->last)}});
    return {};
}

}  // namespace streamgauge
