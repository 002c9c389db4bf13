// SPDX-License-Identifier: GPL-3.0-or-later
// Short hands for tests of journals: make events, append and wait for the answer, read ids back.
#pragma once

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "journal/journal.h"

namespace streamgauge::test {

inline constexpr Timestamp kStart{1'770'000'000'000'000};  // 2026-02-02T02:40:00Z
inline constexpr std::chrono::seconds kPatience{60};       // a deadline, never waited for in full

// The view's id points into `id`.
inline EventView event(std::string_view id, Timestamp received_at = kStart) {
    EventView v;
    v.event_id = id;
    v.event_type = "view";
    v.user_id = "user";
    v.session_id = "session";
    v.page_url = "/page";
    v.props = "{}";
    v.occurred_at = received_at;
    v.received_at = received_at;
    return v;
}

// Appends and waits. Unavailable when the journal refused.
inline Result<Appended> append_request(Journal& journal, AppendRequest request) {
    auto answer = std::make_shared<std::promise<Result<Appended>>>();
    auto future = answer->get_future();
    request.done = [answer](Result<Appended> result, const EventBatch&) { answer->set_value(std::move(result)); };
    if (!journal.append(std::move(request))) return Error::make(ErrorCode::Unavailable, "refused");
    if (future.wait_for(kPatience) != std::future_status::ready)
        return Error::make(ErrorCode::DeadlineExceeded, "the journal did not answer");
    return future.get();
}

inline Result<Appended> append_batch(Journal& journal, EventBatch batch) {
    AppendRequest request;
    request.batch = std::move(batch);
    request.source = "test";
    return append_request(journal, std::move(request));
}

inline Result<Appended> append_ids(Journal& journal, const std::vector<std::string>& ids,
                                   Timestamp received_at = kStart) {
    EventBatch batch;
    for (const std::string& id : ids) batch.add(event(id, received_at));
    return append_batch(journal, std::move(batch));
}

// The ids from `from` to the end, in order; stops at the first error with "error: ...".
inline std::vector<std::string> ids(Journal& journal, Offset from) {
    std::vector<std::string> out;
    for (;;) {
        const auto run = journal.read(from, 100);
        if (!run.ok()) {
            out.push_back("error: " + run.error().describe());
            return out;
        }
        if (!*run) return out;
        for (std::size_t i = 0; i < (*run)->batch.size(); ++i) out.emplace_back((*run)->batch[i].event_id);
        from = (*run)->next();
    }
}

}  // namespace streamgauge::test
