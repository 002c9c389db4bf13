// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/scenario_view_model.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <set>

#include "loadgen/capacity_step.h"
#include "loadgen/duration.h"
#include "loadgen/scenario_text.h"
#include "loadgen/target.h"
#include "viewmodels/format.h"
#include "viewmodels/load_words.h"
#include "viewmodels/scenario_form.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using namespace loadgen;

namespace {

constexpr int kPreviewPoints = 240;
constexpr double kJustBefore = 1e-6;  // a step is drawn as one

Scenario first_scenario() {
    Scenario scenario;
    scenario.name = "first run";
    scenario.url = "http://127.0.0.1:8080/events";
    Stage stage;
    stage.rate = 200;
    stage.seconds = 30;
    scenario.stages = {stage};
    scenario.requests = {RequestKind{}};
    for (const char* text : {"p(95) < 300", "errors < 1%"}) scenario.thresholds.push_back(*parse_threshold(text));
    return scenario;
}

// Where the planned rate jumps or bends, seconds from the start.
std::vector<double> bends(const std::vector<Stage>& stages) {
    std::vector<double> at;
    double from = 0;
    for (const Stage& stage : stages) {
        at.push_back(from);
        if (stage.shape == Stage::Shape::Steps)
            for (std::uint32_t i = 1; i < stage.steps && i < 1000; ++i)
                at.push_back(from + stage.seconds * i / stage.steps);
        from += stage.seconds;
        if (stage.shape != Stage::Shape::Spike) continue;
        at.push_back(from);
        from += stage.spike_seconds;
        at.push_back(from);
        from += stage.after_seconds;
    }
    at.push_back(from);
    return at;
}

QString without_place(const std::string& message) {
    static const QRegularExpression place(u"^line \\d+, column \\d+: "_s);
    return QString::fromStdString(message).remove(place);
}

}  // namespace

ScenarioViewModel::ScenarioViewModel(QObject* parent)
    : QObject(parent),
      draft_(first_scenario()),
      preview_({{u"Planned"_s},
                false,
                run_time,
                [](double y) { return viewmodels::rate(y).text(); },
                [](double y) { return trimmed(viewmodels::rate(y)); }}) {
    text_ = QString::fromStdString(to_text(draft_));
    draw();
}

// ---- the text

void ScenarioViewModel::set_text(const QString& text) {
    if (text == text_) return;
    text_ = text;
    refused_.clear();
    unread_.clear();
    invalid_.clear();
    Result<Scenario> read = parse_scenario(text.toStdString());
    if (read.ok()) {
        fault_.reset();
        url_edited_ = url_edited_ || read->url != draft_.url;
        draft_ = std::move(read).value();
        draw();
    } else {
        fault_ = read.error();
    }
    Q_EMIT changed();
}

QString ScenarioViewModel::fault_text() const {
    return fault_ ? QString::fromStdString(fault_->message) : QString();
}

int ScenarioViewModel::fault_position() const {
    if (!fault_ || !fault_->offset) return -1;
    const std::string bytes = text_.toStdString();
    const auto offset = std::min<std::size_t>(*fault_->offset, bytes.size());
    return static_cast<int>(QString::fromUtf8(bytes.data(), static_cast<qsizetype>(offset)).size());
}

int ScenarioViewModel::fault_line() const {
    const int position = fault_position();
    return position < 0 ? 0 : static_cast<int>(QStringView(text_).left(position).count(u'\n')) + 1;
}

// ---- the form

QVariantMap ScenarioViewModel::form() const {
    return scalar_members(draft_);
}
QVariantList ScenarioViewModel::stages() const {
    return stage_rows(draft_);
}
QVariantList ScenarioViewModel::requests() const {
    return request_rows(draft_);
}
QVariantList ScenarioViewModel::fields() const {
    return field_rows(draft_);
}
QVariantList ScenarioViewModel::thresholds() const {
    return threshold_rows(draft_);
}

