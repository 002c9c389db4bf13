// SPDX-License-Identifier: GPL-3.0-or-later
#include <QCoreApplication>

#include <gmock/gmock.h>

#include <cstdlib>

int main(int argc, char** argv) {
    qputenv("TZ", "UTC");  // local times in the assertions
    QCoreApplication application(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
