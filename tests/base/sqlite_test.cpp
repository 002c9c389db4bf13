// SPDX-License-Identifier: GPL-3.0-or-later
// SQLite's handles: values go in and out unchanged, and its codes come out as Errors.
#include "base/sqlite.h"

#include <gtest/gtest.h>

namespace streamgauge {
namespace {

TEST(Sqlite, ValuesGoInAndOutUnchanged) {
    auto connection = sql::open(":memory:", true);
    ASSERT_TRUE(connection.ok());
    ASSERT_TRUE(sql::execute(connection->get(), "CREATE TABLE t(a INTEGER, b TEXT NOT NULL, c BLOB NOT NULL)").ok());
    auto insert = sql::Statement::prepare(connection->get(), "INSERT INTO t VALUES(?1, ?2, ?3)");
    ASSERT_TRUE(insert.ok());
    const std::string blob("\0\xFF\n", 3);
    ASSERT_TRUE(
        insert->bind(1, std::numeric_limits<std::int64_t>::min()).bind_text(2, "é").bind_blob(3, blob).run().ok());
    ASSERT_TRUE(insert->bind(1, 2).bind_text(2, {}).bind_blob(3, {}).run().ok()) << "an empty view is no NULL";
    auto select = sql::Statement::prepare(connection->get(), "SELECT a, b, c FROM t ORDER BY rowid");
    ASSERT_TRUE(select.ok());
    ASSERT_TRUE(select->step().value_or(false));
    EXPECT_EQ(select->integer(0), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(select->bytes(1), "é");
    EXPECT_EQ(select->bytes(2), blob);
    ASSERT_TRUE(select->step().value_or(false));
    EXPECT_EQ(select->bytes(1), "");
    EXPECT_FALSE(select->step().value_or(true));
    EXPECT_TRUE(select->step().value_or(false)) << "it starts again after the last row";
}

TEST(Sqlite, CodesComeOutAsErrors) {
    EXPECT_EQ(sql::open("/nowhere/at/all.db", true).error().code, ErrorCode::Io);
    EXPECT_EQ(sql::open(":memory:", true, "no such vfs").ok(), false);
    auto connection = sql::open(":memory:", true);
    ASSERT_TRUE(connection.ok());
    const std::string long_one = "SELEKT 1" + std::string(1000, ' ');
    const Status lengthy = sql::execute(connection->get(), long_one.c_str());
    EXPECT_LT(lengthy.error().message.size(), 200U) << "a whole schema would hide what is wrong";
    const Status wrong = sql::execute(connection->get(), "SELEKT 1");
    ASSERT_FALSE(wrong.ok());
    EXPECT_NE(wrong.error().message.find("SELEKT"), std::string::npos);
    EXPECT_FALSE(sql::Statement::prepare(connection->get(), "SELECT x FROM nothing").ok());
    EXPECT_FALSE(sql::error_of_code(13, "writing").hint.empty()) << "SQLITE_FULL says what to do";
}

}  // namespace
}  // namespace streamgauge
