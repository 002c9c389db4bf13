// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_view_model.h"

#include <QUrl>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/limits.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using api::LoadState;
using client::ConnectionState;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kShortestAxisSeconds = 10;

QString since_start(double x) {
    return duration(x);
}

bool active(LoadState state) {
    return state == LoadState::Starting || state == LoadState::Running;
}

}  // namespace

LoadViewModel::LoadViewModel(client::BackendClient& client, QObject* parent)
    : QObject(parent),
      client_(client),
      rates_({{u"Planned"_s, u"OK"_s, u"429"_s, u"Other"_s},
              false,
              since_start,
              [](double y) { return viewmodels::rate(y).text(); },
              [](double y) { return trimmed(viewmodels::rate(y)); }}),
      latency_({{u"p50"_s, u"p95"_s, u"p99"_s},
                false,
                since_start,
                [](double y) { return milliseconds(y).text(); },
                [](double y) { return trimmed(milliseconds(y)); }}) {
    take_ingest_url();
    connect(&client, &client::BackendClient::stateChanged, this, [this] {
        take_ingest_url();
        Q_EMIT stateChanged();
    });
    subscription_ = client.live().subscribe(api::Topic::Load, {}, this, [this](const api::LiveMessage& message) {
        if (message.load) receive(*message.load, message.snapshot);
    });
}

void LoadViewModel::take_ingest_url() {
    if (url_edited_ || client_.ingest_url().empty() || plan_.url == client_.ingest_url()) return;
    plan_.url = client_.ingest_url();
    Q_EMIT planChanged();
}

// ---- the plan

void LoadViewModel::set_url(const QString& url) {
    const std::string text = url.trimmed().toStdString();
    if (text == plan_.url) return;
    plan_.url = text;
    url_edited_ = true;
    Q_EMIT planChanged();
    Q_EMIT stateChanged();
}

void LoadViewModel::set_rate(double rate) {
    plan_.rate = rate;
    Q_EMIT planChanged();
    Q_EMIT stateChanged();
}

void LoadViewModel::set_duration_seconds(double seconds) {
    plan_.duration_seconds = seconds;
    Q_EMIT planChanged();
    Q_EMIT stateChanged();
}

void LoadViewModel::set_connections(int connections) {
    plan_.connections = static_cast<std::uint32_t>(std::max(connections, 0));
    Q_EMIT planChanged();
    Q_EMIT stateChanged();
}

void LoadViewModel::set_batch(int batch) {
    plan_.batch = static_cast<std::uint32_t>(std::max(batch, 0));
    Q_EMIT planChanged();
    Q_EMIT stateChanged();
}

void LoadViewModel::set_poisson(bool poisson) {
    plan_.arrivals = poisson ? api::Arrivals::Poisson : api::Arrivals::Even;
    Q_EMIT planChanged();
}

std::optional<LoadViewModel::Problem> LoadViewModel::problem() const {
    const QUrl target(url(), QUrl::StrictMode);
    if (!target.isValid() || target.host().isEmpty() ||
        (target.scheme() != "http"_L1 && target.scheme() != "https"_L1)) {
        return Problem{u"url"_s, u"Write the target as http://host:port/events."_s};
    }
    if (!(plan_.rate > 0) || plan_.rate > kMostRate) {
        return Problem{u"rate"_s, u"The rate is more than 0 and at most 1\u202F000\u202F000 requests a second."_s};
    }
    if (!(plan_.duration_seconds > 0) || plan_.duration_seconds > kMostSeconds) {
        return Problem{u"durationSeconds"_s, u"The duration is more than 0 s and at most 24 h."_s};
    }
    if (plan_.connections < 1 || plan_.connections > static_cast<std::uint32_t>(kMostConnections)) {
        return Problem{u"connections"_s, u"Between 1 and 10\u202F000 connections."_s};
    }
    if (plan_.batch < 1 || plan_.batch > limits::kEventsPerRequest) {
        return Problem{u"batch"_s, u"Between 1 and 10\u202F000 events in a request."_s};
    }
    return std::nullopt;
}

