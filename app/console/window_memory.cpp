// SPDX-License-Identifier: GPL-3.0-or-later
#include "console/window_memory.h"

#include <QGuiApplication>
#include <QScreen>
#include <QSettings>
#include <QStandardPaths>

namespace streamgauge::console {

using namespace Qt::Literals::StringLiterals;

QString default_memory_file() {
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) + u"/streamgauge/console.ini"_s;
}

void recall(const QString& file, ConsoleWindow& window, viewmodels::ConsoleViewModel& app) {
    const QSettings settings(file, QSettings::IniFormat);
    const QRect place = settings.value(u"window/place"_s).toRect();
    bool on_a_screen = false;
    for (const QScreen* screen : QGuiApplication::screens()) {
        // Enough of it to take hold of.
        const QRect seen = screen->availableGeometry().intersected(place);
        on_a_screen = on_a_screen || (seen.width() >= 200 && seen.height() >= 100);
    }
    if (place.isValid() && on_a_screen) {
        window.setGeometry(place);
    } else {
        window.resize(1440, 900);
    }
    if (settings.value(u"window/maximized"_s).toBool()) window.setWindowState(Qt::WindowMaximized);
    app.set_theme(settings.value(u"window/theme"_s).toString());
    app.set_page(settings.value(u"window/page"_s).toInt());
    const int seconds = settings.value(u"overview/seconds"_s).toInt();
    if (seconds > 0) app.overview()->set_window_seconds(seconds);
}

void remember(const QString& file, const ConsoleWindow& window, const viewmodels::ConsoleViewModel& app) {
    QSettings settings(file, QSettings::IniFormat);
    const bool maximized = window.windowState() == Qt::WindowMaximized;
    settings.setValue(u"window/maximized"_s, maximized);
    if (!maximized) settings.setValue(u"window/place"_s, window.geometry());
    settings.setValue(u"window/theme"_s, app.theme());
    settings.setValue(u"window/page"_s, app.page());
    settings.setValue(u"overview/seconds"_s, app.window_seconds());
}

}  // namespace streamgauge::console
