// SPDX-License-Identifier: GPL-3.0-or-later
// Every row of data/malformed_requests.txt on both engines: the exact answers, the end of the connection, and which
// handlers were reached; at once and byte by byte.
#include <set>

#include "http/engine_fixture.h"
#include "http/malformed_table.h"

namespace streamgauge::http::test {
namespace {

class MalformedTable : public EngineTest {
protected:
    void configure(EngineOptions&) override {
        const auto handler = [this](std::string name) {
            return [this, name](const Request& request, const ReplyPtr& reply) {
                {
                    const std::lock_guard lock(mutex_);
                    reached_.push_back(name);
                }
                reply->send({200, "text/plain", std::string(request.body), {}});
            };
        };
        add(Method::Get, "/health", 0, handler("get"));
        add(Method::Post, "/events", limits::kIngestBodyBytes, handler("post"));
        add(Method::Post, "/echo/small", 64, handler("small"));
        add(Method::Post, "/echo/none", 0, handler("none"));
    }
    void wait(std::string_view when) {
        clock.let_tick();  // what was sent is surely read
        const std::string_view what = when.substr(when.find(' ') + 1);
        std::chrono::nanoseconds deadline = scaled(limits::kHeadDeadline);
        if (what == "idle") deadline = scaled(limits::kIdleDeadline);
        if (what == "body") deadline = scaled(limits::kBodyGrace);
        clock.advance(deadline);
        clock.let_tick();
        if (!when.starts_with("after")) return;
        clock.advance(what == "body" ? scaled(std::chrono::seconds(1)) : std::chrono::nanoseconds(1));
    }
    std::vector<std::string> take_reached() {
        const std::lock_guard lock(mutex_);
        return std::exchange(reached_, {});
    }
    void play_all(bool byte_by_byte) {
        const MalformedTarget target{port, [](std::string_view) { return 200; },
                                     [this](std::string_view when) { wait(when); }};
        for (const MalformedRow& row : read_malformed_table(MALFORMED_TABLE)) {
            if (byte_by_byte && row.bytes() > 600) continue;
            // Where a body comes with its head, 100 is left out; where it comes a moment later, it may be sent.
            if (byte_by_byte && row.name == "100-continue with the body") continue;
            SCOPED_TRACE(row.name);
            take_reached();
            EXPECT_EQ(play(row, target, byte_by_byte), "");
            std::vector<std::string> expected = row.reached();
            if (!row.closed) expected.emplace_back("get");  // the request that shows it
            EXPECT_EQ(take_reached(), expected);
        }
        EXPECT_TRUE(eventually([&] { return balanced(); }));
        expect_alive();
    }
    std::vector<std::string> reached_;
};
INSTANTIATE_TEST_SUITE_P(Engines, MalformedTable, ::testing::Values(Kind::Public, Kind::Management), kind_name);

TEST_P(MalformedTable, EveryRowHasItsOutcome) {
    play_all(false);
}

// However the bytes are cut into segments, the outcome is the same.
TEST_P(MalformedTable, EveryRowHasItsOutcomeByteByByte) {
    play_all(true);
}

TEST(MalformedRows, AreManyAndEachHasANameOfItsOwn) {
    std::set<std::string> names;
    const auto rows = read_malformed_table(MALFORMED_TABLE);
    for (const MalformedRow& row : rows) EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_GE(rows.size(), 250U);
}

}  // namespace
}  // namespace streamgauge::http::test
