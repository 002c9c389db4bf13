// SPDX-License-Identifier: GPL-3.0-or-later
// A journal in memory, a store on disk and the pipeline between them, for tests of the services on top.
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

#include "metrics/event_stream.h"
#include "pipeline/faulty_store.h"
#include "pipeline/pipeline.h"
#include "support/eventually.h"
#include "support/manual_clock.h"
#include "support/memory_journal.h"

namespace streamgauge::test {

class PipelineFixture : public ::testing::Test {
protected:
    PipelineFixture() : store(directory.open()), clock(Timestamp{kStreamStart}) {
        Result<std::unique_ptr<Pipeline>> started = Pipeline::start(journal, store, clock);
        EXPECT_TRUE(started.ok());
        pipeline = std::move(started).value();
        journal.on_commit([this] {
            pipeline->wake();
            if (committed) committed();
        });
    }
    ~PipelineFixture() override {
        journal.close();
        pipeline->stop();
    }

    PlainEvent event(const std::string& type = "view") {
        PlainEvent e;
        e.event_id = "id-" + std::to_string(event_ids++);
        e.event_type = type;
        e.occurred_at = e.received_at = clock.now().micros;
        return e;
    }
    // Returns when the events are acknowledged.
    void append(const std::vector<PlainEvent>& events) {
        std::promise<void> done;
        AppendRequest request;
        for (const PlainEvent& e : events) request.batch.add(e.view());
        request.done = [&done](const Result<Appended>& appended, const EventBatch&) {
            EXPECT_TRUE(appended.ok());
            done.set_value();
        };
        ASSERT_TRUE(journal.append(std::move(request)));
        done.get_future().wait();
    }

    StoreDirectory directory;
    FaultyStore store;
    ManualClock clock;
    MemoryJournal journal;
    std::unique_ptr<Pipeline> pipeline;
    std::function<void()> committed;  // set it before the first append
    int event_ids = 0;
};

}  // namespace streamgauge::test
