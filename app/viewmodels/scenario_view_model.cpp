// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/scenario_view_model.h"

#include <QRegularExpression>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "loadgen/capacity_run.h"
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
                [this](double y) { return level(y).text(); },
                [this](double y) { return trimmed(level(y)); }}) {
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
    before_replay_.reset();
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
    QVariantMap form = scalar_members(draft_);
    if (!says_in_flight()) form[u"max_in_flight"_s] = QString::number(kSearchInFlight);
    return form;
}

// What a search sends where the text does not say it is not what a run does.
bool ScenarioViewModel::says_in_flight() const {
    return !search_ || draft_.max_in_flight != Scenario().max_in_flight || says(text_.toStdString(), "max_in_flight");
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

QVariantList ScenarioViewModel::objectives() const {
    return objective_rows(draft_);
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
    // Of another kind credentials, fields and the like begin anew.
    const qsizetype dot = member.lastIndexOf(u'.') + 1;
    if (dot > 0 && member.mid(dot) == "kind"_L1 && !member.startsWith("objectives["_L1))
        unread_.removeIf([&](const auto& unread) { return unread.key().startsWith(member.left(dot)); });
    if (member.startsWith("replay."_L1)) before_replay_.reset();
    if (member == "url"_L1) url_edited_ = true;
    take(std::move(next));
    if (member == "max_in_flight"_L1 && !says_in_flight()) say_in_flight();
}

// A run's usual number is left out of a text, and a search has another one then.
void ScenarioViewModel::say_in_flight() {
    if (!text_.isEmpty() && !text_.endsWith(u'\n')) text_ += u'\n';
    text_ += u"max_in_flight: "_s + QString::number(draft_.max_in_flight) + u'\n';
    Q_EMIT textReplaced();
    Q_EMIT changed();
}

// A search has rates of its own: no stages stand in its form.
bool ScenarioViewModel::shows(const Scenario& scenario, const QString& member) const {
    return !(search_ && member.startsWith("stages"_L1)) && shows_member(scenario, member);
}

namespace {

// The stage that `member` is of becomes a usual one; the others stay for when they are shown again.
void mend_stages(Scenario& scenario, const QString& member) {
    const qsizetype begin = member.indexOf(u'[') + 1;
    bool one = begin > 0;
    const qulonglong row = one ? QStringView(member).mid(begin, member.indexOf(u']') - begin).toULongLong(&one) : 0;
    if (!one || row >= scenario.stages.size()) return choose_profile(scenario, u"constant"_s);
    Scenario usual = scenario;
    usual.stages = {scenario.stages[row]};
    choose_profile(usual, u"constant"_s);
    if (!member.endsWith(".name"_L1)) usual.stages[0].name = scenario.stages[row].name;
    scenario.stages[row] = usual.stages[0];
}

}  // namespace

// What another choice has taken out of the form must not hinder the start: it is as usual again.
void ScenarioViewModel::mend_hidden(Scenario& next) const {
    const std::size_t most_faults = 20 + next.stages.size();
    for (std::size_t i = 0; i < most_faults; ++i) {
        const Status valid = validate(next);
        if (valid.ok()) return;
        const QString member = form_member(next, QString::fromStdString(valid.error().field));
        if (shows(next, member == "end_to_end.credentials"_L1 ? u"end_to_end.credentials.kind"_s : member)) return;
        if (member.startsWith("stages"_L1)) {
            mend_stages(next, member);
        } else if (!reset_member(next, member)) {
            return;
        }
    }
}

void ScenarioViewModel::choose(const QString& profile) {
    if (!readable()) return;
    const QString shown = text_;
    const bool replay = profile == "replay"_L1;
    search_ = profile == "capacity"_L1;
    listed_ = profile == "custom"_L1;
    Scenario next = before_replay_ && !replay ? without_replay() : draft_;
    // A search replays nothing.
    if (!search_ || next.replays()) choose_profile(next, search_ ? u"constant"_s : profile);
    if (replay && !draft_.replays()) before_replay_ = {draft_, text_, next};
    unread_.clear();
    take(std::move(next));
    if (text_ != shown) Q_EMIT textReplaced();
}

// Whoever goes through the profiles with the arrow keys comes by the replay: what it took away is there again, but for
// what was changed since, and the text is that in which it stood.
Scenario ScenarioViewModel::without_replay() {
    const BeforeReplay before = *std::exchange(before_replay_, std::nullopt);
    Scenario next = draft_;
    const auto give_back = [&](auto member) {
        if (next.*member == before.replay.*member) next.*member = before.draft.*member;
    };
    give_back(&Scenario::stages);
    give_back(&Scenario::requests);
    give_back(&Scenario::closed_loop);
    give_back(&Scenario::jitter_percent);
    give_back(&Scenario::end_to_end);
    give_back(&Scenario::spacing);
    give_back(&Scenario::replay);
    text_ = before.text;
    return next;
}

void ScenarioViewModel::search_again(const api::LoadCapacity& search) {
    choose(u"capacity"_s);
    if (!search_) return;  // the text has a fault
    if (search.budget_seconds > 0) set_budget(duration_text(search.budget_seconds));
    Scenario next = draft_;
    std::vector<Threshold>& all = next.thresholds;
    for (const std::string& text : search.objectives) {
        const Result<Threshold> threshold = parse_threshold(text);
        if (threshold.ok() && std::find(all.begin(), all.end(), *threshold) == all.end()) all.push_back(*threshold);
    }
    if (all.size() != draft_.thresholds.size()) take(std::move(next));
}

void ScenarioViewModel::add(const QString& list) {
    Scenario next = draft_;
    if (!readable() || !add_row(next, list)) return;
    // What could not be read of the rows that were replaced is of none any more.
    if (list == "objectives.default"_L1)
        unread_.removeIf([](const auto& fault) { return fault.key().startsWith("objectives["_L1); });
    take(std::move(next));
}

void ScenarioViewModel::remove(const QString& list, int row) {
    Scenario next = draft_;
    const bool listed = profile() == "custom"_L1;  // and stays so when one is left
    if (!readable() || !remove_row(next, list, row)) return;
    listed_ = listed;
    unread_.clear();  // rows have other numbers now
    take(std::move(next));
}

// The text follows as long as the form makes sense.
void ScenarioViewModel::take(Scenario next) {
    refused_.clear();
    invalid_.clear();
    mend_hidden(next);
    draft_ = std::move(next);
    unread_.removeIf([this](const auto& fault) { return !shows(draft_, fault.key()); });
    if (const Status valid = validate(draft_); !valid.ok()) {
        invalid_[form_member(draft_, QString::fromStdString(valid.error().field))] =
            QString::fromStdString(valid.error().message);
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
    if (search_) return u"capacity"_s;
    return listed_ && !draft_.replays() ? u"custom"_s : profile_of(draft_);
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

Quantity ScenarioViewModel::level(double planned) const {
    return draft_.closed_loop ? count(planned) : rate(planned);
}

void ScenarioViewModel::draw() {
    if (!validate(draft_).ok()) return;
    // A search makes its own, and a replay's are known when the recording is read.
    if (search_ || draft_.replays()) return preview_.set(0, 1, {}, {{}});
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
    if (draft_.replays()) return u"recorded traffic, with its gaps"_s;
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
    refused_[form_member(draft_, QString::fromStdString(error.field))] =
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
    search_ = listed_ = false;
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
