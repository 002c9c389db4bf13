// SPDX-License-Identifier: GPL-3.0-or-later
// What docs/load.md says of scenarios and actions is true: its examples are ones, and its tables have every member.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "loadgen/hand.h"
#include "loadgen/scenario_text.h"
#include "loadgen/scenario_words.h"

namespace streamgauge::loadgen {
namespace {

std::string page() {
    std::ifstream in(LOAD_PAGE);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// The fenced blocks behind a marker.
std::vector<std::string> blocks(const std::string& marker) {
    const std::string text = page();
    std::vector<std::string> all;
    for (std::size_t at = 0; (at = text.find(marker, at)) != std::string::npos;) {
        const std::size_t begin = text.find('\n', text.find("```", at)) + 1;
        at = text.find("```", begin);
        all.push_back(text.substr(begin, at - begin));
    }
    return all;
}

TEST(LoadPage, ItsScenariosAreScenarios) {
    const std::vector<std::string> scenarios = blocks("<!-- scenario -->");
    ASSERT_GE(scenarios.size(), 2U);
    for (const std::string& text : scenarios) {
        const auto scenario = parse_scenario(text);
        ASSERT_TRUE(scenario.ok()) << scenario.error().describe() << "\n" << text;
        const auto again = parse_scenario(to_text(*scenario));
        ASSERT_TRUE(again.ok());
        EXPECT_EQ(*again, *scenario);
    }
}

TEST(LoadPage, ItsActionsAreActions) {
    const std::vector<std::string> actions = blocks("<!-- actions -->");
    ASSERT_EQ(actions.size(), 1U);
    std::istringstream lines(actions.front());
    int n = 0;
    for (std::string line; std::getline(lines, line); ++n) EXPECT_TRUE(parse_hand_action(line).ok()) << line;
    EXPECT_GE(n, 5);
}

TEST(LoadPage, NamesEveryMemberAndWord) {
    const std::string text = page();
    const auto named = [&](std::string_view word) {
        return text.find("`" + std::string(word) + "`") != std::string::npos;
    };
    for (const char* member :
         {"name",        "url",          "loop",          "stages",     "arrivals",  "seed",        "jitter_percent",
          "think",       "think_random", "requests",      "fields",     "feeder",    "users",       "pages",
          "credentials", "tls",          "max_in_flight", "pipeline",   "when_full", "connections", "timeout",
          "grace",       "error_brake",  "thresholds",    "end_to_end", "replay",    "objectives"}) {
        EXPECT_TRUE(named(member)) << member;
        // And the reader knows it: whatever is wrong with this text, it is not that.
        const auto scenario = parse_scenario(std::string(member) + ": {x: 1}\n");
        EXPECT_EQ(scenario.error().message.find("column 1: is not a member"), std::string::npos) << member;
    }
    for (const char* member :
         {"journal", "access_log", "speed", "from", "to", "project", "keep_ids", "keep_times", "methods"})
        EXPECT_TRUE(named(member)) << member;
    for (const auto& [word, spacing] : kSpacings) EXPECT_TRUE(named(word)) << word;
    for (const auto& [word, shape] : kShapes) EXPECT_TRUE(named(word)) << word;
    for (const auto& [word, kind] : kFieldKinds) EXPECT_TRUE(named(word)) << word;
    for (const char* member : {"kind", "target", "threshold", "request", "limited_is_bad", "window", "scaled_to",
                               "usual_rate", "least_bad", "cool_down", "alerts"})
        EXPECT_TRUE(named(member)) << member;
    for (const auto& [word, kind] : kIndicators) EXPECT_TRUE(named(word)) << word;
    for (const auto& [word, kind] : kCredentialKinds) EXPECT_TRUE(word == "none" || named(word)) << word;
}

}  // namespace
}  // namespace streamgauge::loadgen
