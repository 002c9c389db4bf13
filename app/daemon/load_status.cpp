// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_status.h"

#include <utility>

namespace streamgauge::daemon {
namespace {

double quantile_ms(const Histogram& h, double q) {
    return static_cast<double>(h.quantile_micros(q)) / 1000;
}

api::LoadSecond second_of(const loadgen::SecondRow& row) {
    api::LoadSecond second;
    second.second = row.second;
    second.planned = row.planned;
    second.sent = row.sent;
    second.ok = row.ok;
    second.limited = row.limited;
    second.other = row.other;
    second.avg_ms = row.avg_ms;
    second.p50_ms = row.p50_ms;
    second.p95_ms = row.p95_ms;
    second.p99_ms = row.p99_ms;
    return second;
}

}  // namespace

LoadStatusMaker::LoadStatusMaker(std::string run_id, api::LoadPlan plan) {
    base_.run_id = std::move(run_id);
    base_.plan = std::move(plan);
}

api::LoadStatus LoadStatusMaker::starting() const {
    api::LoadStatus status = base_;
    status.state = api::LoadState::Starting;
    return status;
}

api::LoadStatus LoadStatusMaker::failed(std::string why) const {
    api::LoadStatus status = base_;
    status.state = api::LoadState::Failed;
    status.error = std::move(why);
    return status;
}

api::LoadStatus LoadStatusMaker::make(const loadgen::Progress& progress) {
    using loadgen::RunState;
    const loadgen::RunRecord& record = *progress.record;
    const loadgen::Totals& totals = record.totals();
    api::LoadStatus status = base_;
    status.state = progress.state == RunState::Running ? api::LoadState::Running
                   : progress.state == RunState::Done  ? api::LoadState::Done
                                                       : api::LoadState::Stopped;
    status.planned = totals.planned;
    status.sent = totals.sent;
    status.done = totals.done();
    status.failed = totals.failed();
    status.unfinished = totals.unfinished();
    status.p50_ms = quantile_ms(record.response(), 0.50);
    status.p95_ms = quantile_ms(record.response(), 0.95);
    status.p99_ms = quantile_ms(record.response(), 0.99);
    status.max_ms = static_cast<double>(record.response().max_micros()) / 1000;
    status.send_lag_p99_ms = quantile_ms(record.generator_lag(), 0.99);
    const std::vector<loadgen::SecondRow>& ended = record.ended_seconds();
    status.seconds.reserve(ended.size() - ended_seen_ + 1);
    for (; ended_seen_ < ended.size(); ++ended_seen_) status.seconds.push_back(second_of(ended[ended_seen_]));
    status.seconds.push_back(second_of(record.current_second()));
    return status;
}

}  // namespace streamgauge::daemon
