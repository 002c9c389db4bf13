// SPDX-License-Identifier: GPL-3.0-or-later
// Runs tests that need the console's fonts and types.
#include <QApplication>

#include <gmock/gmock.h>

#include "console/console_window.h"

int main(int argc, char** argv) {
    qputenv("TZ", "UTC");
    QApplication application(argc, argv);
    streamgauge::console::prepare_application();
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
