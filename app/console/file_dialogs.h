// SPDX-License-Identifier: GPL-3.0-or-later
// Scenario files and reports of load runs: asks the person where, reads and writes.
#pragma once

#include "viewmodels/load_view_model.h"

namespace streamgauge::console {

// Answers the wishes of `load` for files from now on, as long as it lives.
void serve_files(viewmodels::LoadViewModel& load);

// Read, or written whole, and the view model told what became of it.
void open_scenario(viewmodels::LoadViewModel& load, const QString& path);
void save_scenario(viewmodels::LoadViewModel& load, const QString& path, const QByteArray& text);
void save_report(viewmodels::LoadViewModel& load, const QString& path, const QByteArray& text);

}  // namespace streamgauge::console
