// SPDX-License-Identifier: GPL-3.0-or-later
// The registry: what it takes and refuses, what it says of events, and that it keeps it.
#include "schema/schema_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "support/manual_clock.h"

namespace streamgauge {
namespace {

using ::testing::HasSubstr;

constexpr const char* kFirst =
    R"({"type":"object","additionalProperties":false,"required":["amount"],"properties":{"amount":{"type":"integer"}}})";
constexpr const char* kWider =
    R"({"type":"object","additionalProperties":false,"required":["amount"],"properties":{"amount":{"type":"number"}}})";

class SchemaRegistryTest : public ::testing::Test {
protected:
    SchemaRegistryTest() {
        static std::atomic<int> number{0};
        directory_ = std::filesystem::temp_directory_path() /
                     ("streamgauge_schemas_" + std::to_string(getpid()) + "_" + std::to_string(number++));
        std::filesystem::create_directories(directory_);
        open();
    }
    ~SchemaRegistryTest() override {
        registry.reset();
        std::filesystem::remove_all(directory_);
    }
    void open() {
        registry.reset();
        auto opened = open_schema_registry((directory_ / "schemas.db").string(), clock);
        ASSERT_TRUE(opened.ok()) << opened.error().describe();
        registry = std::move(opened).value();
    }
    static EventSchema purchase(std::int32_t version, std::string schema, SchemaMode mode = SchemaMode::Enforce,
                                Compatibility compatibility = Compatibility::Backward) {
        EventSchema one;
        one.project = "default";
        one.event_type = "purchase";
        one.version = version;
        one.schema = std::move(schema);
        one.mode = mode;
        one.compatibility = compatibility;
        one.registered_by = "ada";
        return one;
    }
    ErrorCode refusal(EventSchema schema) {
        const auto added = registry->add(std::move(schema));
        EXPECT_FALSE(added.ok());
        return added.ok() ? ErrorCode::Internal : added.error().code;
    }
    SchemaRegistry::Verdict check(std::string_view props, std::int32_t version = 1, std::string_view type = "purchase",
                                  std::string_view project = "default") {
        EventView event;
        event.event_type = type;
        event.props = props;
        event.schema_version = version;
        return registry->check(project, event);
    }

