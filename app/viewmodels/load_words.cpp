// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_words.h"

#include <algorithm>
#include <cmath>

#include "loadgen/objective_outputs.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using loadgen::Threshold;
using Measure = Threshold::Measure;

namespace {

QString comparison_sign(Threshold::Comparison comparison) {
    switch (comparison) {
        case Threshold::Comparison::Less:
            return u"<"_s;
        case Threshold::Comparison::LessOrEqual:
            return u"≤"_s;
        case Threshold::Comparison::Greater:
            return u">"_s;
        case Threshold::Comparison::GreaterOrEqual:
            return u"≥"_s;
        case Threshold::Comparison::Equal:
            return u"="_s;
    }
    return {};
}

QString measure_words(const Threshold& threshold) {
    switch (threshold.measure) {
        case Measure::Percentile:
            return u"p"_s + QString::number(threshold.percentile);
        case Measure::Average:
            return u"average"_s;
        case Measure::Minimum:
            return u"fastest"_s;
        case Measure::Maximum:
            return u"slowest"_s;
        case Measure::Median:
            return u"median"_s;
        case Measure::Errors:
            return u"errors"_s;
        case Measure::Rate:
            return u"good answers"_s;
        case Measure::Requests:
            return u"good answers in all"_s;
        case Measure::Dropped:
            return u"dropped"_s;
        case Measure::Unfinished:
            return u"unfinished"_s;
        case Measure::SendLag:
            return u"generator late p99"_s;
        case Measure::Freshness:
            return u"freshness p99"_s;
        case Measure::Lost:
            return u"lost events"_s;
    }
    return {};
}

bool of_latency(Measure measure) {
    return measure == Measure::Percentile || measure == Measure::Average || measure == Measure::Maximum ||
           measure == Measure::Median;
}

QString plain(Measure measure, double value) {
    switch (measure) {
        case Measure::Errors:
            return trimmed(percent(value));
        case Measure::Rate:
            return trimmed(viewmodels::rate(value));
        case Measure::Requests:
        case Measure::Dropped:
        case Measure::Unfinished:
        case Measure::Lost:
            return grouped(static_cast<std::uint64_t>(std::max(0.0, std::round(value))));
        default:
            return trimmed(viewmodels::milliseconds(value));
    }
}

QString status_phrase(int status) {
    switch (status) {
        case 400:
            return u"Bad Request"_s;
        case 401:
            return u"Unauthorized"_s;
        case 403:
            return u"Forbidden"_s;
        case 404:
            return u"Not Found"_s;
        case 405:
            return u"Method Not Allowed"_s;
        case 409:
            return u"Conflict"_s;
        case 413:
            return u"Content Too Large"_s;
        case 415:
            return u"Unsupported Media Type"_s;
        case 422:
            return u"Unprocessable Content"_s;
        case 429:
            return u"Too Many Requests"_s;
        case 500:
            return u"Internal Server Error"_s;
        case 502:
            return u"Bad Gateway"_s;
        case 503:
            return u"Service Unavailable"_s;
        case 504:
            return u"Gateway Timeout"_s;
        default:
            return {};
    }
}

// The stage of the server that took most of a slow answer, where one did.
QString slow_stage(const loadgen::RunReport& report, double measured_ms) {
    const loadgen::ServerStage* slowest = nullptr;
    for (const loadgen::ServerStage& stage : report.stages) {
        if (stage.name == "total") continue;
        if (!slowest || stage.duration.quantile_micros(0.99) > slowest->duration.quantile_micros(0.99))
            slowest = &stage;
    }
    if (!slowest) return {};
    const double ms = static_cast<double>(slowest->duration.quantile_micros(0.99)) / 1000;
    if (ms < measured_ms / 2) {
        return u"; the server's own stages took far less: look at the connection, and at the wait for one"_s;
    }
    return u"; slowest in the server: "_s + QString::fromStdString(slowest->name) + u", p99 "_s +
           milliseconds(ms).text();
}

QString frequent_errors(const loadgen::RunReport& report) {
    QStringList kinds;
    for (const loadgen::ErrorGroup& error : report.errors) {
        if (kinds.size() == 2) break;
        const QString detail = QString::fromStdString(error.detail);
        kinds += outcome_words(error.kind) + (detail.isEmpty() ? QString() : QString(u" ("_s + detail + u')')) +
                 u" × "_s + grouped(error.count);
    }
    if (kinds.isEmpty()) return {};
    return u": "_s + kinds.join(u", "_s) + u", first at "_s +
           run_time(static_cast<double>(report.errors.front().first_nanos) / 1e9);
}

}  // namespace

QString run_time(double seconds) {
    const auto whole = static_cast<qint64>(std::max(0.0, std::floor(seconds)));
    const QString minutes = whole >= 3600
                                ? QString::number(whole / 3600) + u":%1"_s.arg(whole / 60 % 60, 2, 10, QChar(u'0'))
                                : QString::number(whole / 60);
    return minutes + u":%1"_s.arg(whole % 60, 2, 10, QChar(u'0'));
}

QString threshold_words(const Threshold& threshold) {
    QString words = measure_words(threshold);
    if (!threshold.endpoint.empty()) words += u" of "_s + QString::fromStdString(threshold.endpoint);
    words += u' ' + comparison_sign(threshold.comparison) + u' ' + plain(threshold.measure, threshold.value);
    if (threshold.window_seconds > 0) words += u" in every "_s + duration(threshold.window_seconds);
    return words;
}

