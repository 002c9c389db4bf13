// SPDX-License-Identifier: GPL-3.0-or-later
// The table of malformed requests against the whole server: both listeners, the real routes, the journal behind them.
// What the table says reached a handler is stored, and nothing else is.
#include "http/malformed_table.h"
#include "http/raw_client.h"
#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

class MalformedWire : public ServedBackend {
protected:
    std::uint64_t accepted() const {
        const std::string text = get("/prometheus").body;
        constexpr std::string_view kName = "\nstreamgauge_events_total{outcome=\"accepted\"} ";
        const std::size_t at = text.find(kName);
        EXPECT_NE(at, std::string::npos) << text;
        return at == std::string::npos ? 0 : std::stoull(text.substr(at + kName.size()));
    }
    void play_all(std::uint16_t port) {
        const http::test::MalformedTarget target{port,
                                                 [](std::string_view handler) {
                                                     if (handler == "post") return 202;
                                                     return handler == "post?" ? 400 : 200;
                                                 },
                                                 nullptr};
        std::uint64_t events = accepted();
        int played = 0;
        for (const http::test::MalformedRow& row : http::test::read_malformed_table(MALFORMED_TABLE)) {
            // Those that are about time wait for real deadlines here; the others are about routes of the engines' test.
            if (row.waits() || row.mentions(" /echo/")) continue;
            SCOPED_TRACE(row.name);
            EXPECT_EQ(http::test::play(row, target, false), "");
            for (const std::string& answer : row.answers) events += answer == "post" ? 1U : 0U;
            ++played;
        }
        EXPECT_GE(played, 200);
        EXPECT_EQ(accepted(), events);
    }
};

TEST_F(MalformedWire, EveryRowHasItsOutcomeAtThePublicListener) {
    play_all(backend_->listening().front().port);
}

TEST_F(MalformedWire, EveryRowHasItsOutcomeAtTheManagementListener) {
    play_all(backend_->management()->port);
}

}  // namespace
}  // namespace streamgauge::test
