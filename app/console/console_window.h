// SPDX-License-Identifier: GPL-3.0-or-later
// The console's window: loads the QML over a ConsoleViewModel and does what only a window can do.
#pragma once

#include <QQuickView>
#include <QStringList>

#include "viewmodels/console_view_model.h"

namespace streamgauge::console {

// Makes the fonts and QML types known and sets the application's font. Once, after the application is made and before
// the first window.
void prepare_application();

// Lives on: GUI thread. `app` must outlive it.
class ConsoleWindow : public QQuickView {
    Q_OBJECT
public:
    explicit ConsoleWindow(viewmodels::ConsoleViewModel& app);
    ~ConsoleWindow() override;

    // What QML complained about while loading and running.
    const QStringList& complaints() const { return complaints_; }

protected:
    bool event(QEvent* event) override;

private:
    void follow_system_theme();

    viewmodels::ConsoleViewModel& app_;
    QStringList complaints_;
};

}  // namespace streamgauge::console
