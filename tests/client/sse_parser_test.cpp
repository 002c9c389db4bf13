// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/sse_parser.h"

#include <gmock/gmock.h>

#include <random>

namespace streamgauge::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<SseEvent> parse(std::string_view text) {
    SseParser parser;
    std::vector<SseEvent> events;
    EXPECT_TRUE(parser.feed(text, events).ok());
    return events;
}

TEST(SseParser, ReadsTheFields) {
    EXPECT_THAT(parse("id: 7:1\nevent: snapshot\ndata: {\"a\":1}\n\n"),
                ElementsAre(SseEvent{"7:1", "snapshot", "{\"a\":1}"}));
}

TEST(SseParser, TakesEveryLineEnding) {
    const SseEvent expected{"1", "delta", "a\nb"};
    EXPECT_THAT(parse("id:1\nevent:delta\ndata:a\ndata:b\n\n"), ElementsAre(expected));
    EXPECT_THAT(parse("id:1\r\nevent:delta\r\ndata:a\r\ndata:b\r\n\r\n"), ElementsAre(expected));
    EXPECT_THAT(parse("id:1\revent:delta\rdata:a\rdata:b\r\r"), ElementsAre(expected));
}

TEST(SseParser, IgnoresCommentsAndUnknownFields) {
    EXPECT_THAT(parse(": heartbeat\n\nretry: 5\nnonsense\nwho: me\ndata: x\n\n"),
                ElementsAre(SseEvent{"", "message", "x"}));
}

TEST(SseParser, SwallowsAnEventWithoutDataButKeepsTheId) {
    EXPECT_THAT(parse("id: 5\nevent: delta\n\ndata: x\n\n"), ElementsAre(SseEvent{"5", "message", "x"}));
}

TEST(SseParser, KeepsOneEmptyDataLine) {
    EXPECT_THAT(parse("data\n\n"), ElementsAre(SseEvent{"", "message", ""}));
}

TEST(SseParser, RemovesOneSpaceOnly) {
    EXPECT_THAT(parse("data:  x\n\n"), ElementsAre(SseEvent{"", "message", " x"}));
}

TEST(SseParser, SkipsAByteOrderMark) {
    EXPECT_THAT(parse("\xEF\xBB\xBF"
                      "data: x\n\n"),
                ElementsAre(SseEvent{"", "message", "x"}));
}

TEST(SseParser, HoldsBackWhatIsNotComplete) {
    EXPECT_THAT(parse("data: x\n"), IsEmpty());
}

TEST(SseParser, RefusesAnIdWithANullByte) {
    EXPECT_THAT(parse(std::string_view("id: 1\nid: a\0b\ndata: x\n\n", 23)),
                ElementsAre(SseEvent{"1", "message", "x"}));
}

TEST(SseParser, StopsAtTheLimit) {
    for (const bool in_lines : {false, true}) {
        SseParser parser(100);
        std::vector<SseEvent> events;
        const std::string piece = in_lines ? "data: 123456\n" : "data: 123456";
        Status status;
        for (int i = 0; i < 50 && status.ok(); ++i) status = parser.feed(piece, events);
        ASSERT_FALSE(status.ok());
        EXPECT_EQ(status.error().code, ErrorCode::TooLarge);
        EXPECT_FALSE(parser.feed("\n\n", events).ok()) << "it stays failed";
        EXPECT_THAT(events, IsEmpty());
    }
}

// The result does not depend on how the stream is cut.
TEST(SseParser, TakesAnyChunks) {
    std::mt19937 random(20260101);
    std::string text = "\xEF\xBB\xBF: hi\r\n";
    const char* const ends[] = {"\n", "\r\n", "\r"};
    for (int i = 0; i < 200; ++i) {
        const std::string end = ends[random() % 3];
        text += "id: 3:" + std::to_string(i) + end;
        if (random() % 2 == 0) text += "event: delta" + end;
        for (std::uint32_t line = 0; line < random() % 3; ++line)
            text += "data: ü{" + std::to_string(random()) + "}" + end;
        text += end;
    }
    const std::vector<SseEvent> whole = parse(text);
    ASSERT_GT(whole.size(), 50U);
    for (int round = 0; round < 200; ++round) {
        SseParser parser;
        std::vector<SseEvent> events;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t length = round == 0 ? 1 : random() % 40;
            ASSERT_TRUE(parser.feed(std::string_view(text).substr(at, length), events).ok());
            at += length;
        }
        ASSERT_EQ(events, whole) << "round " << round;
    }
}

}  // namespace
}  // namespace streamgauge::client
