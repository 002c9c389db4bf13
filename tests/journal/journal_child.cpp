// SPDX-License-Identifier: GPL-3.0-or-later
// The process that kill_test kills: appends for ever, and writes a line for each acknowledged event.
// Arguments: directory, first number of the ids. Lines: "<offset> <id>".
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "base/clock.h"
#include "journal/sqlite_journal.h"

int main(int argc, char** argv) {
    using namespace streamgauge;
    if (argc != 3) return 2;
    SqliteJournalOptions options;
    options.directory = argv[1];
    options.dedup_memory_entries = 100;
    options.log_pages = 64;
    options.span_bytes = 300'000;
    const SystemClock clock;
    auto journal = open_sqlite_journal(options, clock);
    if (!journal.ok()) {
        std::fprintf(stderr, "%s\n", journal.error().describe().c_str());
        return 1;
    }
    std::puts("ready");
    std::fflush(stdout);
    std::uint64_t number = std::stoull(argv[2]);
    for (;;) {
        AppendRequest request;
        for (int i = 0; i < 7; ++i) {
            const std::string id = "id-" + std::to_string(number++);
            EventView v;
            v.event_id = id;
            v.event_type = "view";
            v.props = "{}";
            v.received_at = v.occurred_at = clock.now();
            request.batch.add(v);
        }
        request.done = [](const Result<Appended>& result, const EventBatch& batch) {
            if (!result.ok()) return;
            std::string lines;
            for (std::size_t i = 0; i < batch.size(); ++i)
                lines += std::to_string(result->placements[i].offset) + " " + std::string(batch[i].event_id) + "\n";
            // One write, so that the parent sees all of it or nothing.
            if (write(STDOUT_FILENO, lines.data(), lines.size()) < 0) _exit(0);
        };
        while (!(*journal)->append(std::move(request))) std::this_thread::yield();
        while ((*journal)->pending() > 200) std::this_thread::yield();
    }
}
