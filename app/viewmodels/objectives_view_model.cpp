// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objectives_view_model.h"

#include <algorithm>
#include <utility>

#include "metrics/window.h"
#include "slo/burn_rate.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using client::ConnectionState;

namespace {

constexpr std::int64_t kSoonestNanos = 2'000'000'000, kLatestNanos = 60'000'000'000;
constexpr std::int64_t kCostFactor = 4;  // so many times as long as the last question took
constexpr double kMicros = 1e6;

}  // namespace

ObjectivesViewModel::ObjectivesViewModel(client::BackendClient& client, const Clock& clock, ObjectivesStore& store,
                                         QObject* parent)
    : QObject(parent), client_(client), clock_(clock), store_(store), editor_(client, clock, store), exchange_(client) {
    connect(&store, &ObjectivesStore::changed, this, [this] { follow(); });
    connect(&store, &ObjectivesStore::alertsChanged, this, [this] { next_question_ = 0; });
    connect(&editor_, &ObjectiveEditorViewModel::saved, this, [this](const QString& name) {
        wanted_ = name;  // as soon as the list has it
        next_question_ = 0;
        store_.refresh();
    });
    connect(&exchange_, &ObjectiveExchangeViewModel::imported, this, [this] { store_.refresh(); });
}

QString ObjectivesViewModel::phase() const {
    if (store_.known()) return store_.all().empty() ? u"empty"_s : u"data"_s;
    const ConnectionState state = client_.state();
    if (state == ConnectionState::Failed || state == ConnectionState::Degraded) return u"error"_s;
    if (client_.hello() && !offered()) return u"none"_s;
    return store_.error_text().isEmpty() ? u"loading"_s : u"error"_s;
}

void ObjectivesViewModel::set_active(bool active) {
    if (active == active_) return;
    active_ = active;
    store_.set_watched(active_ && !paused_);
    if (active_) follow();
}

void ObjectivesViewModel::set_paused(bool paused) {
    if (paused == paused_) return;
    paused_ = paused;
    store_.set_watched(active_ && !paused_);
    if (!paused_) follow();
}

void ObjectivesViewModel::refresh() {
    store_.refresh();
    next_question_ = 0;
    ask_history();
}

void ObjectivesViewModel::follow() {
    if (!paused_) show();
    if (active_ && !paused_ && !asking_ && clock_.monotonic_nanos() >= next_question_) ask_history();
    Q_EMIT changed();
}

void ObjectivesViewModel::show() {
    objectives_.update(store_.all(), filter_);
    if (!wanted_.isEmpty() && store_.find(wanted_)) select(std::exchange(wanted_, QString()));
    if (store_.known() && !store_.find(selected_)) {
        const api::ObjectiveStatus* first = objectives_.at(0);
        if (!first && !store_.all().empty()) first = &store_.all().front();
        select(first ? text_of(first->objective.name) : QString());
    }
    if (const api::ObjectiveStatus* status = store_.find(selected_)) detail_.show(*status);
}

void ObjectivesViewModel::set_filter(const QString& filter) {
    if (filter == filter_) return;
    filter_ = filter;
    objectives_.update(store_.all(), filter_);
    // What is looked at is one of those that are listed, while any are.
    if (const api::ObjectiveStatus* first = objectives_.at(0); first && objectives_.row_of(selected_) < 0)
        select(text_of(first->objective.name));
    Q_EMIT changed();
}

void ObjectivesViewModel::select(const QString& name) {
    if (name == selected_) return;
    selected_ = name;
    notice_.clear();
    removing_.clear();
    history_error_.clear();
    detail_.clear_history();
    if (const api::ObjectiveStatus* status = store_.find(selected_)) detail_.show(*status);
    ask_history();
    Q_EMIT changed();
}

void ObjectivesViewModel::set_range(int seconds) {
    if (seconds == range_ || seconds < 0) return;
    range_ = seconds;
    detail_.budget()->unzoom();
    ask_history();
    Q_EMIT changed();
}

std::int64_t ObjectivesViewModel::range_micros() const {
    if (range_ > 0) return range_ * kSecondMicros;
    const api::ObjectiveStatus* status = store_.find(selected_);
    if (!status) return kDayMicros;
    const Timestamp now = clock_.now();
    const slo::TimeWindow& window = status->objective.window;
    return window.rolling ? window.micros
                          : std::max(kHourMicros, now.micros - slo::bounds_of(window, now).start.micros);
}

void ObjectivesViewModel::ask_history() {
    if (!active_ || !offered() || !store_.find(selected_)) return;
    const Timestamp now = clock_.now();
    const std::int64_t length = range_micros();
    const query::TimeRange range{now.plus_micros(-length), now};
    asking_ = true;
    asked_at_ = clock_.monotonic_nanos();
    next_question_ = asked_at_ + std::clamp(length, kSoonestNanos, kLatestNanos);
    client_.objectives().objective_history(selected_.toStdString(), range, this,
                                           [this, range, question = ++question_](Result<api::ObjectiveHistory> told) {
                                               if (question != question_) return;
                                               asking_ = false;
                                               const std::int64_t answered = clock_.monotonic_nanos();
                                               next_question_ = std::max(
                                                   next_question_, answered + kCostFactor * (answered - asked_at_));
                                               history_error_ = told ? QString() : text_of(told.error().describe());
                                               if (told)
                                                   detail_.show(*told, static_cast<double>(range.from.micros) / kMicros,
                                                                static_cast<double>(range.to.micros) / kMicros);
                                               Q_EMIT changed();
                                           });
}

void ObjectivesViewModel::define() {
    if (offered()) editor_.start_new();
}

void ObjectivesViewModel::change() {
    if (can_change()) editor_.start_change(store_.find(selected_)->objective);
}

void ObjectivesViewModel::askRemove() {
    if (!can_change()) return;
    removing_ = selected_;
    Q_EMIT changed();
}

void ObjectivesViewModel::keep() {
    removing_.clear();
    Q_EMIT changed();
}

void ObjectivesViewModel::remove() {
    if (removing_.isEmpty()) return;
    const std::string name = std::exchange(removing_, QString()).toStdString();
    client_.objectives().remove_objective(name, this, [this](const Result<bool>& done) {
        notice_ = done ? QString() : text_of(done.error().describe());
        store_.refresh();
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

}  // namespace streamgauge::viewmodels