QVariantMap ScenarioViewModel::faults() const {
    QVariantMap all;
    for (const auto& faults : {search_faults(), refused_, invalid_, unread_})
        for (auto at = faults.begin(); at != faults.end(); ++at) all[at.key()] = at.value();
    return all;
}

void ScenarioViewModel::set(const QString& member, const QString& text) {
    if (!readable()) return;
    if (member == "budget_seconds"_L1) return set_budget(text);  // of a search; the file has no such member
    Scenario next = draft_;
    QString fault;
    if (!set_member(next, member, text, fault)) {
        refused_.clear();
        unread_[member] = fault;
        Q_EMIT changed();
        return;
    }
    unread_.remove(member);
    if (member == "url"_L1) url_edited_ = true;
    take(std::move(next));
}

void ScenarioViewModel::choose(const QString& profile) {
    if (!readable()) return;
    search_ = profile == "capacity"_L1;
    Scenario next = draft_;
    if (!search_) choose_profile(next, profile);
    unread_.clear();
    take(std::move(next));
}

void ScenarioViewModel::add(const QString& list) {
    Scenario next = draft_;
    if (readable() && add_row(next, list)) take(std::move(next));
}

void ScenarioViewModel::remove(const QString& list, int row) {
    Scenario next = draft_;
    if (!readable() || !remove_row(next, list, row)) return;
    unread_.clear();  // rows have other numbers now
    take(std::move(next));
}

// The text follows as long as the form makes sense.
void ScenarioViewModel::take(Scenario next) {
    refused_.clear();
    invalid_.clear();
    draft_ = std::move(next);
    if (const Status valid = validate(draft_); !valid.ok()) {
        invalid_[QString::fromStdString(valid.error().field)] = QString::fromStdString(valid.error().message);
    } else if (unread_.isEmpty()) {
        settle();
    }
    draw();
    Q_EMIT changed();
}

void ScenarioViewModel::settle() {
    const QString text = QString::fromStdString(edited(text_.toStdString(), draft_));
    if (text == text_) return;
    text_ = text;
    Q_EMIT textReplaced();
}

QString ScenarioViewModel::profile() const {
    return search_ ? u"capacity"_s : profile_of(draft_);
}

void ScenarioViewModel::set_budget(const QString& budget) {
    budget_ = budget;
    refused_.clear();
    Q_EMIT changed();
}

// What a search cannot look for.
QMap<QString, QString> ScenarioViewModel::search_faults() const {
    QMap<QString, QString> faults;
    if (!search_) return faults;
    if (draft_.thresholds.empty())
        faults[u"thresholds"_s] = u"a search needs to know what has to hold, such as p(99) < 300"_s;
    for (std::size_t i = 0; i < draft_.thresholds.size(); ++i) {
        const auto objective = capacity_objective(draft_.thresholds[i], loadgen::to_text(draft_.thresholds[i]));
        if (!objective.ok()) faults[u"thresholds[%1]"_s.arg(i)] = QString::fromStdString(objective.error().message);
    }
    const Result<double> budget = parse_duration(budget_.toStdString());
    if (!budget.ok() || *budget < 30 || *budget > 3600) faults[u"budget_seconds"_s] = u"must be 30s to 1h"_s;
    return faults;
}

api::CapacityAsk ScenarioViewModel::capacity_ask() const {
    api::CapacityAsk ask;
    ask.scenario = text_.toStdString();
    for (const Threshold& threshold : draft_.thresholds) ask.objectives.push_back(loadgen::to_text(threshold));
    if (const auto budget = parse_duration(budget_.toStdString()); budget.ok()) ask.budget_seconds = *budget;
    return ask;
}

// ---- the plan, drawn