QString LoadViewModel::plan_problem() const {
    return problem().value_or(Problem{}).text;
}

QString LoadViewModel::plan_problem_field() const {
    return problem().value_or(Problem{}).field;
}

QString LoadViewModel::plan_summary() const {
    if (problem()) return {};
    const double requests = plan_.rate * plan_.duration_seconds;
    const double events = requests * static_cast<double>(plan_.batch);
    const QString total = grouped(static_cast<std::uint64_t>(std::llround(requests))) + u" requests"_s;
    return plan_.batch == 1
               ? total
               : QString(total + u", "_s + grouped(static_cast<std::uint64_t>(std::llround(events))) + u" events"_s);
}

// ---- what can be done

bool LoadViewModel::offered() const {
    return client_.has_feature("load");
}

bool LoadViewModel::can_start() const {
    return offered() && client_.state() == ConnectionState::Live && !busy_ && !active(status_.state) && !problem();
}

bool LoadViewModel::can_stop() const {
    return offered() && client_.state() == ConnectionState::Live && !busy_ && active(status_.state);
}

void LoadViewModel::start() {
    if (can_start()) start_with(plan_);
}

void LoadViewModel::startDemo() {
    if (!offered() || busy_ || active(status_.state) || client_.ingest_url().empty()) return;
    api::LoadPlan plan;
    plan.url = client_.ingest_url();
    plan.rate = kDemoRate;
    plan.duration_seconds = kDemoSeconds;
    plan.arrivals = api::Arrivals::Poisson;
    plan.connections = 4;
    start_with(plan);
}

void LoadViewModel::start_with(const api::LoadPlan& plan) {
    busy_ = true;
    call_error_.clear();
    client_.load().start_load(plan, this, [this](const Result<api::LoadStatus>& result) { settled(result); });
    Q_EMIT errorTextChanged();
    Q_EMIT stateChanged();
}

void LoadViewModel::stop() {
    if (!can_stop()) return;
    busy_ = true;
    call_error_.clear();
    client_.load().stop_load(this, [this](const Result<api::LoadStatus>& result) { settled(result); });
    Q_EMIT errorTextChanged();
    Q_EMIT stateChanged();
}

void LoadViewModel::settled(const Result<api::LoadStatus>& result) {
    busy_ = false;
    if (result.ok()) {
        receive(*result, true);
    } else {
        call_error_ = QString::fromStdString(result.error().describe());
        Q_EMIT errorTextChanged();
    }
    Q_EMIT stateChanged();
}

// ---- the run

void LoadViewModel::receive(const api::LoadStatus& status, bool whole) {
    began_ = true;
    if (whole || status.run_id != status_.run_id) {
        const bool behind = status.run_id == status_.run_id && status.seconds.size() < seconds_.seconds().size();
        if (!behind) seconds_.clear();
    }
    seconds_.merge(status.seconds);
    status_ = status;
    status_.seconds.clear();
    refresh_charts();
    Q_EMIT runChanged();
    Q_EMIT stateChanged();
    Q_EMIT errorTextChanged();
}

void LoadViewModel::refresh_charts() {
    std::vector<double> xs;
    std::vector<std::vector<double>> counts(4), latencies(3);
    for (const api::LoadSecond& second : seconds_.seconds()) {
        xs.push_back(static_cast<double>(second.second));
        counts[0].push_back(static_cast<double>(second.planned));
        counts[1].push_back(static_cast<double>(second.ok));
        counts[2].push_back(static_cast<double>(second.limited));
        counts[3].push_back(static_cast<double>(second.other));
        const bool answered = second.ok + second.limited + second.other > 0;
        latencies[0].push_back(answered ? second.p50_ms : kNaN);
        latencies[1].push_back(answered ? second.p95_ms : kNaN);
        latencies[2].push_back(answered ? second.p99_ms : kNaN);
    }
    const double last = std::max(xs.empty() ? 0.0 : xs.back(), kShortestAxisSeconds);
    rates_.set(0, last, xs, std::move(counts));
    latency_.set(0, last, std::move(xs), std::move(latencies));
}

