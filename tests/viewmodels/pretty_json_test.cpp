// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/pretty_json.h"

#include <gmock/gmock.h>

namespace streamgauge::viewmodels {
namespace {

TEST(PrettyJson, KeepsOrderAndNumbers) {
    EXPECT_EQ(
        indent_json(R"({"z":12345678901234567890.10,"a":[1,{"b":"x,{}\"y"}],"e":{},"f":[ ]})"),
        "{\n  \"z\": 12345678901234567890.10,\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,{}\\\"y\"\n    }\n  ],\n"
        "  \"e\": {},\n  \"f\": []\n}");
}

TEST(PrettyJson, HidesNothingOfWhatIsNotJson) {
    for (const char* text : {"", "}", "]]]]", "\"open", "{\"a\":", "\\", "\"\\"}) {
        std::string shown = indent_json(text);
        std::erase_if(shown, [](char c) { return c == ' ' || c == '\n'; });
        EXPECT_EQ(shown, text);
    }
}

TEST(PrettyJson, ShowsTheWholeEvent) {
    api::TailEvent event;
    event.id = 42;
    event.event_id = "e-1";
    event.event_type = "say \"hi\"\n";
    event.occurred_at = Timestamp::from_seconds(1'767'268'800);
    event.received_at = Timestamp::from_seconds(1'767'268'801);
    event.props = R"({"amount":9.50})";
    EXPECT_EQ(pretty_event(event),
              "{\n  \"id\": 42,\n  \"event_id\": \"e-1\",\n  \"event_type\": \"say \\\"hi\\\"\\n\",\n"
              "  \"occurred_at\": \"2026-01-01T12:00:00Z\",\n  \"received_at\": \"2026-01-01T12:00:01Z\",\n"
              "  \"props\": {\n    \"amount\": 9.50\n  }\n}");
}

}  // namespace
}  // namespace streamgauge::viewmodels
