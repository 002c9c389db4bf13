// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objective_form.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>

#include <array>

#include "api/objective_codec.h"
#include "base/time_text.h"
#include "metrics/window.h"
#include "slo/burn_rate.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using Kind = slo::Indicator::Kind;

namespace {

constexpr std::array<const char16_t*, 6> kKinds{u"availability", u"latency",     u"errors",
                                                u"freshness",    u"correctness", u"metric"};
constexpr std::array<const char16_t*, 5> kPeriods{u"day", u"week", u"month", u"quarter", u"year"};
constexpr const char16_t* kRuleKeys[] = {u"severity", u"long", u"short", u"factor", u"hold"};
constexpr int kMostAttempts = 40;

QString digits(double value) {
    return QString::number(value, 'g', 12);
}

QString length_text(std::int64_t micros) {
    if (micros == 0) return u"0s"_s;
    if (micros % kSecondMicros == 0) return text_of(format_span(micros));
    return digits(static_cast<double>(micros) / 1e6);  // seconds
}

// A number where it is one; otherwise the text, which the reader refuses by name.
QJsonValue number_of(const QString& text, double scale = 1) {
    bool good = false;
    const QString plain = text.simplified().remove(u' ').remove(QChar(0x202f));
    const double value = plain.toDouble(&good);
    if (!good) return text;
    return scale == 1 ? value : digits(value * scale).toDouble();
}

QJsonValue length_of(const QString& text) {
    bool good = false;
    const double seconds = text.trimmed().toDouble(&good);
    return good ? QJsonValue(seconds) : QJsonValue(text.simplified().remove(u' '));
}

QString rule_key(int rule, const char16_t* key) {
    return QString::number(rule) + u'.' + QString::fromUtf16(key);
}

bool is_requests(const QString& kind) {
    return kind == u"availability"_s || kind == u"latency"_s || kind == u"errors"_s;
}

QJsonObject indicator_of(const FormTexts& form) {
    const QString kind = form[u"kind"_s];
    QJsonObject out{{u"kind"_s, kind}};
    if (is_requests(kind) && !form[u"route"_s].trimmed().isEmpty()) out[u"route"_s] = form[u"route"_s].simplified();
    if (kind == u"latency"_s || kind == u"freshness"_s) out[u"threshold_ms"_s] = number_of(form[u"threshold"_s]);
    if ((kind == u"availability"_s || kind == u"errors"_s) && form[u"limited"_s] == u"yes"_s)
        out[u"limited_is_bad"_s] = true;
    if (kind != u"metric"_s) return out;
    out[u"total"_s] = form[u"total"_s].trimmed();
    if (form[u"compare"_s] == u"counts"_s) {
        out[u"good"_s] = form[u"good"_s].trimmed();
    } else {
        out[u"compare"_s] = form[u"compare"_s];
        out[u"bound"_s] = number_of(form[u"bound"_s]);
    }
    return out;
}

QJsonArray rules_of(const FormTexts& form) {
    QJsonArray rules;
    for (int i = 0; i < rules_in(form); ++i) {
        QJsonObject rule{{u"severity"_s, form[rule_key(i, u"severity")]},
                         {u"long"_s, length_of(form[rule_key(i, u"long")])},
                         {u"factor"_s, number_of(form[rule_key(i, u"factor")])}};
        if (!form[rule_key(i, u"short")].trimmed().isEmpty()) rule[u"short"_s] = length_of(form[rule_key(i, u"short")]);
        if (!form[rule_key(i, u"hold")].trimmed().isEmpty()) rule[u"hold"_s] = length_of(form[rule_key(i, u"hold")]);
        rules.append(rule);
    }
    return rules;
}

QJsonObject json_of(const FormTexts& form) {
    QJsonObject out;
    for (const QString& same : {u"name"_s, u"title"_s, u"description"_s, u"service"_s})
        if (const QString text = form[same].trimmed(); !text.isEmpty()) out[same] = text;
    if (!out.contains(u"name"_s)) out[u"name"_s] = QString();
    if (form[u"kind"_s] == u"metric"_s && !form[u"project"_s].trimmed().isEmpty())
        out[u"project"_s] = form[u"project"_s].trimmed();
    out[u"indicator"_s] = indicator_of(form);
    out[u"target"_s] = number_of(form[u"target"_s], 0.01);
    if (form[u"window"_s] == u"rolling"_s) {
        out[u"window"_s] = QJsonObject{{u"rolling"_s, length_of(form[u"rolling"_s])}};
    } else {
        const QString zone = form[u"timezone"_s].trimmed();
        out[u"window"_s] =
            QJsonObject{{u"calendar"_s, form[u"window"_s]}, {u"timezone"_s, zone.isEmpty() ? u"UTC"_s : zone}};
    }
    if (rules_in(form) > 0) out[u"rules"_s] = rules_of(form);
    if (const QString least = form[u"leastBad"_s].trimmed(); !least.isEmpty()) out[u"least_bad"_s] = number_of(least);
    if (const QString cool = form[u"coolDown"_s].trimmed(); !cool.isEmpty()) out[u"cool_down"_s] = length_of(cool);
    out[u"alert_when_no_data"_s] = form[u"noData"_s] == u"yes"_s;
    QJsonArray names;
    for (const QString& name : form[u"notify"_s].split(u','))
        if (!name.trimmed().isEmpty()) names.append(name.trimmed());
    if (!names.isEmpty()) out[u"notify"_s] = names;
    return out;
}

// What cannot be wrong in place of what was, so that the next fault is found.
void heal(QJsonObject& object, const QString& field) {
    static const QRegularExpression rule(u"^rules\\[(\\d+)\\]\\.(\\w+)$"_s);
    if (field.startsWith("indicator."_L1)) {
        QJsonObject indicator = object[u"indicator"_s].toObject();
        const QString member = field.mid(10);
        indicator.remove(member);
        if (member == "kind"_L1) indicator = {{u"kind"_s, u"availability"_s}};
        if (member == "total"_L1) indicator[member] = u"a"_s;
        object[u"indicator"_s] = indicator;
    } else if (const auto match = rule.match(field); match.hasMatch()) {
        QJsonArray rules = object[u"rules"_s].toArray();
        const qsizetype at = match.captured(1).toInt();
        if (at >= rules.size()) return;
        rules[at] =
            QJsonObject{{u"severity"_s, u"page"_s}, {u"long"_s, u"1h"_s}, {u"short"_s, u"5m"_s}, {u"factor"_s, 1}};
        object[u"rules"_s] = rules;
    } else if (field == "name"_L1) {
        object[field] = u"a"_s;
    } else if (field == "target"_L1) {
        object[field] = 0.5;
    } else {
        object.remove(field.left(field.indexOf(u'.') < 0 ? field.size() : field.indexOf(u'.')));
    }
}

}  // namespace