QString LoadViewModel::phase() const {
    if (began_ && status_.state != LoadState::Idle) return u"data"_s;
    if (began_) return u"empty"_s;
    const ConnectionState connection = client_.state();
    if (connection == ConnectionState::Failed || connection == ConnectionState::Degraded) return u"error"_s;
    return connection == ConnectionState::Live ? u"empty"_s : u"loading"_s;
}

bool LoadViewModel::stale() const {
    return began_ && client_.state() != ConnectionState::Live;
}

QString LoadViewModel::state() const {
    switch (status_.state) {
        case LoadState::Idle:
            return u"idle"_s;
        case LoadState::Starting:
            return u"starting"_s;
        case LoadState::Running:
            return u"running"_s;
        case LoadState::Done:
            return u"done"_s;
        case LoadState::Stopped:
            return u"stopped"_s;
        case LoadState::Failed:
            return u"failed"_s;
    }
    return {};
}

QString LoadViewModel::state_text() const {
    switch (status_.state) {
        case LoadState::Idle:
            return u"No run yet"_s;
        case LoadState::Starting:
            return u"Starting"_s;
        case LoadState::Running:
            return u"Running"_s;
        case LoadState::Done:
            return status_.failed > 0 ? u"Done, with failures"_s : u"Done"_s;
        case LoadState::Stopped:
            return u"Stopped"_s;
        case LoadState::Failed:
            return u"Failed"_s;
    }
    return {};
}

QString LoadViewModel::tone() const {
    switch (status_.state) {
        case LoadState::Done:
            return status_.failed > 0 ? u"warning"_s : u"good"_s;
        case LoadState::Failed:
            return u"bad"_s;
        case LoadState::Running:
            return u"accent"_s;
        default:
            return u"none"_s;
    }
}

double LoadViewModel::progress() const {
    const double all = status_.plan.rate * status_.plan.duration_seconds;
    return all > 0 ? std::clamp(static_cast<double>(status_.planned) / all, 0.0, 1.0) : 0;
}

QString LoadViewModel::run_summary() const {
    if (status_.run_id.empty()) return {};
    return QString(
        trimmed(viewmodels::rate(status_.plan.rate)) +
        (status_.plan.arrivals == api::Arrivals::Poisson ? u", Poisson arrivals, for "_s : u", even arrivals, for "_s) +
        duration(status_.plan.duration_seconds) + u", to "_s + QString::fromStdString(status_.plan.url));
}

QString LoadViewModel::planned() const {
    return status_.run_id.empty() ? none() : grouped(status_.planned);
}
QString LoadViewModel::sent() const {
    return status_.run_id.empty() ? none() : grouped(status_.sent);
}
QString LoadViewModel::done() const {
    return status_.run_id.empty() ? none() : grouped(status_.done);
}
QString LoadViewModel::failed() const {
    return status_.run_id.empty() ? none() : grouped(status_.failed);
}

QString LoadViewModel::latency_text(double ms) const {
    return status_.done + status_.failed == 0 ? none() : milliseconds(ms).text();
}

QString LoadViewModel::p50() const {
    return latency_text(status_.p50_ms);
}
QString LoadViewModel::p95() const {
    return latency_text(status_.p95_ms);
}
QString LoadViewModel::p99() const {
    return latency_text(status_.p99_ms);
}
QString LoadViewModel::slowest() const {
    return latency_text(status_.max_ms);
}
QString LoadViewModel::send_lag() const {
    return latency_text(status_.send_lag_p99_ms);
}

QString LoadViewModel::error_text() const {
    return call_error_.isEmpty() ? QString::fromStdString(status_.error) : call_error_;
}

}  // namespace streamgauge::viewmodels
