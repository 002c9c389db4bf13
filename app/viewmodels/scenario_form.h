// SPDX-License-Identifier: GPL-3.0-or-later
// A scenario's members as texts of a form, by the names that a fault has: "url", "stages[0].rate", "thresholds[1]".
#pragma once

#include <QString>
#include <QVariant>

#include "loadgen/scenario.h"

namespace streamgauge::viewmodels {

// Sets the member to what the text says. False, and nothing set, when it does not say such a value; then `fault` says
// what would.
bool set_member(loadgen::Scenario& scenario, const QString& path, const QString& text, QString& fault);
// Whether the form has a field for the member as the scenario is now: "think" with users only, and the like.
bool shows_member(const loadgen::Scenario& scenario, const QString& member);
// The member, or the credentials of reading back, as a new scenario has it. False when there is none such.
bool reset_member(loadgen::Scenario& scenario, const QString& member);
// The member of the form that a fault's field means; headers and fields have rows there, and names in a file.
QString form_member(const loadgen::Scenario& scenario, const QString& field);
// The members without lists, as texts.
QVariantMap scalar_members(const loadgen::Scenario& scenario);
// Rows for the form. Stages: shape, name, args; fields: name, kind, args; args are maps of key, label, unit, value.
QVariantList stage_rows(const loadgen::Scenario& scenario);
QVariantList field_rows(const loadgen::Scenario& scenario);
// name, weight, method, path, batch, expect, body, headers (name, value)
QVariantList request_rows(const loadgen::Scenario& scenario);
QVariantList threshold_rows(const loadgen::Scenario& scenario);  // text, words

// name, kind, target, threshold, request, limited_is_bad, window, scaled_to, usual_rate, alerts (how many of its own)
QVariantList objective_rows(const loadgen::Scenario& scenario);

// "constant", "ramp", "spike", "steps", "soak", "sine", "replay"; "custom" for several stages.
QString profile_of(const loadgen::Scenario& scenario);
// The usual stages of a profile, around the rate that the scenario begins with.
void choose_profile(loadgen::Scenario& scenario, const QString& profile);
// A new last row of "stages", "requests", "fields", "thresholds", "objectives", "requests[0].headers", or with
// "objectives.default" those of a fresh server in place of the others; the row away. False when there is no such list
// or row, or the last stage would go.
bool add_row(loadgen::Scenario& scenario, const QString& list);
bool remove_row(loadgen::Scenario& scenario, const QString& list, int row);

QString duration_text(double seconds);  // as a file says it: "90s", "5m"

}  // namespace streamgauge::viewmodels
