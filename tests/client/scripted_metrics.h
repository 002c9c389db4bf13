// SPDX-License-Identifier: GPL-3.0-or-later
// Metrics that a backend for tests knows: two to begin with, with answers that use every member of the wire.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "api/analysis_service.h"
#include "api/metric_service.h"
#include "metrics/definition_text.h"

namespace streamgauge::tests {

inline MetricDefinition scripted_definition(const std::string& name) {
    MetricDefinition definition;
    definition.id = 1'000;
    definition.name = name;
    definition.description = "What was bought";
    definition.unit = "USD";
    definition.where = *Filter::parse("event_type = purchase");
    definition.tiers = usual_tiers(kMinuteMicros, {}, false);
    definition.group_by = {{Field::Prop, "currency"}};
    definition.aggregate = Aggregate::Sum;
    definition.of = {{Field::Prop, "amount"}};
    return definition;
}

inline std::vector<api::MetricStatus> scripted_metrics() {
    api::MetricStatus full, filling;
    full.definition = scripted_definition("revenue");
    full.late = 12;
    full.too_late = 1;
    full.complete_from = Timestamp{1'800'000'000'000'000};
    full.from_file = true;
    filling.definition = scripted_definition("revenue_by_plan");
    filling.definition.group_by = {{Field::Prop, "plan"}};
    filling.backfill =
        api::Backfill{500, 1'000, 25'000.5, Error::make(ErrorCode::Unavailable, "the disk is slow"), true};
    return {full, filling};
}

inline query::PointsAnswer scripted_points(const query::PointsQuery& query) {
    query::PointsAnswer answer;
    answer.metric = query.metric;
    answer.unit = "USD";
    answer.aggregate = Aggregate::Sum;
    answer.range = query.range;
    answer.step_micros = query.step_micros;
    answer.group_by = query.group_by;
    answer.as_of = Timestamp{1'800'000'100'000'000};
    answer.last_window_open = true;
    answer.backfilled = 0.5;
    answer.complete_from = Timestamp{1'800'000'000'000'000};
    query::Point point;
    point.start = query.range.from;
    point.end = query.range.to;
    point.group = {"EUR"};
    point.value.number = 1'234'567'890;
    point.value.micros = true;
    point.value.saturated = true;
    point.corrected = 3;
    point.open = true;
    query::Point other = point;
    other.group = {"(other)"};
    other.other = true;
    other.value = {};
    other.value.micros = true;
    other.previous = query::Value{};
    other.previous->number = 5;
    other.previous->micros = true;
    answer.points = {point, other};
    answer.cursor = "more";
    return answer;
}

// What was asked stands in the answer's first group.
inline query::PointsAnswer scripted_raw_points(const query::PointsQuery& query) {
    query::PointsAnswer answer = scripted_points(query);
    answer.metric.clear();
    answer.points[0].group = {
        aggregate_text(query.raw->aggregate, query.raw->of, query.raw->percentile, query.raw->plus, query.raw->minus) +
        (query.raw->time == TimeBasis::Activity ? " activity" : " occurred") + " where " + query.filter.text()};
    return answer;
}

class ScriptedMetrics final : public api::MetricService, public api::AnalysisService {
public:
    void list(api::Done<std::vector<api::MetricStatus>> done) override {
        done([this] {
            const std::lock_guard lock(mutex_);
            return all_;
        }());
    }
    void put(MetricDefinition definition, api::Done<api::MetricStatus> done) override {
        if (definition.name == "revenue") return done(Error::make(ErrorCode::Conflict, "metrics.toml has it"));
        api::MetricStatus status;
        definition.id = 1'001;
        status.definition = std::move(definition);
        {
            const std::lock_guard lock(mutex_);
            all_.push_back(status);
        }
        done(std::move(status));
    }
    void try_put(MetricDefinition definition, api::Done<api::MetricStatus> done) override {
        if (definition.name == "revenue") return done(Error::make(ErrorCode::Conflict, "metrics.toml has it"));
        api::MetricStatus status;
        status.definition = std::move(definition);
        done(std::move(status));
    }
    void remove(std::string name, api::Done<bool> done) override {
        const std::lock_guard lock(mutex_);
        const auto removed = std::erase_if(all_, [&name](const auto& one) { return one.definition.name == name; });
        done(removed > 0 ? Result<bool>(true) : unknown(name));
    }
    void cancel_backfill(std::string name, api::Done<bool> done) override {
        const std::lock_guard lock(mutex_);
        for (api::MetricStatus& one : all_)
            if (one.definition.name == name && one.backfill) {
                one.backfill.reset();
                return done(true);
            }
        done(unknown(name));
    }
    void retry_backfill(std::string name, api::Done<api::MetricStatus> done) override {
        const std::lock_guard lock(mutex_);
        for (api::MetricStatus& one : all_) {
            if (one.definition.name != name) continue;
            if (one.backfill) one.backfill->failed = false;
            return done(one);
        }
        done(unknown(name));
    }
    void points(query::PointsQuery query, api::Attendance, api::Done<query::PointsAnswer> done) override {
        if (query.raw) return done(scripted_raw_points(query));
        if (query.metric != "revenue") return done(unknown(query.metric));
        done(scripted_points(query));
    }
    void funnel(query::FunnelQuery, api::Attendance, api::Done<query::FunnelAnswer> done) override {
        done(unknown("funnel"));
    }
    void retention(query::RetentionQuery, api::Attendance, api::Done<query::RetentionAnswer> done) override {
        done(unknown("retention"));
    }

private:
    static Error unknown(const std::string& name) {
        return Error::make(ErrorCode::NotFound, "there is no metric called " + name);
    }
    std::mutex mutex_;
    std::vector<api::MetricStatus> all_ = scripted_metrics();
};

}  // namespace streamgauge::tests
