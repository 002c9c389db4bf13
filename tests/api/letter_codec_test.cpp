// SPDX-License-Identifier: GPL-3.0-or-later
// JSON of dead letters: read(write(x)) is x, and what is wrong is refused with its path.
#include "api/letter_codec.h"

#include <gtest/gtest.h>

namespace streamgauge::api {
namespace {

Letter full_letter() {
    Letter out;
    out.letter.id = 17;
    out.letter.project = "shop";
    out.letter.source = "/v1/batch";
    out.letter.producer = "key k_1 \"x\"";
    out.letter.reason = "longer than 256 bytes";
    out.letter.field = "/batch/0/userId";
    out.letter.event_id = "e\n1";
    out.letter.raw = std::string("\0{\"a\":1}\xFF", 9);
    out.letter.dialect = Dialect::Otlp;
    out.letter.received_at = Timestamp{1'770'000'000'123'456};
    out.letter.item = 9;
    out.letter.offset = 1234;
    out.letter.raw_cut = true;
    out.state = LetterState::Resent;
    out.kind = "/batch/\xE2\x80\xA6/userId: longer than 256 bytes";
    out.bytes = 777;
    out.mended = "{\"b\":\"\xC3\xA9\"}";
    out.resent_at = Timestamp{1'770'000'001'000'000};
    out.resent_as = 42;
    out.was_duplicate = true;
    return out;
}

void expect_same(const Letter& a, const Letter& b, bool whole) {
    EXPECT_EQ(encode(a, whole), encode(b, whole));
    EXPECT_EQ(a.letter.dialect, b.letter.dialect);
    EXPECT_EQ(a.letter.received_at, b.letter.received_at);
    EXPECT_EQ(a.resent_at, b.resent_at);
    EXPECT_EQ(a.resent_as, b.resent_as);
    EXPECT_EQ(a.state, b.state);
    if (!whole) return;
    EXPECT_EQ(a.letter.raw, b.letter.raw);
    EXPECT_EQ(a.mended, b.mended);
}

TEST(LetterCodec, ReadsWhatItWrites) {
    const Letter full = full_letter();
    auto read = decode_letter(encode(full, true));
    ASSERT_TRUE(read.ok()) << read.error().describe();
    expect_same(*read, full, true);
    const Letter empty;
    read = decode_letter(encode(empty, true));
    ASSERT_TRUE(read.ok()) << read.error().describe();
    expect_same(*read, empty, true);

    LetterPage page;
    page.letters = {full, empty};
    page.cursor = 5;
    page.total = 9;
    const auto pages = decode_letter_page(encode(page));
    ASSERT_TRUE(pages.ok()) << pages.error().describe();
    ASSERT_EQ(pages->letters.size(), 2U);
    expect_same(pages->letters[0], full, false);
    EXPECT_EQ(pages->cursor, 5U);
    EXPECT_EQ(pages->total, 9U);
    EXPECT_FALSE(decode_letter_page(encode(LetterPage{}))->cursor);

    const std::vector<ReasonCount> reasons{{"p", "/s", "k", 1, 2, 3, 4, Timestamp{5}}};
    const auto counts = decode_reasons(encode(reasons));
    ASSERT_TRUE(counts.ok()) << counts.error().describe();
    EXPECT_EQ(encode(*counts), encode(reasons));
    EXPECT_EQ(counts->front().newest, Timestamp{5});

    ResendResult result;
    result.resent = 3;
    result.duplicates = 1;
    result.failures = 1;
    result.failed = {{7, "no \"x\""}};
    result.stopped = true;
    const auto results = decode_resend_result(encode(result));
    ASSERT_TRUE(results.ok());
    EXPECT_EQ(results->failed, result.failed);
    EXPECT_EQ(encode(*results), encode(result));
    const ResendProgress progress{true, 50, result};
    EXPECT_EQ(encode(*decode_resend_progress(encode(progress))), encode(progress));

    const std::vector<LetterUsage> usage{{"p", 1, 2, 3, 4, 5, 6}};
    EXPECT_EQ(encode(*decode_letter_usage(encode(usage))), encode(usage));

    ResendRequest request;
    request.ids = {1, 2};
    EXPECT_EQ(decode_resend_request(encode(request))->ids, request.ids);
    request = {};
    request.filter = LetterFilter{"p", LetterState::Open, "k", "r", "s", "otlp", "e", Timestamp{1}, Timestamp{2}};
    const auto asked = decode_resend_request(encode(request));
    ASSERT_TRUE(asked.ok()) << asked.error().describe();
    EXPECT_EQ(encode(*asked), encode(request));
    EXPECT_TRUE(decode_resend_request(R"({"filter":{}})")->filter->takes_all());
}

TEST(LetterCodec, RefusesWhatIsWrongWithItsPath) {
    const std::string good = encode(full_letter(), true);
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        const std::size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return text.replace(at, from.size(), to);
    };
    EXPECT_EQ(decode_letter("[").error().message, "not valid JSON");
    EXPECT_FALSE(decode_letter("[]").ok());
    EXPECT_EQ(decode_letter(changed("\"id\":17", "\"id\":-1")).error().field, "id");
    EXPECT_EQ(decode_letter(changed("\"id\":17,", "")).error().field, "id");
    EXPECT_EQ(decode_letter(changed("\"resent\"", "\"lost\"")).error().field, "state");
    EXPECT_EQ(decode_letter(changed("\"otlp\"", "\"latin\"")).error().field, "dialect");
    EXPECT_EQ(decode_letter(changed("base64url", "base32")).error().field, "raw");
    EXPECT_EQ(decode_letter(changed("2026-02-02T02:40:00.123456Z", "now")).error().field, "received_at");
    EXPECT_EQ(decode_letter_page(R"({"letters":{},"cursor":null,"total":0})").error().field, "letters");
    EXPECT_EQ(decode_letter_page(R"({"letters":[],"total":0})").error().field, "cursor");
    EXPECT_EQ(decode_reasons(R"({"reasons":[7]})").error().field, "reasons");
    EXPECT_EQ(decode_resend_request(R"({"filter":{"x":1}})").error().field, "filter.x");
}

}  // namespace
}  // namespace streamgauge::api
