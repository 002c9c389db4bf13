// SPDX-License-Identifier: GPL-3.0-or-later
// The process that backfill_test kills: fills metrics from the log of a directory, and writes a line for each progress
// that it sees and each metric that is complete.
// Argument: directory. Lines: "<metric> <next>", "done <metric>", "all".
#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>

#include "pipeline/backfill_support.h"

int main(int argc, char** argv) {
    using namespace streamgauge;
    if (argc != 2) return 2;
    const auto say = [](const std::string& line) {
        if (write(STDOUT_FILENO, (line + "\n").data(), line.size() + 1) < 0) _exit(0);
    };
    std::vector<MetricDefinition> definitions = built_in_metrics();
    for (MetricDefinition& one : test::user_metrics()) definitions.push_back(std::move(one));
    const auto running = test::run(argv[1], definitions);
    if (!running) return 1;
    BackfillOptions options;
    options.read_events = 100;
    options.gap_events = 50;
    options.commit_interval = std::chrono::milliseconds(1);
    Backfills backfills(*running->journal, *running->store, *running->pipeline, test::system_clock(),
                        {[&say](MetricId metric) { say("done " + std::to_string(metric)); },
                         [](MetricId, Timestamp) { return Status(); }},
                        options);
    for (const MetricId missing : running->pipeline->missing())
        for (const MetricDefinition& one : definitions)
            if (one.id == missing) backfills.add(one);
    for (;;) {
        const auto progress = backfills.progress();
        if (progress.empty()) {
            say("all");
            return 0;
        }
        say(std::to_string(progress[0].metric) + " " + std::to_string(progress[0].next));
        std::this_thread::sleep_for(std::chrono::microseconds(500));  // between two looks; the parent has a deadline
    }
}