int rules_in(const FormTexts& form) {
    return form[u"rules"_s].toInt();
}

void write_rules(FormTexts& form, const std::vector<slo::BurnRule>& rules) {
    for (const QString& key : form.keys())
        if (key.contains(u'.')) form.remove(key);
    form[u"rules"_s] = rules.empty() ? u"usual"_s : QString::number(rules.size());
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const slo::BurnRule& rule = rules[i];
        const int at = static_cast<int>(i);
        form[rule_key(at, u"severity")] = rule.severity == slo::Severity::Page ? u"page"_s : u"ticket"_s;
        form[rule_key(at, u"long")] = length_text(rule.long_micros);
        form[rule_key(at, u"short")] = length_text(rule.short_micros);
        form[rule_key(at, u"factor")] = digits(rule.factor);
        form[rule_key(at, u"hold")] = length_text(rule.hold_micros);
    }
}

FormTexts new_objective_form() {
    return {{u"kind"_s, u"availability"_s}, {u"threshold"_s, u"300"_s}, {u"limited"_s, u"no"_s},
            {u"compare"_s, u"counts"_s},    {u"bound"_s, u"0"_s},       {u"target"_s, u"99"_s},
            {u"window"_s, u"rolling"_s},    {u"rolling"_s, u"30d"_s},   {u"rules"_s, u"usual"_s},
            {u"leastBad"_s, u"10"_s},       {u"coolDown"_s, u"5m"_s},   {u"noData"_s, u"no"_s}};
}

