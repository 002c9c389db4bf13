// SPDX-License-Identifier: GPL-3.0-or-later
// The process that dead_letter_kill_test kills: resends every open letter of a directory, three at a time.
// Arguments: directory, and the step of a resend at which it kills itself (0: never). Exit code 0: all are resent.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <future>
#include <string>

#include "api/dead_letter_service.h"
#include "journal/sqlite_journal.h"

int main(int argc, char** argv) {
    using namespace streamgauge;
    if (argc != 3) return 2;
    const std::string directory = argv[1];
    const int fatal_step = std::stoi(argv[2]);
    const SystemClock clock;
    SqliteJournalOptions options;
    options.directory = directory;
    auto journal = open_sqlite_journal(options, clock);
    if (!journal.ok()) return 3;
    std::puts("ready");
    std::fflush(stdout);
    int steps = 0;
    const auto at_step = [&](std::string_view) {
        if (++steps == fatal_step) kill(getpid(), SIGKILL);
    };
    auto letters = api::DeadLetters::open({**journal, clock, nullptr, directory + "/dead-letters.db", 1 << 30,
                                           DecoderSecrets::of_this_process(), at_step});
    if (!letters.ok() || (*letters)->failure()) return 4;
    for (;;) {
        LetterFilter open;
        open.state = LetterState::Open;
        std::promise<Result<LetterPage>> listed;
        (*letters)->list(open, std::nullopt, 3, [&](Result<LetterPage> page) { listed.set_value(std::move(page)); });
        const auto page = listed.get_future().get();
        if (!page.ok()) return 5;
        if (page->letters.empty()) return 0;
        std::vector<std::uint64_t> ids;
        for (const Letter& letter : page->letters) ids.push_back(letter.letter.id);
        std::promise<Result<api::ResendResult>> sent;
        (*letters)->resend(ids, {"child", ""},
                           [&](Result<api::ResendResult> result) { sent.set_value(std::move(result)); });
        const auto result = sent.get_future().get();
        if (!result.ok() || result->failures != 0) return 6;
    }
}
