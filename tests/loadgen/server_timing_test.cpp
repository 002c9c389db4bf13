// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/server_timing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace streamgauge::loadgen {
namespace {

std::string stages(std::string_view header) {
    std::string text;
    ServerTimingReader reader(header);
    while (const auto stage = reader.next())
        text += std::string(stage->name) + "=" + std::to_string(stage->micros) + " ";
    return text;
}

TEST(ServerTiming, ReadsWhatTheStandardAllows) {
    EXPECT_EQ(stages("guard;dur=0.1"), "guard=100 ");
    EXPECT_EQ(stages("guard;dur=0.1, decode;dur=2,queue;dur=\"3.5\""), "guard=100 decode=2000 queue=3500 ");
    EXPECT_EQ(stages("a;desc=\"x, y;dur=9\";dur=1 , b ; DUR = 2"), "a=1000 b=2000 ");
    EXPECT_EQ(stages("a;desc=\"\\\", z\";dur=1"), "a=1000 ");
    EXPECT_EQ(stages("cache;desc=hit, db;dur=53"), "db=53000 ");
    EXPECT_EQ(stages("total;dur=1e2"), "total=100000 ");
}

TEST(ServerTiming, PassesOverWhatIsNone) {
    EXPECT_EQ(stages(""), "");
    EXPECT_EQ(stages(",,;;=,"), "");
    EXPECT_EQ(stages("a;dur=-1, b;dur=nan, c;dur=1x, d;dur=, e;dur=1"), "e=1000 ");
    EXPECT_EQ(stages("bad name;dur=1, x\"y;dur=2, z;dur=3"), "");
    EXPECT_EQ(stages("huge;dur=1e300"), "huge=3600000000 ");
    EXPECT_EQ(stages(std::string(100, 'n') + ";dur=1"), "");
    std::string many;
    for (int i = 0; i < 40; ++i) many += "s" + std::to_string(i) + ";dur=1,";
    EXPECT_NE(stages(many).find("s15="), std::string::npos);
    EXPECT_EQ(stages(many).find("s16="), std::string::npos);
}

}  // namespace
}  // namespace streamgauge::loadgen
