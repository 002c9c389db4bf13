// SPDX-License-Identifier: GPL-3.0-or-later
// A server with one trivial route on the public engine, to put wrk at: http_bench [port [threads [handler thread:
// 0|1]]]. With a handler thread the answers come from another thread in batches, as they do from the journal's writer.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/limits.h"
#include "http/engine.h"

using namespace streamgauge;
using namespace streamgauge::http;

int main(int count, char** words) {
    const auto number = [&](int at, int fallback) { return count > at ? std::atoi(words[at]) : fallback; };
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);

    BoundedQueue<ReplyPtr> queue(100'000);
    const bool apart = number(3, 0) != 0;
    const auto accepted = [] { return Response::json(202, R"({"status":"accepted"})"); };
    std::thread answers([&] {
        std::vector<ReplyPtr> batch;
        while (queue.pop_all(batch)) {
            for (const ReplyPtr& reply : batch) reply->send(accepted());
        }
    });

    RouteTable table;
    const Status added = table.add({Method::Post, "/events", Scope::Ingest, Plane::Both, limits::kIngestBodyBytes,
                                    "Accepts anything.", [&](const Request&, const ReplyPtr& reply) {
                                        ReplyPtr copy = reply;
                                        if (!apart || !queue.try_push(std::move(copy))) reply->send(accepted());
                                    }});
    const SystemClock clock;
    const auto engine = make_public_engine(table, clock, {}, number(2, 1));
    const auto bound = engine->listen({"127.0.0.1", static_cast<std::uint16_t>(number(1, 0))});
    if (!added.ok() || !bound.ok() || !engine->start().ok()) {
        std::fprintf(stderr, "%s\n", bound.ok() ? "cannot start" : bound.error().describe().c_str());
        return 1;
    }
    std::printf("listening on http://%s\n", to_string(*bound).c_str());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&stop, &signal);
    engine->stop(std::chrono::seconds(1));
    queue.close();
    answers.join();
    return 0;
}
