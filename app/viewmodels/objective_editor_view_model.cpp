// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objective_editor_view_model.h"

#include <algorithm>
#include <utility>

#include "metrics/window.h"
#include "slo/objective_warnings.h"
#include "slo/outlook.h"
#include "viewmodels/filter_completion.h"
#include "viewmodels/format.h"
#include "viewmodels/metric_models.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr std::chrono::milliseconds kRest{600};
constexpr std::size_t kMostShown = 200;

// A name is not needed to try an objective.
FormTexts with_name(FormTexts form) {
    if (form[u"name"_s].trimmed().isEmpty()) form[u"name"_s] = u"draft"_s;
    return form;
}

// What a back-test depends on.
slo::Objective essence_of(slo::Objective objective) {
    objective.name = "draft";
    objective.title.clear();
    objective.description.clear();
    objective.service.clear();
    objective.notify.clear();
    objective.alert_when_no_data = false;
    return objective;
}

QVariantMap words_for(const QString& text, int cursor, const QStringList& all) {
    const QString begun = text.left(cursor);
    QStringList words;
    for (const QString& word : all)
        if (word.contains(begun, Qt::CaseInsensitive) && word != text) words.append(word);
    return {{u"from"_s, 0}, {u"words"_s, words.mid(0, 8)}};
}

slo::Traffic traffic_of(const api::BackTest& result, const slo::Objective& objective) {
    const Timestamp start = std::max(result.range.from, slo::bounds_of(objective.window, result.range.to).start);
    return {result.budget.counted, std::max<std::int64_t>(0, result.range.to.micros - start.micros),
            result.budget.counted.total > 0};
}

}  // namespace

ObjectiveEditorViewModel::ObjectiveEditorViewModel(client::BackendClient& client, const Clock& clock,
                                                   const ObjectivesStore& store, QObject* parent)
    : QObject(parent), client_(client), clock_(clock), store_(store) {
    rest_.setSingleShot(true);
    rest_.setInterval(kRest);
    connect(&rest_, &QTimer::timeout, this, [this] { test(); });
}

ObjectiveEditorViewModel::~ObjectiveEditorViewModel() = default;

void ObjectiveEditorViewModel::start_new() {
    original_.reset();
    touched_.clear();
    start(new_objective_form());
}

void ObjectiveEditorViewModel::start_change(const slo::Objective& objective) {
    original_ = objective;
    start(form_of(objective));
    touched_ = {form_.keyBegin(), form_.keyEnd()};
    Q_EMIT changed();
}

void ObjectiveEditorViewModel::start(FormTexts form) {
    form_ = started_with_ = std::move(form);
    open_ = true;
    saving_ = false;
    result_.reset();
    tested_.reset();
    test_error_.clear();
    read();
    Q_EMIT loaded();
    test();
    client_.metrics().list_metrics(this, [this](const Result<std::vector<api::MetricStatus>>& told) {
        metrics_.clear();
        if (told)
            for (const api::MetricStatus& one : *told) metrics_.append(text_of(one.definition.name));
    });
}

void ObjectiveEditorViewModel::set(const QString& key, const QString& value) {
    if (!open_ || form_[key] == value) return;
    form_[key] = value;
    touched_.insert(key);
    read();
    rest_.start();
}

void ObjectiveEditorViewModel::read() {
    reading_ = read_objective_form(form_);
    refused_.reset();
    if (!original_ && store_.find(form_[u"name"_s].trimmed()) != nullptr) {
        reading_.faults[u"name"_s] = u"there is an objective of this name already"_s;
        reading_.objective.reset();
    }
    Q_EMIT changed();
    Q_EMIT tested();
}

void ObjectiveEditorViewModel::change_rules(std::vector<slo::BurnRule> rules) {
    write_rules(form_, rules);
    for (const QString& key : form_.keys())
        if (key.contains(u'.')) touched_.insert(key);
    read();
    Q_EMIT loaded();
    rest_.start();
}

void ObjectiveEditorViewModel::ownRules() {
    if (rules() > 0) return;
    FormTexts form = with_name(form_);
    const ObjectiveReading reading = read_objective_form(form);
    change_rules(slo::rules_for(reading.objective ? reading.objective->window : slo::TimeWindow{}));
}

void ObjectiveEditorViewModel::usualRules() {
    if (rules() > 0) change_rules({});
}

void ObjectiveEditorViewModel::addRule() {
    const int row = rules();
    if (row == 0) return ownRules();
    if (row >= 16) return;
    const QString at = QString::number(row) + u'.';
    form_[u"rules"_s] = QString::number(row + 1);
    form_[at + u"severity"_s] = u"ticket"_s;
    form_[at + u"long"_s] = u"1d"_s;
    form_[at + u"short"_s] = u"2h"_s;
    form_[at + u"factor"_s] = u"3"_s;
    form_[at + u"hold"_s] = u"0s"_s;
    read();
    Q_EMIT loaded();
    rest_.start();
}

