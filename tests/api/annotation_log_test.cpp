// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on the time axis: kept over a restart, found by range and project, bounded in number; and their JSON.
#include "api/annotation_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "api/annotation_codec.h"
#include "support/temporary_directory.h"

namespace streamgauge::api {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Timestamp second(std::int64_t n) {
    return Timestamp::from_seconds(1'770'000'000 + n);
}

class AnnotationLogTest : public testing::Test {
protected:
    void SetUp() override { open(); }
    void open(std::size_t most = AnnotationLog::kMostKept) {
        log_.reset();
        auto opened = AnnotationLog::open((directory_.path / "annotations.db").string(), clock_, most);
        ASSERT_TRUE(opened.ok()) << opened.error().describe();
        log_ = std::move(opened).value();
    }
    Result<Annotation> add(Annotation annotation) {
        std::promise<Result<Annotation>> answer;
        log_->add(std::move(annotation), [&](Result<Annotation> done) { answer.set_value(std::move(done)); });
        return answer.get_future().get();
    }
    Result<Annotation> add(std::int64_t at, std::string text, std::string project = {},
                           std::optional<std::int64_t> until = {}) {
        Annotation one{{}, second(at), {}, "deploy", std::move(text), std::move(project), "ada", {"eu"}};
        if (until) one.until = second(*until);
        return add(std::move(one));
    }
    std::vector<std::string> list(std::int64_t from, std::int64_t to, std::string project = {},
                                  std::size_t limit = 100) {
        std::promise<std::vector<std::string>> answer;
        log_->list(std::move(project), {second(from), second(to)}, limit,
                   [&](const Result<std::vector<Annotation>>& all) {
                       std::vector<std::string> texts;
                       EXPECT_TRUE(all.ok());
                       for (const Annotation& one : *all) texts.push_back(one.text);
                       answer.set_value(std::move(texts));
                   });
        return answer.get_future().get();
    }
    Result<bool> remove(std::string project, std::string id) {
        std::promise<Result<bool>> answer;
        log_->remove(std::move(project), std::move(id), [&](Result<bool> done) { answer.set_value(std::move(done)); });
        return answer.get_future().get();
    }

    SystemClock clock_;
    test::TemporaryDirectory directory_;
    std::unique_ptr<AnnotationLog> log_;
};

TEST_F(AnnotationLogTest, AreFoundByRangeAlsoAfterARestart) {
    ASSERT_TRUE(add(30, "third").ok());
    ASSERT_TRUE(add(10, "first").ok());
    ASSERT_TRUE(add(20, "second").ok());
    ASSERT_TRUE(add(0, "long", {}, 100).ok());
    open();
    EXPECT_THAT(list(0, 31), ElementsAre("long", "first", "second", "third"));
    EXPECT_THAT(list(10, 30), ElementsAre("long", "first", "second"));
    EXPECT_THAT(list(100, 101), ElementsAre("long"));
    EXPECT_THAT(list(101, 200), IsEmpty());
    EXPECT_THAT(list(0, 31, {}, 2), ElementsAre("second", "third")) << "of too many the newest";
}

TEST_F(AnnotationLogTest, AProjectSeesItsOwnAndThoseOfAll) {
    ASSERT_TRUE(add(1, "all").ok());
    const auto of_shop = add(2, "shop", "shop");
    ASSERT_TRUE(of_shop.ok());
    ASSERT_TRUE(add(3, "blog", "blog").ok());
    EXPECT_THAT(list(0, 9, "shop"), ElementsAre("all", "shop"));
    EXPECT_THAT(list(0, 9), ElementsAre("all", "shop", "blog"));
    EXPECT_EQ(remove("blog", of_shop->id).error().code, ErrorCode::NotFound);
    EXPECT_TRUE(remove("shop", of_shop->id).ok());
    EXPECT_EQ(remove("", of_shop->id).error().code, ErrorCode::NotFound);
    EXPECT_THAT(list(0, 9), ElementsAre("all", "blog"));
}

TEST_F(AnnotationLogTest, OfTooManyTheOldestGo) {
    open(5);
    for (int i = 0; i < 12; ++i) ASSERT_TRUE(add(i, std::to_string(i)).ok());
    EXPECT_THAT(list(0, 100), ElementsAre("7", "8", "9", "10", "11"));
    open(3);
    ASSERT_TRUE(add(50, "new").ok());
    EXPECT_THAT(list(0, 100), ElementsAre("10", "11", "new"));
}

TEST_F(AnnotationLogTest, FaultsAreNamedAndNothingIsKept) {
    const auto field = [this](const Annotation& one) {
        const auto done = add(one);
        return done.ok() ? std::string("none") : done.error().field;
    };
    const Annotation good{{}, second(1), {}, "note", "text", {}, "ada", {}};
    Annotation one = good;
    for (const std::string kind : {"", "Deploy", "load-run", "abcdefghijabcdefghijabcdefghijabc"}) {
        one.kind = kind;
        EXPECT_EQ(field(one), "kind") << kind;
    }
    one = good;
    for (const std::string& text : {std::string(), std::string(501, 'x'), std::string("\xff"), std::string(1, '\0')}) {
        one.text = text;
        EXPECT_EQ(field(one), "text");
    }
    one = good;
    one.until = second(0);
    EXPECT_EQ(field(one), "until");
    one = good;
    one.tags.assign(11, "x");
    EXPECT_EQ(field(one), "tags");
    one.tags = {std::string(65, 'x')};
    EXPECT_EQ(field(one), "tags");
    EXPECT_THAT(list(-100, 100), IsEmpty());
    one = good;
    one.text = std::string(500, 'x');
    one.kind = std::string(32, 'k');
    one.tags.assign(10, std::string(64, 't'));
    one.until = one.at;
    EXPECT_EQ(field(one), "none");
}

TEST(AnnotationCodec, ReadsBackWhatItWrites) {
    const Annotation one{"a", second(1), second(2), "fault", "quote \" and \n", "shop", "ada", {"x", "y"}};
    EXPECT_EQ(*decode_annotation(encode(one)), one);
    const auto all = decode_annotations(encode(std::vector<Annotation>{one, one}));
    ASSERT_TRUE(all.ok()) << all.error().describe();
    EXPECT_THAT(*all, ElementsAre(one, one));
}

TEST(AnnotationCodec, WhatIsAskedForHasDefaultsAndFaults) {
    const auto asked = read_new_annotation(R"({"text":"2.3.1"})", second(5));
    ASSERT_TRUE(asked.ok());
    EXPECT_EQ(asked->at, second(5));
    EXPECT_EQ(asked->kind, "note");
    EXPECT_EQ(read_new_annotation(R"({"text":"x","at":1770000007,"kind":"deploy"})", {})->at, second(7));
    for (const auto& [body, field] : {std::pair{"", ""},
                                      {"[]", ""},
                                      {"{}", "text"},
                                      {R"({"text":1})", "text"},
                                      {R"({"text":"x","id":"1"})", "id"},
                                      {R"({"text":"x","by":"me"})", "by"},
                                      {R"({"text":"x","at":"yesterday"})", "at"},
                                      {R"({"text":"x","at":{}})", "at"},
                                      {R"({"text":"x","tags":"a"})", "tags"},
                                      {R"({"text":"x","tags":[1]})", "tags"},
                                      {R"({"text":"x","until":1e300})", "until"}}) {
        const auto read = read_new_annotation(body, {});
        ASSERT_FALSE(read.ok()) << body;
        EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
        EXPECT_EQ(read.error().field, field) << body;
    }
}

}  // namespace
}  // namespace streamgauge::api
