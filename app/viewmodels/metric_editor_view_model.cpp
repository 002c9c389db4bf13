// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metric_editor_view_model.h"

#include <algorithm>
#include <utility>

#include "base/time_text.h"
#include "metrics/definition_text.h"
#include "viewmodels/filter_completion.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr std::chrono::milliseconds kRest{400};
constexpr std::size_t kRows = 5'000;

// Long enough to see something of such windows, short enough to be read at once.
std::int64_t preview_range(std::int64_t window) {
    if (window == 0) return kDayMicros;
    if (window <= kMinuteMicros) return kHourMicros;
    if (window <= 10 * kMinuteMicros) return 6 * kHourMicros;
    return window <= kHourMicros ? kDayMicros : 7 * std::max(window, kDayMicros);
}

// What the preview depends on.
std::string essence_of(const MetricDefinition& definition) {
    std::string text = definition.where.text() + '\n' + aggregate_text(definition) + '\n' + definition.timezone + '\n' +
                       std::to_string(definition.tiers.front().window_micros) +
                       (definition.time == TimeBasis::Activity ? "a" : "o");
    for (const FieldPath& field : definition.group_by) text += '\n' + to_text(field);
    return text;
}

QVariantMap map_of(const Completions& completions) {
    return {{u"from"_s, completions.from}, {u"words"_s, completions.words}};
}

}  // namespace

MetricEditorViewModel::MetricEditorViewModel(client::BackendClient& client, const Clock& clock,
                                             const MetricListModel& metrics, QObject* parent)
    : QObject(parent), client_(client), clock_(clock), metrics_(metrics), preview_(client) {
    rest_.setSingleShot(true);
    rest_.setInterval(kRest);
    connect(&rest_, &QTimer::timeout, this, [this] { rested(); });
    connect(&preview_, &PointsViewModel::wanted, this, [this] { send_preview(); });
    connect(&preview_, &PointsViewModel::changed, this, [this] { Q_EMIT changed(); });
}

void MetricEditorViewModel::start_new() {
    original_.reset();
    touched_.clear();
    start(new_form());
}

void MetricEditorViewModel::start_change(const MetricDefinition& definition) {
    original_ = definition;
    touched_ = {form_keys().begin(), form_keys().end()};
    start(form_of(definition));
}

void MetricEditorViewModel::start(FormTexts form) {
    form_ = started_with_ = std::move(form);
    open_ = true;
    saving_ = false;
    previewed_.reset();
    preview_.clear();
    read();
    Q_EMIT loaded();
    rested();
}

void MetricEditorViewModel::set(const QString& key, const QString& value) {
    if (!open_ || form_[key] == value) return;
    form_[key] = value;
    touched_.insert(key);
    read();
    rest_.start();
}

void MetricEditorViewModel::read() {
    reading_ = read_form(form_);
    refused_.reset();
    ++check_;
    if (!original_ && reading_.definition && metrics_.row_of(form_[u"name"_s].trimmed()) >= 0) {
        reading_.faults[u"name"_s] = u"there is a metric of this name already"_s;
        reading_.definition.reset();
    }
    Q_EMIT changed();
}

void MetricEditorViewModel::rested() {
    if (!open_) return;
    check();
    ask_preview();
}

void MetricEditorViewModel::check() {
    if (!reading_.definition || !dirty()) return;
    client_.metrics().try_metric(*reading_.definition, this, [this, check = ++check_](const Result<bool>& told) {
        if (check != check_ || told.ok()) return;
        refused_ = fault_of(told.error(), form_);
        Q_EMIT changed();
    });
}

// A name is not needed for it.
void MetricEditorViewModel::ask_preview() {
    if (!open_) return;
    FormTexts form = form_;
    form[u"name"_s] = u"preview"_s;
    const FormReading reading = read_form(form);
    if (!reading.definition) return;
    if (previewed_ && essence_of(*reading.definition) == essence_of(*previewed_)) return;
    previewed_ = reading.definition;
    send_preview();
}

void MetricEditorViewModel::send_preview() {
    if (!open_ || !previewed_) return;
    const MetricDefinition& definition = *previewed_;
    query::PointsQuery query;
    query.raw = query::RawAggregate{definition.aggregate, definition.of,    definition.percentile,
                                    definition.plus,      definition.minus, definition.time};
    query.filter = definition.where;
    query.group_by = definition.group_by;
    query.step_micros = definition.tiers.front().window_micros;
    if (query.step_micros >= kDayMicros) query.timezone = definition.timezone;
    const Timestamp now = clock_.now();
    query.range = {now.plus_micros(-preview_range(query.step_micros)), now};
    query.limit = kRows;
    preview_.clear();
    preview_.ask(std::move(query), definition.aggregate, u"preview"_s);
}

