// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metric_form.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

#include "api/metric_codec.h"
#include "base/time_text.h"
#include "metrics/definition_text.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

QString text_of(const std::string& text) {
    return QString::fromStdString(text);
}

// "a, b" as its parts, without empty ones.
QStringList parts_of(const QString& text) {
    QStringList parts;
    for (const QString& part : text.split(u','))
        if (!part.trimmed().isEmpty()) parts.append(part.trimmed());
    return parts;
}

QString aggregate_of(const FormTexts& form) {
    const QString kind = form[u"kind"_s];
    if (kind == u"gauge"_s) return u"gauge("_s + form[u"plus"_s] + u"; "_s + form[u"minus"_s] + u')';
    if (!takes_field(kind)) return kind;
    return kind + (kind == u"p"_s ? form[u"percentile"_s].trimmed() : QString()) + u'(' + form[u"field"_s] + u')';
}

// "14d" of "1h 14d", after the window.
QJsonObject tier_of(const QString& text) {
    const QStringList words = text.simplified().split(u' ');
    QJsonObject tier{{u"window"_s, words.value(0)}};
    if (words.size() > 1) tier[u"retention"_s] = words.mid(1).join(u' ');
    return tier;
}

QJsonObject json_of(const FormTexts& form) {
    QJsonObject object;
    const auto put = [&](const QString& key, const QString& member) {
        if (const QString text = form[key].trimmed(); !text.isEmpty()) object[member] = text;
    };
    object[u"name"_s] = form[u"name"_s].trimmed();
    for (const QString& same :
         {u"description"_s, u"unit"_s, u"where"_s, u"window"_s, u"retention"_s, u"timezone"_s, u"time"_s})
        put(same, same);
    put(u"lateness"_s, u"allowed_lateness"_s);
    object[u"aggregate"_s] = aggregate_of(form);
    if (const QStringList groups = parts_of(form[u"groupBy"_s]); !groups.isEmpty())
        object[u"group_by"_s] = QJsonArray::fromStringList(groups);
    const QStringList wider = parts_of(form[u"wider"_s]);
    if (wider == QStringList{u"none"_s} || !wider.isEmpty()) {
        QJsonArray tiers{tier_of(form[u"window"_s] + u' ' + form[u"retention"_s])};
        if (wider != QStringList{u"none"_s})
            for (const QString& tier : wider) tiers.append(tier_of(tier));
        object[u"tiers"_s] = tiers;
    }
    if (const QString budget = form[u"budget"_s].simplified().remove(u' ');
        keeps_values(form[u"kind"_s]) && !budget.isEmpty()) {
        bool whole = false;
        const qlonglong values = budget.toLongLong(&whole);
        object[u"exact_budget"_s] = whole ? QJsonValue(values) : QJsonValue(budget);
    }
    return object;
}

// What cannot be wrong in place of what was, so that the next fault is found.
void heal(QJsonObject& object, const std::string& field) {
    const QString member = text_of(field.substr(0, field.find_first_of(".[")));
    if (member == u"name"_s) {
        object[member] = u"a"_s;
    } else if (member == u"aggregate"_s) {
        object[member] = u"count"_s;
        object.remove(u"exact_budget"_s);
    } else if (member == u"window"_s || member == u"tiers"_s || member == u"retention"_s) {
        object.remove(u"tiers"_s);
        object.remove(u"retention"_s);
        if (member != u"retention"_s) object[u"window"_s] = u"1m"_s;
    } else {
        object.remove(member);
    }
}

QString with_place(const QString& message, const QString& text, std::optional<qsizetype> byte) {
    if (!byte || *byte <= 0) return message;
    const QString before = QString::fromUtf8(text.toUtf8().left(*byte));
    return before.trimmed().isEmpty() ? message : QString(message + u", after \""_s + before.right(16) + u'"');
}

// A fault of the aggregate, at this byte of its text.
FormFault aggregate_fault(const QString& message, std::optional<qsizetype> byte, const FormTexts& form) {
    const QString kind = form[u"kind"_s];
    if (kind == u"gauge"_s) {
        const qsizetype plus = 6, minus = plus + form[u"plus"_s].toUtf8().size() + 2;  // "gauge(" and "; "
        const qsizetype at = byte.value_or(plus);
        if (at >= minus) return {u"minus"_s, with_place(message, form[u"minus"_s], at - minus)};
        return {u"plus"_s, with_place(message, form[u"plus"_s], std::max<qsizetype>(0, at - plus))};
    }
    if (!takes_field(kind)) return {u"kind"_s, message};
    const qsizetype field = aggregate_of(form).toUtf8().size() - form[u"field"_s].toUtf8().size() - 1;
    if (kind == u"p"_s && byte && *byte < field) return {u"percentile"_s, u"a percentage between 0 and 100"_s};
    if (byte) *byte -= field;
    return {u"field"_s, with_place(message, form[u"field"_s], byte)};
}

}  // namespace

bool takes_field(const QString& kind) {
    return kind != u"count"_s && kind != u"gauge"_s;
}

bool keeps_values(const QString& kind) {
    return kind == u"distinct"_s || kind == u"topk"_s || kind == u"p"_s;
}

