// SPDX-License-Identifier: GPL-3.0-or-later
// One load run as it is shown: while it runs from its status, afterwards from its report, which says more.
#pragma once

#include <QObject>
#include <QStringList>
#include <QVariant>

#include "api/types.h"
#include "viewmodels/chart_model.h"
#include "viewmodels/heat_model.h"
#include "viewmodels/load_reading.h"
#include "viewmodels/load_seconds_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. Lists are of maps, whose members are named beside them.
class LoadResult : public QObject {
    Q_OBJECT
    Q_PROPERTY(bool shown READ shown NOTIFY changed)
    Q_PROPERTY(bool final READ final NOTIFY changed)  // it is a report
    Q_PROPERTY(QString name READ name NOTIFY changed)
    Q_PROPERTY(QString summary READ summary NOTIFY changed)
    Q_PROPERTY(QString state READ state NOTIFY changed)  // "idle", "starting", "running", "done", "stopped", "failed"
    Q_PROPERTY(QString stateText READ state_text NOTIFY changed)
    Q_PROPERTY(QString tone READ tone NOTIFY changed)
    Q_PROPERTY(QString headline READ headline NOTIFY changed)
    Q_PROPERTY(QStringList reasons READ reasons NOTIFY changed)  // why it failed
    Q_PROPERTY(double progress READ progress NOTIFY changed)
    Q_PROPERTY(QString clock READ clock NOTIFY changed)                 // "0:12 of 0:30"
    Q_PROPERTY(QVariantList figures READ figures NOTIFY changed)        // name, value, tone
    Q_PROPERTY(QVariantList durations READ durations NOTIFY changed)    // name, tip, p50, p95, p99, max
    Q_PROPERTY(QVariantList thresholds READ thresholds NOTIFY changed)  // text, measured, state, tone
    // name, kind, target, measured, spent, alerts, state, tone, tip
    Q_PROPERTY(QVariantList objectives READ objectives NOTIFY changed)
    Q_PROPERTY(QStringList objectiveNotes READ objective_notes NOTIFY changed)  // cost, alerts; report only
    Q_PROPERTY(QVariantList outcomes READ outcomes NOTIFY changed)              // name, count, share, tone
    Q_PROPERTY(QVariantList kinds READ kinds NOTIFY changed)          // name, sent, failed, p95, p99; report only
    Q_PROPERTY(QVariantList stages READ stages NOTIFY changed)        // name, p50, p99; report only
    Q_PROPERTY(QVariantList hand READ hand NOTIFY changed)            // at, text; report only
    Q_PROPERTY(QVariantList endToEnd READ end_to_end NOTIFY changed)  // name, value, tone; report only
    Q_PROPERTY(QString certificate READ certificate NOTIFY changed)   // "valid", "degraded", "invalid", or empty
    Q_PROPERTY(QString certificateTone READ certificate_tone NOTIFY changed)
    Q_PROPERTY(QString certificateText READ certificate_text NOTIFY changed)
    Q_PROPERTY(QStringList certificateReasons READ certificate_reasons NOTIFY changed)
    Q_PROPERTY(QVariantMap capacity READ capacity NOTIFY changed)  // of a search; empty otherwise
    // Points of the curve: x, y, tone, provisional (of the step that is under way).
    Q_PROPERTY(QVariantList steps READ step_points NOTIFY changed)
    Q_PROPERTY(QObject* seconds READ seconds CONSTANT)
    Q_PROPERTY(QObject* rates READ rates CONSTANT)
    Q_PROPERTY(QObject* latency READ latency CONSTANT)
    Q_PROPERTY(QObject* heat READ heat CONSTANT)
    Q_PROPERTY(QObject* curve READ curve CONSTANT)  // of a search: p99 against the rate
public:
    explicit LoadResult(QObject* parent = nullptr);

    // `whole`: the status has every second that is kept; otherwise those that are new or changed.
    void show(const api::LoadStatus& status, bool whole);
    void show(LoadReadingPtr reading);
    void clear();

    bool shown() const { return status_.state != api::LoadState::Idle; }
    bool final() const { return reading_ != nullptr; }
    const std::string& run_id() const { return status_.run_id; }
    const api::LoadStatus& status() const { return status_; }   // without its seconds
    const LoadReadingPtr& reading() const { return reading_; }  // none while it runs
    // Of a run that ended; none of a search.
    const loadgen::RunReport* report() const { return reading_ && reading_->run ? &*reading_->run : nullptr; }
    QString name() const;
    QString summary() const;
    QString state() const;
    QString state_text() const;
    QString tone() const;
    QString headline() const;
    QStringList reasons() const;
    double progress() const;
    QString clock() const;
    QVariantList figures() const;
    QVariantList durations() const;
    QVariantList thresholds() const;
    QVariantList objectives() const;
    QStringList objective_notes() const;
    QVariantList outcomes() const;
    QVariantList kinds() const;
    QVariantList stages() const;
    QVariantList hand() const;
    QVariantList end_to_end() const;
    QString certificate() const;
    QString certificate_tone() const;
    QString certificate_text() const;
    QStringList certificate_reasons() const;
    QVariantMap capacity() const;
    QVariantList step_points() const;
    LoadSecondsModel* seconds() { return &seconds_; }
    const std::vector<api::LoadSecond>& seconds_list() const { return seconds_.seconds(); }
    ChartModel* rates() { return &rates_; }
    ChartModel* latency() { return &latency_; }
    HeatModel* heat() { return &heat_; }
    ChartModel* curve() { return &curve_; }

Q_SIGNALS:
    void changed();

private:
    bool active() const;
    bool interrupted() const { return reading_ && reading_->interrupted(); }
    std::uint64_t failed_thresholds() const;
    void draw();
    void unzoom();  // what was looked at was of another run

    api::LoadStatus status_;
    LoadReadingPtr reading_;
    LoadSecondsModel seconds_;
    ChartModel rates_, latency_, curve_;
    HeatModel heat_;
};

// Of two runs over each other, by the second: good answers and p99.
void overlay(const loadgen::RunReport& before, const loadgen::RunReport& after, ChartModel& rates, ChartModel& latency);
// Of two searches: p99 against the rate, straight between their steps.
void overlay(const api::CapacityReport& before, const api::CapacityReport& after, ChartModel& curve);

}  // namespace streamgauge::viewmodels
