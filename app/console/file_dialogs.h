// SPDX-License-Identifier: GPL-3.0-or-later
// Scenario files, reports of load runs, and objectives as OpenSLO: asks the person where, reads and writes.
#pragma once

#include "viewmodels/load_view_model.h"
#include "viewmodels/objective_exchange_view_model.h"

namespace streamgauge::console {

// Answers the wishes for files from now on, as long as the view model lives.
void serve_files(viewmodels::LoadViewModel& load);
void serve_files(viewmodels::ObjectiveExchangeViewModel& exchange);

// Read, or written whole, and the view model told what became of it.
void open_scenario(viewmodels::LoadViewModel& load, const QString& path);
void save_scenario(viewmodels::LoadViewModel& load, const QString& path, const QByteArray& text);
void save_report(viewmodels::LoadViewModel& load, const QString& path, const QByteArray& text);
void open_objectives(viewmodels::ObjectiveExchangeViewModel& exchange, const QString& path);
void save_objectives(viewmodels::ObjectiveExchangeViewModel& exchange, const QString& path, const QByteArray& text);

}  // namespace streamgauge::console