const QStringList& form_keys() {
    static const QStringList all{u"name"_s,  u"description"_s, u"unit"_s, u"where"_s,    u"window"_s,  u"retention"_s,
                                 u"wider"_s, u"timezone"_s,    u"time"_s, u"lateness"_s, u"groupBy"_s, u"kind"_s,
                                 u"field"_s, u"percentile"_s,  u"plus"_s, u"minus"_s,    u"budget"_s};
    return all;
}

FormTexts new_form() {
    return {{u"window"_s, u"1m"_s}, {u"kind"_s, u"count"_s}, {u"time"_s, u"occurred"_s}, {u"percentile"_s, u"95"_s}};
}

FormTexts form_of(const MetricDefinition& definition) {
    FormTexts form = new_form();
    form[u"name"_s] = text_of(definition.name);
    form[u"description"_s] = text_of(definition.description);
    form[u"unit"_s] = text_of(definition.unit);
    form[u"where"_s] = text_of(definition.where.text());
    form[u"timezone"_s] = text_of(definition.timezone);
    form[u"time"_s] = definition.time == TimeBasis::Activity ? u"activity"_s : u"occurred"_s;
    if (definition.allowed_lateness_micros != MetricDefinition().allowed_lateness_micros)
        form[u"lateness"_s] = definition.allowed_lateness_micros == 0
                                  ? u"0s"_s
                                  : text_of(format_span(definition.allowed_lateness_micros));
    QStringList groups;
    for (const FieldPath& field : definition.group_by) groups.append(text_of(to_text(field)));
    form[u"groupBy"_s] = groups.join(u", "_s);

    const QString aggregate = text_of(aggregate_text(definition));
    const QString inner = aggregate.mid(aggregate.indexOf(u'(') + 1).chopped(aggregate.endsWith(u')') ? 1 : 0);
    switch (definition.aggregate) {
        case Aggregate::Count:
            break;
        case Aggregate::Gauge:
            form[u"kind"_s] = u"gauge"_s;
            form[u"plus"_s] = text_of(definition.plus.text());
            form[u"minus"_s] = text_of(definition.minus.text());
            break;
        case Aggregate::Percentile:
            form[u"kind"_s] = u"p"_s;
            form[u"percentile"_s] = aggregate.mid(1, aggregate.indexOf(u'(') - 1);
            form[u"field"_s] = inner;
            break;
        default:
            form[u"kind"_s] = aggregate.left(aggregate.indexOf(u'('));
            form[u"field"_s] = inner;
            break;
    }
    if (is_set(definition.aggregate) && definition.exact_budget != kDefaultExactBudget)
        form[u"budget"_s] = QString::number(definition.exact_budget);
    if (definition.tiers.empty()) return form;

    const Tier& first = definition.tiers.front();
    const bool only_one = !definition.timezone.empty() || definition.aggregate == Aggregate::Gauge;
    form[u"window"_s] = text_of(window_text(first.window_micros));
    if (first.retention_micros != usual_tiers(first.window_micros, {}, true).front().retention_micros)
        form[u"retention"_s] = text_of(retention_text(first.retention_micros));
    if (definition.tiers == usual_tiers(first.window_micros, first.retention_micros, only_one)) return form;
    QStringList wider;
    for (std::size_t i = 1; i < definition.tiers.size(); ++i)
        wider.append(text_of(window_text(definition.tiers[i].window_micros) + " " +
                             retention_text(definition.tiers[i].retention_micros)));
    form[u"wider"_s] = wider.isEmpty() ? u"none"_s : wider.join(u", "_s);
    return form;
}

FormFault fault_of(const Error& error, const FormTexts& form) {
    QString message = text_of(error.message);
    if (!error.hint.empty()) message += u"; "_s + text_of(error.hint);
    const QString field = text_of(error.field);
    const std::optional<qsizetype> byte =
        error.offset ? std::optional(static_cast<qsizetype>(*error.offset)) : std::nullopt;
    if (field.startsWith("aggregate"_L1)) return aggregate_fault(message, byte, form);
    if (field.startsWith("group_by"_L1)) return {u"groupBy"_s, message};
    if (field == "tiers[0].window"_L1) return {u"window"_s, message};
    if (field == "tiers[0].retention"_L1) return {u"retention"_s, message};
    if (field.startsWith("tiers"_L1)) return {u"wider"_s, message};
    if (field == "allowed_lateness"_L1) return {u"lateness"_s, message};
    if (field == "exact_budget"_L1) return {u"budget"_s, message};
    if (field == "where"_L1) return {field, with_place(message, form[field].trimmed(), byte)};
    if (form_keys().contains(field)) return {field, message};
    return {{}, field.isEmpty() ? message : QString(field + u": "_s + message)};
}

FormReading read_form(const FormTexts& form) {
    FormReading reading;
    QJsonObject object = json_of(form);
    for (qsizetype attempt = 0; attempt <= form_keys().size(); ++attempt) {
        const QByteArray text = QJsonDocument(object).toJson(QJsonDocument::Compact);
        auto read = api::read_definition(std::string_view(text.constData(), static_cast<std::size_t>(text.size())));
        if (read.ok()) {
            if (reading.faults.isEmpty()) reading.definition = std::move(read).value();
            break;
        }
        const FormFault fault = fault_of(read.error(), form);
        if (reading.faults.contains(fault.key)) break;
        reading.faults[fault.key] = fault.text;
        const QJsonObject before = object;
        heal(object, read.error().field);
        if (object == before) break;
    }
    return reading;
}

}  // namespace streamgauge::viewmodels
