// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/load_view_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "loadgen/replay_pace.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using api::LoadState;
using client::ConnectionState;
using loadgen::HandAction;

namespace {

// A run that ended is kept a moment after its status says so.
constexpr int kReportPauseMs = 250;
constexpr int kReportQuestions = 40;

bool under_way(LoadState state) {
    return state == LoadState::Starting || state == LoadState::Running;
}

}  // namespace

LoadViewModel::LoadViewModel(client::BackendClient& client, QObject* parent)
    : QObject(parent), client_(client), runs_(client, work_) {
    scenario_.follow(client.ingest_url());
    report_timer_.setSingleShot(true);
    report_timer_.setInterval(kReportPauseMs);
    connect(&report_timer_, &QTimer::timeout, this, [this] { fetch_report(); });
    connect(&scenario_, &ScenarioViewModel::changed, this, &LoadViewModel::changed);
    connect(&runs_, &LoadRunsViewModel::listed, this, [this] { show_newest(); });
    connect(&client, &client::BackendClient::stateChanged, this, [this] {
        scenario_.follow(client_.ingest_url());
        const bool live = client_.state() == ConnectionState::Live;
        if (live && !std::exchange(was_live_, live)) runs_.refresh();
        was_live_ = live;
        Q_EMIT runs_.changed();
        Q_EMIT changed();
    });
    subscription_ = client.live().subscribe(api::Topic::Load, {}, this, [this](const api::LiveMessage& message) {
        if (message.load) receive(*message.load, message.snapshot);
    });
}

// ---- what can be done

QString LoadViewModel::view() const {
    if (!view_.isEmpty()) return view_;
    return run_.shown() ? u"run"_s : u"setup"_s;
}

void LoadViewModel::set_view(const QString& view) {
    if (view == view_) return;
    view_ = view;
    error_.clear();  // it was about what was left
    error_kind_.clear();
    if (view == "runs"_L1) runs_.refresh();
    Q_EMIT changed();
}

bool LoadViewModel::offered() const {
    return client_.has_feature("load");
}

double LoadViewModel::most_speed() const {
    const double known = replays() ? run_.status().replay->highest_speed : 0;
    return std::min(known > 0 ? known : std::max(10.0, speed()), loadgen::ReplayPace::kHighestSpeed);
}

bool LoadViewModel::active() const {
    return under_way(run_.status().state);
}

bool LoadViewModel::can_start() const {
    return offered() && client_.state() == ConnectionState::Live && !busy_ && !active() &&
           scenario_.problem().isEmpty();
}

bool LoadViewModel::can_demo() const {
    return offered() && client_.state() == ConnectionState::Live && !busy_ && !active();
}

bool LoadViewModel::can_stop() const {
    return offered() && client_.state() == ConnectionState::Live && !busy_ && active();
}

bool LoadViewModel::can_steer() const {
    return can_stop() && run_.status().state == LoadState::Running && !run_.status().capacity;
}

double LoadViewModel::most_rate() const {
    double most = std::max(run_.status().plan.rate, run_.status().rate) * 2;
    for (const api::LoadSecond& second : run_.seconds_list())
        most = std::max(most, static_cast<double>(second.planned) * 2);
    // One, two or five with zeros: the slider's end does not wander.
    const double power = std::pow(10, std::floor(std::log10(std::max(most, 10.0))));
    for (const double step : {1.0, 2.0, 5.0, 10.0})
        if (step * power >= most) return std::min(step * power, loadgen::ArrivalPlan::kHighestRate);
    return loadgen::ArrivalPlan::kHighestRate;
}

void LoadViewModel::start() {
    if (!can_start()) return;
    begin();
    const auto told = [this](const Result<api::LoadStatus>& result) { settled(result); };
    if (scenario_.search()) {
        client_.load().find_capacity(scenario_.capacity_ask(), this, told);
    } else {
        client_.load().start_scenario(scenario_.text().toStdString(), this, told);
    }
}

void LoadViewModel::startDemo() {
    if (!can_demo() || client_.ingest_url().empty()) return;
    api::LoadPlan plan;
    plan.url = client_.ingest_url();
    plan.rate = kDemoRate;
    plan.duration_seconds = kDemoSeconds;
    plan.arrivals = api::Arrivals::Poisson;
    plan.connections = 4;
    begin();
    client_.load().start_load(plan, this, [this](const Result<api::LoadStatus>& result) { settled(result); });
}

void LoadViewModel::begin() {
    busy_ = true;
    error_.clear();
    error_kind_.clear();
    Q_EMIT changed();
}

void LoadViewModel::stop() {
    if (!can_stop()) return;
    begin();
    client_.load().stop_load(this, [this](const Result<api::LoadStatus>& result) {
        busy_ = false;
        if (result.ok()) {
            receive(*result, true);
        } else {
            fail(result.error());
        }
        Q_EMIT changed();
    });
}

void LoadViewModel::settled(const Result<api::LoadStatus>& result) {
    busy_ = false;
    if (result.ok()) {
        set_view(u"run"_s);
        receive(*result, true);
    } else {
        fail(result.error());
        scenario_.refused(result.error());
    }
    Q_EMIT changed();
}

void LoadViewModel::fail(const Error& error) {
    error_ = QString::fromStdString(error.describe());
    error_kind_ = error.code == ErrorCode::Forbidden || error.code == ErrorCode::Unauthorized ? u"forbidden"_s
                  : error.code == ErrorCode::Conflict                                         ? u"conflict"_s
                                                                                              : u"error"_s;
}

