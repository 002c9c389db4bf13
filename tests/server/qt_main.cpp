// SPDX-License-Identifier: GPL-3.0-or-later
// main() for tests with a whole backend: its management listener runs on Qt's event loop, which needs an application.
#include <gtest/gtest.h>

#include <QCoreApplication>

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