QString threshold_words(const std::string& text) {
    const Result<Threshold> threshold = loadgen::parse_threshold(text);
    return threshold.ok() ? threshold_words(*threshold) : QString::fromStdString(text);
}

QString measured_words(Measure measure, std::optional<double> measured) {
    if (!measured) return u"nothing measured"_s;
    switch (measure) {
        case Measure::Errors:
            return percent(*measured).text();
        case Measure::Rate:
            return viewmodels::rate(*measured).text();
        case Measure::Requests:
        case Measure::Dropped:
        case Measure::Unfinished:
        case Measure::Lost:
            return plain(measure, *measured);
        default:
            return viewmodels::milliseconds(*measured).text();
    }
}

QString outcome_words(const std::string& kind) {
    const QString text = QString::fromStdString(kind);
    if (text.startsWith("status_"_L1)) {
        const QString phrase = status_phrase(text.mid(7).toInt());
        return phrase.isEmpty() ? QString(u"status "_s + text.mid(7)) : QString(text.mid(7) + u' ' + phrase);
    }
    if (text == "timeout"_L1) return u"no answer in time"_s;
    if (text == "reset"_L1) return u"connection broken off"_s;
    if (text == "connect_refused"_L1) return u"nobody listens"_s;
    if (text == "connect_failed"_L1) return u"no connection"_s;
    if (text == "tls_failed"_L1) return u"TLS handshake failed"_s;
    if (text == "malformed"_L1) return u"answer is not HTTP"_s;
    return QString(text).replace(u'_', u' ');
}

QString hand_words(const loadgen::HandAction& action) {
    switch (action.kind) {
        case loadgen::HandAction::Kind::Rate:
            return action.rate > 0 ? QString(u"rate "_s + trimmed(viewmodels::rate(action.rate)))
                                   : u"rate of the plan again"_s;
        case loadgen::HandAction::Kind::Speed:
            return action.speed > 0 ? QString(u"speed "_s + QString::number(action.speed))
                                    : u"speed of the plan again"_s;
        case loadgen::HandAction::Kind::Spike:
            if (action.speed > 0)
                return u"spike of speed "_s + QString::number(action.speed) + u" for "_s + duration(action.seconds);
            return u"spike "_s + trimmed(viewmodels::rate(action.rate)) + u" for "_s + duration(action.seconds);
        case loadgen::HandAction::Kind::Pause:
            return u"pause"_s;
        case loadgen::HandAction::Kind::Resume:
            return u"go on"_s;
        case loadgen::HandAction::Kind::Stop:
            return u"stop"_s;
    }
    return {};
}

QString certificate_words(loadgen::Validity validity) {
    switch (validity) {
        case loadgen::Validity::Valid:
            return u"The generator kept its plan: these figures are the server's."_s;
        case loadgen::Validity::Degraded:
            return u"These figures hold with the reasons in mind:"_s;
        case loadgen::Validity::Invalid:
            return u"These figures say more about the generator than about the server:"_s;
    }
    return {};
}

QStringList failure_reasons(const loadgen::RunReport& report) {
    QStringList reasons;
    // Nothing else of it was judged.
    if (report.state == loadgen::RunState::Interrupted)
        return {u"Interrupted: "_s + QString::fromStdString(report.stopped_by)};
    for (const loadgen::ThresholdResult& result : report.thresholds) {
        if (result.passed) continue;
        const Measure measure = result.threshold.measure;
        QString reason = threshold_words(result.threshold);
        reason += result.measured ? QString(u" was "_s + measured_words(measure, result.measured))
                                  : u": nothing was measured"_s;
        if (result.failed_at_nanos) reason += u" at "_s + run_time(static_cast<double>(*result.failed_at_nanos) / 1e9);
        if (measure == Measure::Errors) reason += frequent_errors(report);
        if (of_latency(measure) && result.measured) reason += slow_stage(report, *result.measured);
        reasons += reason;
    }
    for (const loadgen::ObjectiveResult& result : report.objectives)
        if (!result.held)
            reasons += QString::fromStdString(loadgen::objective_title(result) +
                                              " was not held: " + loadgen::objective_measured(result));
    const std::uint64_t bad = report.totals.failed();
    if (report.stopped_by == "error brake") {
        reasons += u"The error brake ended it after "_s + duration(report.elapsed_seconds) +
                   u": nearly every request failed"_s + frequent_errors(report);
    } else if (report.totals.answered() == 0 && report.totals.sent > 0) {
        reasons += u"Nothing was answered during the whole run"_s + frequent_errors(report);
    } else if (report.state == loadgen::RunState::Done && report.thresholds.empty() && report.objectives.empty() &&
               bad > 0) {
        reasons += grouped(bad) + u" requests failed"_s + frequent_errors(report);
    }
    return reasons;
}

QString measure_name(const std::string& measure) {
    if (measure == "capacity") return u"Capacity"_s;
    if (measure == "mean") return u"Average"_s;
    if (measure == "error_share") return u"Errors"_s;
    if (measure == "good_share") return u"Good answers"_s;
    return QString::fromStdString(measure);
}

}  // namespace streamgauge::viewmodels
