// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/read_ahead.h"

namespace streamgauge {
namespace {

constexpr std::size_t kMostRuns = 4;

}  // namespace

ReadAhead::ReadAhead(Journal& journal, std::size_t most_events) : journal_(journal), most_events_(most_events) {}

ReadAhead::~ReadAhead() {
    stop();
}

void ReadAhead::start(Offset from) {
    stop();
    thread_ = std::thread([this, from] { run(from); });
}

void ReadAhead::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    runs_.clear();
    finished_ = stopping_ = false;
}

ReadAhead::Run ReadAhead::next(Offset from) {
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !runs_.empty() || finished_; });
        if (!runs_.empty()) {
            Run run = std::move(runs_.front());
            runs_.pop_front();
            changed_.notify_all();
            if (!run.ok() || *run == nullptr || ((*run)->first <= from && from < (*run)->next())) return run;
        }
    }
    stop();
    return journal_.read(from, most_events_);
}

void ReadAhead::run(Offset from) {
    for (;;) {
        Run run = journal_.read(from, most_events_);
        const bool last = !run.ok() || *run == nullptr || (*run)->batch.empty() || (*run)->next() <= from;
        if (!last) from = (*run)->next();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return runs_.size() < kMostRuns || stopping_; });
        if (stopping_) return;
        runs_.push_back(std::move(run));
        finished_ = last;
        changed_.notify_all();
        if (last) return;
    }
}

}  // namespace streamgauge