// ---- the hand

void LoadViewModel::lay_hand(HandAction action) {
    if (!can_steer()) return;
    client_.load().lay_hand(action, this, [this](const Result<api::LoadStatus>& result) {
        if (!result.ok()) {
            fail(result.error());
        } else {
            error_.clear();
            error_kind_.clear();
        }
        Q_EMIT changed();
    });
}

void LoadViewModel::setRate(double rate) {
    HandAction action;
    action.kind = HandAction::Kind::Rate;
    action.rate = std::max(0.0, rate);
    lay_hand(action);
}

void LoadViewModel::spike(double rate, double seconds) {
    HandAction action;
    action.kind = HandAction::Kind::Spike;
    action.rate = rate;
    action.seconds = seconds;
    lay_hand(action);
}

// Three digits behind the point at most, and rounded down: never above what fits.
double LoadViewModel::sendable_speed(double speed) const {
    if (!(speed > 0)) return 0;
    const double thousandths = std::floor(std::min(speed, most_speed()) * 1000 + 1e-6);
    return std::max(thousandths / 1000, loadgen::ReplayPace::kLowestSpeed);
}

void LoadViewModel::setSpeed(double speed) {
    HandAction action;
    action.kind = HandAction::Kind::Speed;
    action.speed = sendable_speed(speed);
    lay_hand(action);
}

void LoadViewModel::spikeSpeed(double speed, double seconds) {
    HandAction action;
    action.kind = HandAction::Kind::Spike;
    action.speed = sendable_speed(speed);
    action.seconds = seconds;
    lay_hand(action);
}

void LoadViewModel::pause() {
    HandAction action;
    action.kind = HandAction::Kind::Pause;
    lay_hand(action);
}

void LoadViewModel::resume() {
    HandAction action;
    action.kind = HandAction::Kind::Resume;
    lay_hand(action);
}

// ---- the run

void LoadViewModel::receive(const api::LoadStatus& status, bool whole) {
    const bool was_active = active();
    began_ = true;
    // A server that was started anew has no run under way; the last one stays.
    if (status.state == LoadState::Idle && run_.final()) return Q_EMIT changed();
    if (run_.final() && status.run_id == run_.run_id()) return Q_EMIT changed();
    run_.show(status, whole);
    const bool over = run_.shown() && !active();
    // A search that failed has none, nor has one that was stopped before its first step ended.
    const bool reported = !status.capacity || (status.state != LoadState::Failed && !status.capacity->steps.empty());
    if (over && reported && wanted_report_ != status.run_id && !run_.final()) {
        wanted_report_ = status.run_id;
        report_questions_ = 0;
        fetch_report();
    }
    if (over && was_active) runs_.refresh();
    Q_EMIT changed();
}

void LoadViewModel::fetch_report() {
    if (wanted_report_.empty() || client_.state() != ConnectionState::Live) return;
    client_.load().run_report(wanted_report_, this, [this, id = wanted_report_](Result<std::string> text) {
        if (id != wanted_report_) return;
        if (!text.ok()) {
            if (text.error().code == ErrorCode::NotFound && ++report_questions_ < kReportQuestions)
                report_timer_.start();
            return;
        }
        wanted_report_.clear();
        read(std::move(text).value(), [this, id](const Result<LoadReadingPtr>& reading) {
            // Why a run failed that its status told, and its report does not, stays.
            if (reading.ok() && run_.run_id() == id && run_.status().error.empty()) run_.show(*reading);
            if (!reading.ok()) fail(reading.error());
            runs_.refresh();
            Q_EMIT changed();
        });
    });
}

void LoadViewModel::read(std::string text, std::function<void(const Result<LoadReadingPtr>&)> done) {
    work_.run(
        this, [text = std::move(text)] { return read_load_report(text); }, std::move(done));
}

// Where no run is under way, the page begins with the last one.
void LoadViewModel::show_newest() {
    if (run_.shown() || runs_.runs().empty() || !began_) return Q_EMIT changed();
    const std::string id = runs_.runs().front().id;
    client_.load().run_report(id, this, [this](Result<std::string> text) {
        if (!text.ok() || run_.shown()) return;
        read(std::move(text).value(), [this](const Result<LoadReadingPtr>& reading) {
            if (!reading.ok() || run_.shown()) return;
            run_.show(*reading);
            Q_EMIT changed();
        });
    });
    Q_EMIT changed();
}

void LoadViewModel::editAgain() {
    if (const LoadReadingPtr& reading = run_.reading(); reading && !reading->scenario().empty()) {
        scenario_.opened(QString::fromStdString(reading->name()).replace(u' ', u'-') + u".yaml"_s,
                         QByteArray::fromStdString(reading->scenario()));
        if (reading->search) scenario_.search_again(reading->search->capacity);
    }
    set_view(u"setup"_s);
}

QString LoadViewModel::phase() const {
    if (run_.shown()) return u"data"_s;
    if (began_) return u"empty"_s;
    const ConnectionState connection = client_.state();
    if (connection == ConnectionState::Failed || connection == ConnectionState::Degraded) return u"error"_s;
    return connection == ConnectionState::Live ? u"empty"_s : u"loading"_s;
}

bool LoadViewModel::stale() const {
    return began_ && client_.state() != ConnectionState::Live;
}

}  // namespace streamgauge::viewmodels
