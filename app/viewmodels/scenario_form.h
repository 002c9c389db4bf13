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
// The members without lists, as texts.
QVariantMap scalar_members(const loadgen::Scenario& scenario);
// Rows for the form. Stages: shape, name, args; fields: name, kind, args; args are maps of key, label, unit, value.
QVariantList stage_rows(const loadgen::Scenario& scenario);
QVariantList field_rows(const loadgen::Scenario& scenario);
QVariantList request_rows(const loadgen::Scenario& scenario);    // name, weight, method, path, batch, expect, body
QVariantList threshold_rows(const loadgen::Scenario& scenario);  // text, words

// "constant", "ramp", "spike", "steps", "soak", "sine"; "custom" for several stages.
QString profile_of(const loadgen::Scenario& scenario);
// The usual stages of a profile, around the rate that the scenario begins with.
void choose_profile(loadgen::Scenario& scenario, const QString& profile);
// A new last row of "stages", "requests", "fields", "thresholds"; the row away. False when there is no such list or
// row, or the last stage would go.
bool add_row(loadgen::Scenario& scenario, const QString& list);
bool remove_row(loadgen::Scenario& scenario, const QString& list, int row);

QString duration_text(double seconds);  // as a file says it: "90s", "5m"

}  // namespace streamgauge::viewmodels
