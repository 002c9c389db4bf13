// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/trace_view_model.h"

#include <algorithm>

#include "api/codec.h"
#include "viewmodels/format.h"
#include "viewmodels/pretty_json.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using api::TraceVerdict;
using api::TraceWindowState;

namespace {

constexpr qsizetype kShortestId = 12;

QString text(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

QVariantMap row(const QString& label, const QString& value, bool mono = false) {
    return {{u"label"_s, label}, {u"value"_s, value}, {u"mono"_s, mono}};
}

QVariantMap section(const QString& title, const QVariantList& rows) {
    return {{u"title"_s, title}, {u"rows"_s, rows}};
}

QString or_else(const std::string& value, const QString& otherwise) {
    return value.empty() ? otherwise : text(value);
}

QString schema_text(const api::TraceEvent& event) {
    switch (event.schema) {
        case api::TraceSchema::Unchecked:
            return u"not checked: its type had no schema"_s;
        case api::TraceSchema::Kept:
            return QString(u"keeps to version "_s + QString::number(event.schema_version));
        case api::TraceSchema::Broken:
            return QString(u"breaks version "_s + QString::number(event.schema_version) + u", which only warns"_s);
    }
    return {};
}

QVariantMap event_section(const api::TraceEvent& event) {
    QVariantList rows{
        row(u"Received"_s, utc_time(event.received_at)),
        row(u"By"_s, event.source.empty() ? u"a door that is not known: it was stored by an older version"_s
                                          : QString(text(event.source) + u" ("_s + text(event.dialect) + u")"_s)),
    };
    if (!event.sender.empty()) rows.append(row(u"From"_s, text(event.sender)));
    rows.append(row(u"Project"_s, text(event.project)));
    rows.append(row(u"Number"_s, QString::number(event.id)));
    rows.append(row(u"Type"_s, text(event.event_type)));
    QString occurred = utc_time(event.occurred_at);
    if (event.time_from_door) {
        occurred += u", the time it was received"_s;
    } else if (event.future) {
        occurred += u", dated ahead"_s;
    } else if (event.late) {
        occurred += u", late"_s;
    }
    rows.append(row(u"Occurred"_s, occurred));
    rows.append(row(u"Decision"_s, QString(u"stored: "_s + text(event.rule))));
    rows.append(row(u"Schema"_s, schema_text(event)));
    if (event.bot) rows.append(row(u"Robot"_s, u"its user agent is a robot's"_s));
    rows.append(row(u"State"_s, event.committed    ? u"counted and committed"_s
                                : event.aggregated ? u"counted, not committed yet"_s
                                                   : u"not counted yet"_s));
    return section(u"The event"_s, rows);
}

QVariantMap letter_section(const api::TraceLetter& letter) {
    QVariantList rows{row(u"Received"_s, utc_time(letter.received_at)),
                      row(u"By"_s, QString(text(letter.source) + u" ("_s + text(letter.dialect) + u")"_s)),
                      row(u"Reason"_s, text(letter.reason))};
    if (!letter.field.empty()) rows.append(row(u"At"_s, text(letter.field), true));
    QString state = text(letter.state);
    if (letter.resent_as != 0) state += u" as event "_s + QString::number(letter.resent_as);
    if (letter.was_duplicate) state += u", which was there already"_s;
    rows.append(row(u"State"_s, state));
    return section(QString(u"Dead letter "_s + QString::number(letter.id)), rows);
}

QString window_text(const api::TraceWindow& window) {
    if (!window.start || !window.end) return u"of all time"_s;
    return QString(text(window.width) + u"  "_s + utc_time(*window.start).left(19) + u" – "_s +
                   utc_time(*window.end).mid(11, 8) + u" UTC"_s);
}

QString group_text(const api::TraceWindow& window) {
    QStringList parts;
    for (const api::TraceGroup& group : window.group) {
        const QString value = group.value.empty() ? u"(none)"_s : text(group.value);
        parts.append(group.field.empty() ? value : QString(text(group.field) + u" = "_s + value));
    }
    return parts.join(u", "_s);
}

std::pair<QString, QString> state_of(const api::TraceWindow& window) {
    switch (window.state) {
        case TraceWindowState::Open:
            return {u"open"_s, u"accent"_s};
        case TraceWindowState::Closed:
            return {u"closed"_s, u"good"_s};
        case TraceWindowState::Pending:
            return {u"not counted yet"_s, u"warning"_s};
        case TraceWindowState::Refused:
            return {u"too late"_s, u"bad"_s};
        case TraceWindowState::Expired:
            return {u"no longer kept"_s, u"none"_s};
    }
    return {};
}

QString note_of(const api::TraceWindow& window) {
    QStringList notes;
    if (window.effect.empty()) notes.append(u"it has no such field, so it changed nothing"_s);
    if (window.late == api::TraceAnswer::Yes && window.state != TraceWindowState::Refused) {
        notes.append(u"came after the window was closed, and corrected it"_s);
    }
    if (window.corrected > 0) notes.append(QString(grouped(window.corrected) + u" corrections"_s));
    if (!window.exact) notes.append(u"an estimate"_s);
    return notes.join(u"; "_s);
}

}  // namespace

bool looks_like_event_id(const QString& given) {
    const QString id = given.trimmed();
    if (id.size() < kShortestId || id.toUtf8().size() > 128) return false;
    bool digit = false;
    for (const QChar c : id) {
        if (c.isSpace() || u"=<>()\","_s.contains(c)) return false;
        digit = digit || c.isDigit();
    }
    return digit;
}

TraceViewModel::TraceViewModel(client::BackendClient& client, QObject* parent) : QObject(parent), client_(client) {
    connect(&client, &client::BackendClient::stateChanged, this, [this] { Q_EMIT offeredChanged(); });
}

bool TraceViewModel::offered() const {
    return client_.has_feature("trace");
}

void TraceViewModel::show() {
    open_ = true;
    Q_EMIT changed();
}

void TraceViewModel::close() {
    if (!open_) return;
    open_ = loading_ = false;
    ++question_;
    event_id_.clear();
    trace_.reset();
    error_.clear();
    Q_EMIT changed();
}

void TraceViewModel::ask(const QString& given) {
    const QString id = given.trimmed();
    open_ = true;
    event_id_ = id;
    trace_.reset();
    error_.clear();
    const std::uint64_t question = ++question_;
    loading_ = !id.isEmpty();
    Q_EMIT changed();
    if (id.isEmpty()) return;
    client_.events().trace(id.toStdString(), this, [this, question](Result<api::EventTrace> trace) {
        if (question != question_) return;
        loading_ = false;
        if (trace.ok()) {
            trace_ = std::move(trace).value();
        } else {
            error_ = QString::fromStdString(trace.error().describe());
        }
        Q_EMIT changed();
    });
}

QString TraceViewModel::phase() const {
    if (loading_) return u"loading"_s;
    if (!error_.isEmpty()) return u"error"_s;
    if (!trace_) return u"asking"_s;
    switch (trace_->verdict) {
        case TraceVerdict::Accepted:
            return u"accepted"_s;
        case TraceVerdict::Rejected:
            return u"rejected"_s;
        case TraceVerdict::Expired:
            return u"expired"_s;
        case TraceVerdict::Unknown:
            return u"unknown"_s;
    }
    return u"unknown"_s;
}

QString TraceViewModel::tone() const {
    const QString now = phase();
    if (now == "accepted"_L1) {
        const bool counted =
            std::all_of(trace_->events.begin(), trace_->events.end(), [](const auto& e) { return e.committed; });
        return counted ? u"good"_s : u"warning"_s;
    }
    if (now == "rejected"_L1 || now == "error"_L1) return u"bad"_s;
    return now == "expired"_L1 ? u"warning"_s : u"none"_s;
}

QString TraceViewModel::title() const {
    const QString now = phase();
    if (now == "loading"_L1) return u"Looking …"_s;
    if (now == "error"_L1) return u"It could not be asked"_s;
    if (now == "accepted"_L1) return u"Accepted"_s;
    if (now == "rejected"_L1) return u"Rejected"_s;
    if (now == "expired"_L1) return u"Accepted, and no longer kept"_s;
    if (now == "unknown"_L1) return u"Not found"_s;
    return u"Which event?"_s;
}

QString TraceViewModel::summary() const {
    if (!error_.isEmpty()) return error_;
    if (trace_) return text(trace_->summary);
    return loading_ ? QString() : u"Paste the id of an event: what was decided of it, and which windows it changed."_s;
}

QVariantList TraceViewModel::sections() const {
    QVariantList all;
    if (!trace_) return all;
    for (const api::TraceEvent& event : trace_->events) all.append(event_section(event));
    for (const api::TraceLetter& letter : trace_->letters) all.append(letter_section(letter));
    const api::TracePipeline& pipeline = trace_->pipeline;
    QVariantList rows{row(u"Log"_s, QString(u"ends at "_s + QString::number(pipeline.end - 1))),
                      row(u"Counted"_s, QString(u"to "_s + QString::number(pipeline.aggregated - 1))),
                      row(u"Committed"_s, QString(u"to "_s + QString::number(pipeline.committed - 1)))};
    if (pipeline.lag_events > 0) {
        rows.append(row(u"Behind"_s,
                        QString(grouped(pipeline.lag_events) + u" events, "_s + seconds(pipeline.lag_seconds).text())));
    }
    if (pipeline.watermark) rows.append(row(u"Watermark"_s, utc_time(*pipeline.watermark)));
    rows.append(row(u"Archive"_s, or_else(trace_->archive.object, text(trace_->archive.reason))));
    all.append(section(u"The pipeline"_s, rows));
    return all;
}

QVariantList TraceViewModel::windows() const {
    QVariantList all;
    if (!trace_) return all;
    for (const api::TraceEvent& event : trace_->events) {
        for (const api::TraceWindow& window : event.windows) {
            const auto [state, tone] = state_of(window);
            const QString unit = window.unit.empty() ? QString() : QString(QChar(kNarrowSpace) + text(window.unit));
            all.append(QVariantMap{{u"metric"_s, text(window.metric)},
                                   {u"aggregate"_s, text(window.aggregate)},
                                   {u"window"_s, window_text(window)},
                                   {u"group"_s, group_text(window)},
                                   {u"effect"_s, text(window.effect)},
                                   {u"value"_s, window.value.empty() ? none() : QString(text(window.value) + unit)},
                                   {u"state"_s, state},
                                   {u"tone"_s, tone},
                                   {u"note"_s, note_of(window)}});
        }
    }
    return all;
}

QString TraceViewModel::windows_note() const {
    if (!trace_ || trace_->events.empty()) return {};
    std::uint64_t shown = 0, left_out = 0;
    for (const api::TraceEvent& event : trace_->events) {
        shown += event.windows.size();
        left_out += event.windows_left_out;
    }
    if (shown == 0) return u"no metric takes it"_s;
    return left_out == 0 ? grouped(shown) : QString(grouped(shown) + u" of "_s + grouped(shown + left_out));
}

QStringList TraceViewModel::looked_at() const {
    QStringList all;
    if (trace_) {
        for (const std::string& one : trace_->looked_at) all.append(text(one));
    }
    return all;
}

QStringList TraceViewModel::hints() const {
    QStringList all;
    if (trace_) {
        for (const std::string& one : trace_->hints) all.append(text(one));
    }
    return all;
}

QString TraceViewModel::json() const {
    return trace_ ? QString::fromStdString(indent_json(api::encode(*trace_))) : QString();
}

}  // namespace streamgauge::viewmodels