void ScenarioViewModel::draw() {
    if (!validate(draft_).ok()) return;
    const ArrivalPlan plan(draft_.stages, draft_.spacing, draft_.seed, draft_.jitter_percent);
    const double length = planned_seconds(draft_.stages);
    std::set<double> at;
    for (int i = 0; i <= kPreviewPoints; ++i) at.insert(length * i / kPreviewPoints);
    for (const double bend : bends(draft_.stages)) {
        at.insert(std::min(bend, length));
        if (bend > kJustBefore) at.insert(std::min(bend, length) - kJustBefore);
    }
    std::vector<double> xs, ys;
    for (const double seconds : at) {
        if (seconds >= length) continue;  // the plan is over
        xs.push_back(seconds);
        ys.push_back(plan.rate_at(static_cast<std::int64_t>(seconds * 1e9)));
    }
    preview_.set(0, length, std::move(xs), {std::move(ys)});
}

QString ScenarioViewModel::preview_text() const {
    if (!readable() || !invalid_.isEmpty() || !unread_.isEmpty()) return u"drawn as it last made sense"_s;
    if (search_) return u"a search has rates of its own"_s;
    const double length = planned_seconds(draft_.stages);
    if (draft_.closed_loop) return u"users, for "_s + duration(length);
    const ArrivalPlan plan(draft_.stages, draft_.spacing, draft_.seed, draft_.jitter_percent);
    return grouped(plan.count()) + u" requests in "_s + duration(length);
}

// ---- the target

void ScenarioViewModel::follow(const std::string& ingest_url) {
    if (ingest_url.empty() || ingest_url == ingest_url_) return;
    ingest_url_ = ingest_url;
    if (!url_edited_ && readable()) {
        Scenario next = draft_;
        next.url = ingest_url;
        take(std::move(next));
    }
    Q_EMIT changed();
}

QString ScenarioViewModel::host() const {
    const Result<Url> url = parse_url(draft_.url);
    return url.ok() ? QString::fromStdString(url->host) : QString();
}

bool ScenarioViewModel::foreign() const {
    const Result<Url> url = parse_url(draft_.url);
    if (!url.ok() || names_loopback(*url)) return false;
    const Result<Url> own = parse_url(ingest_url_);
    return !own.ok() || own->host != url->host;
}

void ScenarioViewModel::set_confirmed_host(const QString& host) {
    confirmed_ = host.trimmed();
    Q_EMIT changed();
}

QString ScenarioViewModel::problem() const {
    if (fault_) return u"The text has a fault: "_s + fault_text();
    const QVariantMap all = faults();
    if (!all.isEmpty()) return all.firstKey() + u' ' + all.first().toString();
    if (!confirmed()) return u"Confirm the target: write "_s + host() + u" in full."_s;
    return {};
}

bool ScenarioViewModel::refused(const Error& error) {
    if (error.field.empty()) return false;
    const QString hint = QString::fromStdString(error.hint);
    refused_[QString::fromStdString(error.field)] =
        without_place(error.message) + (hint.isEmpty() ? QString() : QString(u"; "_s + hint));
    Q_EMIT changed();
    return true;
}

// ---- files

void ScenarioViewModel::save() {
    const QString name =
        file_name_.isEmpty() ? QString::fromStdString(draft_.name).replace(u' ', u'-') + u".yaml"_s : file_name_;
    Q_EMIT saveWanted(name, text_.toUtf8());
}

void ScenarioViewModel::opened(const QString& file_name, const QByteArray& text) {
    file_name_ = file_name;
    file_fault_.clear();
    url_edited_ = true;  // what the file says is meant
    search_ = false;
    set_text(QString::fromUtf8(text));
    Q_EMIT textReplaced();
    Q_EMIT changed();
}

void ScenarioViewModel::saved(const QString& file_name) {
    file_name_ = file_name;
    file_fault_.clear();
    Q_EMIT changed();
}

void ScenarioViewModel::file_failed(const QString& why) {
    file_fault_ = why;
    Q_EMIT changed();
}

}  // namespace streamgauge::viewmodels
