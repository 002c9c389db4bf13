// SPDX-License-Identifier: GPL-3.0-or-later
// An objective as the texts of a form, and what is wrong with them, by the program's own reader
// (api/objective_codec.h): what passes here the server reads, too.
#pragma once

#include <QMap>
#include <QString>

#include <optional>

#include "slo/objective.h"
#include "viewmodels/metric_form.h"

namespace streamgauge::viewmodels {

// By key: "name", "title", "description", "service", "project", "kind", "route", "threshold", "limited" ("yes"),
// "compare" ("counts": of two metrics; "below", "above": of one with a bound), "good", "total", "bound", "target" (in
// percent), "window" ("rolling" or a calendar's period), "rolling", "timezone", "rules" ("usual" or how many), and of
// each rule "0.severity", "0.long", "0.short", "0.factor", "0.hold"; "leastBad", "coolDown", "noData" ("yes"),
// "notify".
FormTexts new_objective_form();  // 99 % of all requests answered well, over 30 days
// read_objective_form() of it gives the same objective again.
FormTexts form_of(const slo::Objective& objective);
// The rules that the window gives, as texts to change.
void write_rules(FormTexts& form, const std::vector<slo::BurnRule>& rules);
int rules_in(const FormTexts& form);  // 0: the usual ones

struct ObjectiveReading {
    std::optional<slo::Objective> objective;  // none while something is wrong
    // The same, with what is wrong as it usually is: for what can be said in spite of faults.
    std::optional<slo::Objective> mended;
    QMap<QString, QString> faults;  // by key; under "" what belongs to none
};
// Every fault there is, not only the first.
ObjectiveReading read_objective_form(const FormTexts& form);

// Where the form has the member that an error or a warning names: "rules[1].long" is "1.long". Empty: nowhere.
QString objective_key_of(const std::string& field, const FormTexts& form);

}  // namespace streamgauge::viewmodels
