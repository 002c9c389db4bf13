// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/metrics_ticker.h"

#include <chrono>

#include "api/json_writer.h"

namespace streamgauge {

namespace {

constexpr std::chrono::seconds kPeriod{1};
constexpr std::size_t kFullBacklog = 64 * 1024;  // a reader this far behind misses messages: each says all there is

}  // namespace

void MetricsTicker::add(std::shared_ptr<http::Stream> stream) {
    stream->push(message());
    {
        const std::lock_guard lock(mutex_);
        if (!stopped_) {
            streams_.push_back(std::move(stream));
            if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
        }
    }
    if (stream) return stream->end();
    changed_.notify_one();
}

void MetricsTicker::stop() {
    std::vector<std::shared_ptr<http::Stream>> streams;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        streams.swap(streams_);
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    for (const auto& stream : streams) stream->end();
}

void MetricsTicker::run() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        changed_.wait(lock, [this] { return stopped_ || !streams_.empty(); });
        if (changed_.wait_for(lock, kPeriod, [this] { return stopped_; })) return;
        std::erase_if(streams_, [](const auto& stream) { return stream->closed(); });
        if (streams_.empty()) continue;
        const auto readers = streams_;
        lock.unlock();
        const auto text = message();
        for (const auto& stream : readers) {
            if (stream->backlog() < kFullBacklog) stream->push(text);
        }
        lock.lock();
    }
}

std::shared_ptr<const std::string> MetricsTicker::message() {
    const api::PipelineStats stats = query_.pipeline_stats();
    api::JsonWriter json;
    json.begin_object().key("receivedTotal").unsigned_integer(stats.received_total);
    json.key("writtenTotal")
        .unsigned_integer(stats.written_total)
        .key("avgProcessingMs")
        .number(stats.avg_processing_ms);
    json.key("lag").unsigned_integer(stats.lag).key("ts").string(format_rfc3339(clock_.now())).end_object();
    return std::make_shared<const std::string>("event: metrics\ndata: " + json.take() + "\n\n");
}

}  // namespace streamgauge