QString MetricEditorViewModel::title() const {
    return original_ ? u"Change "_s + QString::fromStdString(original_->name) : u"New metric"_s;
}

QVariantMap MetricEditorViewModel::faults() const {
    QVariantMap shown;
    for (auto fault = reading_.faults.begin(); fault != reading_.faults.end(); ++fault)
        if (touched_.contains(fault.key())) shown[fault.key()] = fault.value();
    if (refused_ && !refused_->key.isEmpty()) shown[refused_->key] = refused_->text;
    return shown;
}

QString MetricEditorViewModel::fault() const {
    if (refused_ && refused_->key.isEmpty()) return refused_->text;
    return reading_.faults.value(QString());
}

QVariantList MetricEditorViewModel::kinds() const {
    QVariantList all;
    const std::pair<const char16_t*, const char16_t*> texts[] = {{u"count", u"count of events"},
                                                                 {u"sum", u"sum"},
                                                                 {u"min", u"least"},
                                                                 {u"max", u"greatest"},
                                                                 {u"avg", u"average"},
                                                                 {u"last", u"last value"},
                                                                 {u"distinct", u"different values"},
                                                                 {u"topk", u"most frequent values"},
                                                                 {u"p", u"percentile"},
                                                                 {u"gauge", u"level: joins less leaves"}};
    for (const auto& [value, text] : texts)
        all.append(QVariantMap{{u"value"_s, QString::fromUtf16(value)}, {u"text"_s, QString::fromUtf16(text)}});
    return all;
}

QString MetricEditorViewModel::usual() const {
    FormTexts form = form_;
    form[u"wider"_s].clear();
    form[u"name"_s] = u"usual"_s;
    const FormReading reading = read_form(form);
    if (!reading.definition || reading.definition->tiers.size() < 2) return u"none"_s;
    QStringList wider;
    for (std::size_t i = 1; i < reading.definition->tiers.size(); ++i) {
        const Tier& tier = reading.definition->tiers[i];
        wider.append(
            QString::fromStdString(window_text(tier.window_micros) + " " + retention_text(tier.retention_micros)));
    }
    return wider.join(u", "_s);
}

QString MetricEditorViewModel::consequence() const {
    if (!reading_.definition) return {};
    if (original_ && !dirty()) return u"Nothing is changed yet."_s;
    if (!original_) return u"It counts from now on, and is filled from the journal as far back as that reaches."_s;
    if (same_results(*original_, *reading_.definition)) return u"Only words change: it goes on as it is."_s;
    return u"It is filled from the journal anew. Until then it answers as before."_s;
}

QString MetricEditorViewModel::preview_note() const {
    FormTexts form = form_;
    form[u"name"_s] = u"preview"_s;
    const FormReading reading = read_form(form);
    if (!reading.definition)
        return preview_.phase() == u"data" ? u"of the last definition without a fault"_s : QString();
    const std::int64_t window = reading.definition->tiers.front().window_micros;
    return u"stored events of the last "_s + QString::fromStdString(format_span(preview_range(window)));
}

QVariantMap MetricEditorViewModel::complete(const QString& text, int cursor, const QStringList& event_types) const {
    return map_of(complete_filter(text, cursor, event_types));
}

QVariantMap MetricEditorViewModel::completeNames(const QString& text, int cursor) const {
    return map_of(complete_fields(text, cursor));
}

void MetricEditorViewModel::save() {
    if (!open_ || saving_) return;
    touched_ = {form_keys().begin(), form_keys().end()};
    rest_.stop();
    if (!can_save()) {
        Q_EMIT changed();
        return;
    }
    saving_ = true;
    refused_.reset();
    ++check_;
    client_.metrics().put_metric(*reading_.definition, this, [this](const Result<api::MetricStatus>& told) {
        saving_ = false;
        if (told.ok()) {
            const QString name = form_[u"name"_s].trimmed();
            close();
            Q_EMIT saved(name);
            return;
        }
        refused_ = fault_of(told.error(), form_);
        Q_EMIT changed();
    });
    Q_EMIT changed();
}

void MetricEditorViewModel::close() {
    open_ = false;
    rest_.stop();
    ++check_;
    preview_.clear();
    Q_EMIT changed();
}

}  // namespace streamgauge::viewmodels
