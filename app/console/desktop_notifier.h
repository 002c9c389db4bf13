// SPDX-License-Identifier: GPL-3.0-or-later
// Notifications of the desktop, by D-Bus: https://specifications.freedesktop.org/notification-spec/
#pragma once

#include <QString>

namespace streamgauge::console {

// Shows it where a desktop listens; otherwise nothing happens. Returns at once. `urgent`: it stays until it is seen.
void notify_desktop(const QString& title, const QString& text, bool urgent);

}  // namespace streamgauge::console