    test::ManualClock clock{parse_rfc3339("2026-01-31T12:00:00Z").value()};
    std::filesystem::path directory_;
    std::unique_ptr<SchemaRegistry> registry;
};

TEST_F(SchemaRegistryTest, IsIdleUntilThereIsSomethingToCheck) {
    EXPECT_TRUE(registry->idle("default"));
    EXPECT_EQ(check("{}").mode, SchemaMode::Off);
    ASSERT_TRUE(registry->add(purchase(1, kFirst)).ok());
    EXPECT_FALSE(registry->idle("default"));
    EXPECT_TRUE(registry->idle("shop"));
    ASSERT_TRUE(registry->set_mode("default", "purchase", SchemaMode::Off, Compatibility::None).ok());
    EXPECT_TRUE(registry->idle("default"));
    EXPECT_EQ(check("{}").mode, SchemaMode::Off);
}

TEST_F(SchemaRegistryTest, SaysWhatIsWrongWithAnEvent) {
    ASSERT_TRUE(registry->add(purchase(1, kFirst)).ok());
    EXPECT_EQ(check(R"({"amount":3})").mode, SchemaMode::Off);
    const auto wrong = check(R"({"amount":"3"})");
    EXPECT_EQ(wrong.mode, SchemaMode::Enforce);
    EXPECT_EQ(wrong.fault.pointer, "/props/amount");
    EXPECT_FALSE(wrong.fault.reason.empty());
    const auto other = check(R"({"amount":3})", 2);
    EXPECT_EQ(other.mode, SchemaMode::Enforce);
    EXPECT_EQ(other.fault.pointer, "/schema_version");
    EXPECT_EQ(check("{}", 1, "click").mode, SchemaMode::Off);
    EXPECT_EQ(check("{}", 1, "purchase", "shop").mode, SchemaMode::Off);
    ASSERT_TRUE(registry->set_mode("default", "purchase", SchemaMode::Warn, Compatibility::Backward).ok());
    EXPECT_EQ(check("{}").mode, SchemaMode::Warn);
}

TEST_F(SchemaRegistryTest, TakesANewVersionOnlyWhenItKeepsThePromise) {
    ASSERT_TRUE(registry->add(purchase(1, kFirst)).ok());
    EXPECT_EQ(registry->add(purchase(2, kWider))->version, 2);
    EXPECT_EQ(refusal(purchase(3, kFirst)), ErrorCode::Conflict);
    const auto why = registry->try_out(purchase(3, kFirst));
    ASSERT_FALSE(why.ok());
    EXPECT_THAT(why.error().message, HasSubstr("not backward compatible"));
    EXPECT_THAT(why.error().message, HasSubstr("version 2"));
    EXPECT_THAT(why.error().message, HasSubstr("/properties/amount/type does not allow number"));
    ASSERT_TRUE(registry->set_mode("default", "purchase", SchemaMode::Enforce, Compatibility::Forward).ok());
    EXPECT_TRUE(registry->try_out(purchase(3, kFirst)).ok());
    EXPECT_EQ(registry->list("").size(), 2U) << "trying adds nothing";
    ASSERT_TRUE(registry->set_mode("default", "purchase", SchemaMode::Enforce, Compatibility::Full).ok());
    EXPECT_EQ(refusal(purchase(3, kFirst)), ErrorCode::Conflict);
    EXPECT_TRUE(registry->add(purchase(3, kWider)).ok());
    ASSERT_TRUE(registry->set_mode("default", "purchase", SchemaMode::Enforce, Compatibility::None).ok());
    EXPECT_TRUE(registry->add(purchase(4, R"({"type":"object","required":["other"]})")).ok());
    // Mode and compatibility are the type's, whatever a later version says.
    const auto kept = registry->add(purchase(5, kFirst, SchemaMode::Off, Compatibility::Full));
    ASSERT_TRUE(kept.ok());
    EXPECT_EQ(kept->mode, SchemaMode::Enforce);
    EXPECT_EQ(kept->compatibility, Compatibility::None);
}

TEST_F(SchemaRegistryTest, RefusesWhatCannotBe) {
    ASSERT_TRUE(registry->add(purchase(1, kFirst)).ok());
    EXPECT_TRUE(registry->add(purchase(1, std::string(" ") + kFirst)).ok()) << "the same again";
    EXPECT_EQ(refusal(purchase(1, kWider)), ErrorCode::AlreadyExists);
    EXPECT_EQ(refusal(purchase(2, R"({"type":"text"})")), ErrorCode::InvalidArgument);
    EXPECT_EQ(refusal(purchase(0, kFirst)), ErrorCode::InvalidArgument);
    EXPECT_EQ(refusal(purchase(2, std::string(70'000, ' '))), ErrorCode::TooLarge);
    EventSchema nameless = purchase(1, kFirst);
    nameless.event_type.clear();
    EXPECT_EQ(refusal(nameless), ErrorCode::InvalidArgument);
    nameless.event_type = std::string(129, 'x');
    EXPECT_EQ(refusal(nameless), ErrorCode::InvalidArgument);
    EXPECT_EQ(registry->set_mode("default", "click", SchemaMode::Off, Compatibility::None).error().code,
              ErrorCode::NotFound);
    EXPECT_EQ(registry->remove("default", "purchase", 2).error().code, ErrorCode::NotFound);
    EXPECT_EQ(registry->list("").size(), 1U);
}

TEST_F(SchemaRegistryTest, KeepsEverythingAcrossARestart) {
    ASSERT_TRUE(registry->add(purchase(1, kFirst)).ok());
    ASSERT_TRUE(registry->add(purchase(2, kWider)).ok());
    EventSchema other = purchase(7, "{}");
    other.project = "shop";
    other.event_type = "click";
    ASSERT_TRUE(registry->add(other).ok());
    ASSERT_TRUE(registry->set_mode("default", "purchase", SchemaMode::Warn, Compatibility::Full).ok());
    open();
    const auto all = registry->list("");
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].event_type, "click");
    EXPECT_EQ(all[0].version, 7);
    EXPECT_EQ(all[1].schema, kFirst);
    EXPECT_EQ(all[2].mode, SchemaMode::Warn);
    EXPECT_EQ(all[2].compatibility, Compatibility::Full);
    EXPECT_EQ(all[2].registered_at, clock.now());
    EXPECT_EQ(all[2].registered_by, "ada");
    EXPECT_EQ(registry->list("shop").size(), 1U);
    EXPECT_EQ(check("{}", 2).mode, SchemaMode::Warn);

    ASSERT_TRUE(registry->remove("default", "purchase", 1).ok());
    ASSERT_TRUE(registry->remove("default", "purchase", 2).ok());
    EXPECT_TRUE(registry->idle("default"));
    open();
    EXPECT_EQ(registry->list("").size(), 1U);
    // Gone with its settings: the next first one sets them anew.
    EXPECT_EQ(registry->add(purchase(1, kFirst))->compatibility, Compatibility::Backward);
}

TEST_F(SchemaRegistryTest, ChecksWhileItChanges) {
    ASSERT_TRUE(registry->add(purchase(1, kFirst)).ok());
    std::atomic<bool> stop{false};
    std::atomic<int> checks{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
        readers.emplace_back([&] {
            while (!stop) {
                EXPECT_EQ(check(R"({"amount":3})").mode, SchemaMode::Off);
                EXPECT_NE(check("{}").mode, SchemaMode::Off);
                ++checks;
            }
        });
    }
    for (int i = 0; i < 20 || checks < 200; ++i) {
        const auto mode = i % 2 == 0 ? SchemaMode::Warn : SchemaMode::Enforce;
        ASSERT_TRUE(registry->set_mode("default", "purchase", mode, Compatibility::Backward).ok());
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
}

TEST(SchemaWords, AreReadAsTheyAreWritten) {
    for (const Compatibility one :
         {Compatibility::None, Compatibility::Backward, Compatibility::Forward, Compatibility::Full})
        EXPECT_EQ(compatibility_from(to_string(one)), one);
    for (const SchemaMode one : {SchemaMode::Off, SchemaMode::Warn, SchemaMode::Enforce})
        EXPECT_EQ(schema_mode_from(to_string(one)), one);
    EXPECT_EQ(schema_mode_from("on"), std::nullopt);
    EXPECT_EQ(compatibility_from(""), std::nullopt);
}

}  // namespace
}  // namespace streamgauge
