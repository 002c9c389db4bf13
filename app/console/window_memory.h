// SPDX-License-Identifier: GPL-3.0-or-later
// What the console remembers between two starts: place and size of the window, page, theme, time range.
#pragma once

#include <QObject>
#include <QString>

#include "console/console_window.h"

namespace streamgauge::console {

// $XDG_CONFIG_HOME/streamgauge/console.ini, or where the system keeps such files.
QString default_memory_file();

// Puts back what `file` says; what is missing there or makes no sense stays as it is.
void recall(const QString& file, ConsoleWindow& window, viewmodels::ConsoleViewModel& app);
void remember(const QString& file, const ConsoleWindow& window, const viewmodels::ConsoleViewModel& app);

}  // namespace streamgauge::console