void ObjectiveEditorViewModel::removeRule(int row) {
    const int all = rules();
    if (row < 0 || row >= all || all < 2) return;
    FormTexts next = form_;
    for (const QString& key : form_.keys())
        if (key.contains(u'.')) next.remove(key);
    for (int from = 0, to = 0; from < all; ++from) {
        if (from == row) continue;
        for (const QString& key : {u"severity"_s, u"long"_s, u"short"_s, u"factor"_s, u"hold"_s})
            next[QString::number(to) + u'.' + key] = form_[QString::number(from) + u'.' + key];
        ++to;
    }
    next[u"rules"_s] = QString::number(all - 1);
    form_ = next;
    read();
    Q_EMIT loaded();
    rest_.start();
}

QString ObjectiveEditorViewModel::title() const {
    return original_ ? u"Change "_s + text_of(original_->name) : u"New objective"_s;
}

QVariantMap ObjectiveEditorViewModel::faults() const {
    QVariantMap shown;
    for (auto fault = reading_.faults.begin(); fault != reading_.faults.end(); ++fault)
        if (touched_.contains(fault.key())) shown[fault.key()] = fault.value();
    if (refused_ && !refused_->first.isEmpty()) shown[refused_->first] = refused_->second;
    return shown;
}

QString ObjectiveEditorViewModel::fault() const {
    if (refused_ && refused_->first.isEmpty()) return refused_->second;
    return reading_.faults.value(QString());
}

QVariantMap ObjectiveEditorViewModel::warnings() const {
    if (!reading_.mended) return {};
    const slo::Objective& objective = *reading_.mended;
    std::optional<slo::Traffic> traffic;
    if (result_ && tested_ && objective.indicator == tested_->indicator) traffic = traffic_of(*result_, objective);
    QVariantMap all;
    for (const slo::Warning& warning : slo::find_warnings(objective, traffic)) {
        QString key = objective_key_of(warning.field, form_);
        // Rules that follow from the window can be mended by what they follow from.
        if (key == u"rules"_s && warning.field.ends_with(".factor")) key = u"target"_s;
        if (reading_.faults.contains(key)) continue;
        const QString before = all.value(key).toString();
        all[key] = before.isEmpty() ? text_of(warning.text) : QString(before + u'\n' + text_of(warning.text));
    }
    return all;
}

QVariantMap ObjectiveEditorViewModel::texts() const {
    QVariantMap all;
    for (auto text = form_.begin(); text != form_.end(); ++text) all[text.key()] = text.value();
    return all;
}

QVariantList ObjectiveEditorViewModel::kinds() const {
    QVariantList all;
    const std::pair<const char16_t*, const char16_t*> texts[] = {
        {u"availability", u"availability: answered well"}, {u"latency", u"latency: answered in time"},
        {u"errors", u"errors: few are answered 5xx"},      {u"freshness", u"freshness: what is asked is young"},
        {u"correctness", u"correctness: the ledger"},      {u"metric", u"a declared metric"}};
    for (const auto& [value, text] : texts)
        all.append(QVariantMap{{u"value"_s, QString::fromUtf16(value)}, {u"text"_s, QString::fromUtf16(text)}});
    return all;
}

QStringList ObjectiveEditorViewModel::rule_notes() const {
    QStringList notes;
    if (!reading_.mended) return notes;
    for (const slo::BurnRule& rule : slo::rules_of(*reading_.mended)) {
        const auto fastest = slo::fastest_fire(rule, reading_.mended->target);
        const QString name = (rule.severity == slo::Severity::Page ? u"Page "_s : u"Ticket "_s) +
                             span_of(rule.long_micros) + u" / "_s + span_of(rule.short_micros) + u" at "_s +
                             burn_of(rule.factor);
        notes.append(name + (fastest ? u": "_s + span_of(*fastest) + u" of everything bad"_s : u": can never fire"_s));
    }
    return notes;
}

QVariantMap ObjectiveEditorViewModel::completeRoute(const QString& text, int cursor) const {
    static const QStringList routes{u"POST /events"_s, u"/events"_s, u"POST /v1/batch"_s, u"POST /api/v1/query"_s,
                                    u"GET /api/v1/query"_s};
    return words_for(text, cursor, routes);
}

QVariantMap ObjectiveEditorViewModel::completeMetric(const QString& text, int cursor) const {
    return words_for(text, cursor, metrics_);
}

void ObjectiveEditorViewModel::set_test_range(int seconds) {
    if (seconds == test_range_ || seconds <= 0) return;
    test_range_ = seconds;
    result_.reset();
    tested_.reset();
    test();
}

