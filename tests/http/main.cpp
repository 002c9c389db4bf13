// SPDX-License-Identifier: GPL-3.0-or-later
// The management engine needs a QCoreApplication; many clients need many descriptors.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <QCoreApplication>

int main(int count, char** words) {
    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    QCoreApplication application(count, words);
    ::testing::InitGoogleTest(&count, words);
    return RUN_ALL_TESTS();
}
