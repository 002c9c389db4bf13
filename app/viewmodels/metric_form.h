// SPDX-License-Identifier: GPL-3.0-or-later
// The definition of a metric as the texts of a form, and what is wrong with them, by the program's own reader
// (api/metric_codec.h): what passes here the server reads, too.
#pragma once

#include <QMap>
#include <QString>
#include <QStringList>

#include <optional>

#include "base/error.h"
#include "metrics/definition.h"

namespace streamgauge::viewmodels {

// By key: "name", "description", "unit", "where", "window", "retention", "wider", "timezone", "time", "lateness",
// "groupBy", "kind", "field", "percentile", "plus", "minus", "budget". Missing ones are empty.
using FormTexts = QMap<QString, QString>;

const QStringList& form_keys();
FormTexts new_form();  // a count of everything by the minute
// read_form() of it gives the same definition again, but for its id.
FormTexts form_of(const MetricDefinition& definition);

struct FormReading {
    std::optional<MetricDefinition> definition;  // none while something is wrong
    QMap<QString, QString> faults;               // by key; under "" what belongs to none
};
// Every fault there is, not only the first.
FormReading read_form(const FormTexts& form);

// Where the form has what a server finds wrong: the key (empty: nowhere) and the text for it, with the place inside.
struct FormFault {
    QString key, text;
};
FormFault fault_of(const Error& error, const FormTexts& form);

// "sum" and its like take a field, "p" a percentage as well, "gauge" two filters instead.
bool takes_field(const QString& kind);
bool keeps_values(const QString& kind);  // "budget" says how many

}  // namespace streamgauge::viewmodels