bool ObjectiveEditorViewModel::test_old() const {
    const ObjectiveReading reading = read_objective_form(with_name(form_));
    return result_ && (!reading.objective || !(essence_of(*reading.objective) == *tested_));
}

void ObjectiveEditorViewModel::test() {
    if (!open_) return;
    rest_.stop();
    const ObjectiveReading reading = read_objective_form(with_name(form_));
    if (!reading.objective) return;
    const slo::Objective essence = essence_of(*reading.objective);
    if (result_ && tested_ == essence) return;
    testing_ = std::make_unique<QObject>();  // one that is under way ends
    test_progress_ = -1;
    test_error_.clear();
    const Timestamp now = clock_.now();
    client_.objectives().back_test(
        essence, {now.plus_micros(-test_range_ * kSecondMicros), now},
        [this](double share) {
            test_progress_ = share;
            Q_EMIT tested();
        },
        testing_.get(),
        [this, essence](Result<api::BackTest> told) {
            // It lives while it is called.
            if (testing_) testing_.release()->deleteLater();
            if (told) {
                result_ = std::move(told).value();
                tested_ = essence;
            } else {
                test_error_ = text_of(told.error().describe());
            }
            Q_EMIT tested();
            Q_EMIT changed();
        });
    Q_EMIT tested();
}

void ObjectiveEditorViewModel::cancelTest() {
    rest_.stop();
    testing_.reset();
    Q_EMIT tested();
}

QString ObjectiveEditorViewModel::test_title() const {
    if (!result_) return {};
    if (result_->budget.counted.total == 0) return u"Nothing to count in this time"_s;
    if (result_->fired == 0) return u"Would not have fired"_s;
    return result_->fired == 1 ? u"Would have fired once"_s
                               : QString(u"Would have fired "_s + grouped(result_->fired) + u" times"_s);
}

QString ObjectiveEditorViewModel::test_text() const {
    if (!result_) return {};
    QStringList parts;
    if (result_->first_after_micros)
        parts.append(u"first after "_s + span_of(*result_->first_after_micros) + u" of bad events"_s);
    if (result_->budget.left) parts.append(u"budget left at the end "_s + left_of(result_->budget.left));
    if (result_->budget.indicator)
        parts.append(grouped(result_->budget.counted.bad()) + u" bad of "_s +
                     whole_count(result_->budget.counted.total));
    const std::int64_t length = result_->range.to.micros - result_->range.from.micros;
    if (length < test_range_ * kSecondMicros - kMinuteMicros)
        parts.append(u"only the last "_s + duration(static_cast<double>(std::max<std::int64_t>(0, length)) / 1e6) +
                     u" are kept"_s);
    return parts.join(u"; "_s);
}

QString ObjectiveEditorViewModel::test_tone() const {
    if (!result_ || result_->budget.counted.total == 0) return u"none"_s;
    return result_->fired == 0 ? u"good"_s : u"warning"_s;
}

QVariantList ObjectiveEditorViewModel::test_changes() const {
    QVariantList all;
    if (!result_) return all;
    for (auto change = result_->changes.rbegin(); change != result_->changes.rend(); ++change) {
        if (all.size() >= static_cast<qsizetype>(kMostShown)) break;
        const StateWord state = word_of(change->to, change->rule < slo::rules_of(*tested_).size()
                                                        ? slo::rules_of(*tested_)[change->rule].severity
                                                        : slo::Severity::Page);
        all.append(QVariantMap{{u"time"_s, step_time(change->at, kSecondMicros)},
                               {u"word"_s, state.word},
                               {u"tone"_s, state.tone},
                               {u"text"_s, text_of(change->sentence)}});
    }
    return all;
}

void ObjectiveEditorViewModel::save() {
    if (!open_ || saving_) return;
    touched_ = {form_.keyBegin(), form_.keyEnd()};
    touched_ |= {u"name"_s, u"total"_s, u"good"_s};
    if (!can_save()) {
        Q_EMIT changed();
        return;
    }
    saving_ = true;
    refused_.reset();
    client_.objectives().put_objective(*reading_.objective, this, [this](const Result<api::ObjectiveStatus>& told) {
        saving_ = false;
        if (told) {
            const QString name = form_[u"name"_s].trimmed();
            close();
            Q_EMIT saved(name);
            return;
        }
        const Error& error = told.error();
        QString message = text_of(error.message);
        if (!error.hint.empty()) message += u"; "_s + text_of(error.hint);
        refused_ = std::pair(objective_key_of(error.field, form_), message);
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

void ObjectiveEditorViewModel::close() {
    open_ = false;
    cancelTest();
    Q_EMIT changed();
}

}  // namespace streamgauge::viewmodels