FormTexts form_of(const slo::Objective& objective) {
    FormTexts form = new_objective_form();
    form[u"name"_s] = text_of(objective.name);
    form[u"title"_s] = text_of(objective.title);
    form[u"description"_s] = text_of(objective.description);
    form[u"service"_s] = text_of(objective.service);
    form[u"project"_s] = text_of(objective.project);
    const slo::Indicator& indicator = objective.indicator;
    form[u"kind"_s] = QString::fromUtf16(kKinds[static_cast<std::size_t>(indicator.kind)]);
    form[u"route"_s] = text_of(indicator.route);
    form[u"threshold"_s] = digits(indicator.threshold_ms);
    form[u"limited"_s] = indicator.limited_is_bad ? u"yes"_s : u"no"_s;
    form[u"good"_s] = text_of(indicator.good);
    form[u"total"_s] = text_of(indicator.total);
    form[u"bound"_s] = digits(indicator.bound);
    if (indicator.kind == Kind::Metric && indicator.good.empty())
        form[u"compare"_s] = indicator.good_is_below ? u"below"_s : u"above"_s;
    form[u"target"_s] = digits(objective.target * 100);
    if (objective.window.rolling) {
        form[u"rolling"_s] = length_text(objective.window.micros);
    } else {
        form[u"window"_s] = QString::fromUtf16(kPeriods[static_cast<std::size_t>(objective.window.calendar)]);
        form[u"timezone"_s] = text_of(objective.window.timezone);
    }
    // Those that follow from the window go on following it.
    if (objective.rules != slo::rules_for(objective.window)) write_rules(form, objective.rules);
    form[u"leastBad"_s] = QString::number(static_cast<qulonglong>(objective.least_bad));
    form[u"coolDown"_s] = length_text(objective.cool_down_micros);
    form[u"noData"_s] = objective.alert_when_no_data ? u"yes"_s : u"no"_s;
    QStringList names;
    for (const std::string& name : objective.notify) names.append(text_of(name));
    form[u"notify"_s] = names.join(u", "_s);
    return form;
}

QString objective_key_of(const std::string& name, const FormTexts& form) {
    static const QRegularExpression rule(u"^rules\\[(\\d+)\\]\\.(\\w+)$"_s);
    static const QMap<QString, QString> others{{u"indicator.threshold_ms"_s, u"threshold"_s},
                                               {u"indicator.limited_is_bad"_s, u"limited"_s},
                                               {u"indicator"_s, u"kind"_s},
                                               {u"window.calendar"_s, u"window"_s},
                                               {u"least_bad"_s, u"leastBad"_s},
                                               {u"cool_down"_s, u"coolDown"_s},
                                               {u"alert_when_no_data"_s, u"noData"_s}};
    const QString field = text_of(name);
    if (const auto match = rule.match(field); match.hasMatch())
        return match.captured(1).toInt() < rules_in(form) ? QString(match.captured(1) + u'.' + match.captured(2))
                                                          : u"rules"_s;
    if (others.contains(field)) return others[field];
    if (field.startsWith("rules"_L1)) return u"rules"_s;
    if (field.startsWith("notify"_L1)) return u"notify"_s;
    const QString last = field.mid(field.lastIndexOf(u'.') + 1);
    static const QStringList same{u"name"_s,  u"title"_s,  u"description"_s, u"service"_s, u"project"_s,
                                  u"kind"_s,  u"route"_s,  u"compare"_s,     u"good"_s,    u"total"_s,
                                  u"bound"_s, u"target"_s, u"window"_s,      u"rolling"_s, u"timezone"_s};
    return same.contains(last) ? last : QString();
}

ObjectiveReading read_objective_form(const FormTexts& form) {
    ObjectiveReading reading;
    QJsonObject object = json_of(form);
    const auto fault = [&](const QString& key, const QString& text) {
        if (!reading.faults.contains(key)) reading.faults[key] = text;
    };
    if (form[u"kind"_s] == u"metric"_s && form[u"compare"_s] == u"counts"_s && form[u"good"_s].trimmed().isEmpty())
        fault(u"good"_s, u"must name the metric that counts the good ones"_s);
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
        const QByteArray text = QJsonDocument(object).toJson(QJsonDocument::Compact);
        auto read = api::read_objective(std::string_view(text.constData(), static_cast<std::size_t>(text.size())));
        if (read) {
            reading.mended = std::move(read).value();
            if (reading.faults.isEmpty()) reading.objective = reading.mended;
            break;
        }
        const Error& error = read.error();
        const QString key = objective_key_of(error.field, form);
        QString message = text_of(error.message);
        // The form asks for percent.
        if (key == u"target"_s) message = u"must be above 0 and below 100 %, for example 99.9"_s;
        fault(key, key.isEmpty() && !error.field.empty() ? QString(text_of(error.field) + u": "_s + message) : message);
        const QJsonObject before = object;
        heal(object, text_of(error.field));
        if (object == before) break;
    }
    return reading;
}

}  // namespace streamgauge::viewmodels
