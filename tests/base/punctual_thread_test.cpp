// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/punctual_thread.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace streamgauge {
namespace {

// Where the system does not allow it, nothing is what happens: both are seen, whoever runs the tests.
bool is_allowed() {
    bool allowed = false;
    std::thread([&allowed] {
        sched_param parameters{};
        parameters.sched_priority = sched_get_priority_min(SCHED_FIFO);
        allowed = sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0;
    }).join();
    return allowed && std::thread::hardware_concurrency() >= 2;
}

TEST(PunctualThread, IsARealTimeOneForAsLongAsTheObjectLivesWhereThatIsAllowed) {
    ASSERT_FALSE(PunctualThread::is_real_time());
    {
        const PunctualThread punctual;
        EXPECT_EQ(PunctualThread::is_real_time(), is_allowed());
        bool child = true;
        std::thread([&child] { child = PunctualThread::is_real_time(); }).join();
        EXPECT_FALSE(child) << "a thread that it starts is an ordinary one";
        {
            const PunctualThread again;
            EXPECT_EQ(PunctualThread::is_real_time(), is_allowed());
        }
        EXPECT_EQ(PunctualThread::is_real_time(), is_allowed()) << "the inner one takes nothing away";
    }
    EXPECT_FALSE(PunctualThread::is_real_time());
}

TEST(PunctualThread, StaysOrdinaryWithOneProcessor) {
    std::thread([] {
        cpu_set_t all, one;
        ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
        int first = 0;
        while (!CPU_ISSET(static_cast<std::size_t>(first), &all)) ++first;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(first), &one);
        ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
        const PunctualThread punctual;
        EXPECT_FALSE(PunctualThread::is_real_time());
    }).join();
}

}  // namespace
}  // namespace streamgauge
