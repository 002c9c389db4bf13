// SPDX-License-Identifier: GPL-3.0-or-later
// The places in which tests keep load runs: a file, and a real PostgreSQL server that the test program starts once.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "api/load_run_store.h"
#include "support/temporary_directory.h"
#if STREAMGAUGE_WITH_POSTGRESQL
#include "support/postgresql_server.h"
#endif

namespace streamgauge::test {

enum class LoadRunPlace { File, Postgresql };
inline std::string name_of(LoadRunPlace place) {
    return place == LoadRunPlace::File ? "File" : "Postgresql";
}

#if STREAMGAUGE_WITH_POSTGRESQL
// Without load runs in it. nullptr when there is none, which fails the test.
inline PostgresqlServer* empty_postgresql() {
    static std::string why;
    static const std::unique_ptr<PostgresqlServer> server = PostgresqlServer::start(why);
    if (!server) ADD_FAILURE() << "no PostgreSQL: " << why;
    if (server) {
        EXPECT_EQ(server->sql("SET client_min_messages = error; DROP SCHEMA IF EXISTS streamgauge CASCADE"), "");
    }
    return server.get();
}
#endif

inline api::StoredLoadRun load_run(const std::string& id, std::int64_t seconds) {
    api::StoredLoadRun run;
    run.id = id;
    run.name = "checkout";
    run.url = "http://127.0.0.1/events";
    run.started_at = {seconds * 1'000'000};
    run.state = "done";
    run.verdict = "valid";
    run.passed = true;
    run.by = "user admin";
    run.seconds = 30.25;
    run.seed = UINT64_MAX;
    run.planned = 100;
    run.good = 98;
    run.bad = 2;
    run.p99_ms = 12.5;
    return run;
}

class LoadRunPlaces : public ::testing::Test {
public:
    static std::vector<LoadRunPlace> all() {
        std::vector<LoadRunPlace> places{LoadRunPlace::File};
#if STREAMGAUGE_WITH_POSTGRESQL
        places.push_back(LoadRunPlace::Postgresql);
#endif
        return places;
    }

protected:
    void use(LoadRunPlace place) {
        place_ = (directory_.path / "loadruns.db").string();
#if STREAMGAUGE_WITH_POSTGRESQL
        if (place == LoadRunPlace::Postgresql) {
            server_ = empty_postgresql();
            ASSERT_NE(server_, nullptr);
            place_ = server_->url();
        }
#else
        ASSERT_EQ(place, LoadRunPlace::File);
#endif
    }
    std::unique_ptr<api::LoadRunStore> open(api::LoadRunLimits limits = {}) const {
        auto store = api::LoadRunStore::open(place_, limits);
        EXPECT_TRUE(store.ok()) << store.error().describe();
        return std::move(store).value();
    }
    static api::StoredLoadRun run(const std::string& id, std::int64_t seconds) {
        return load_run(id, seconds);
    }
    std::uintmax_t bytes_on_disk() const {
#if STREAMGAUGE_WITH_POSTGRESQL
        if (server_ != nullptr) return std::stoull(server_->sql("SELECT pg_table_size('streamgauge.load_runs')"));
#endif
        return std::filesystem::file_size(place_);
    }

    TemporaryDirectory directory_;
    std::string place_;
#if STREAMGAUGE_WITH_POSTGRESQL
    PostgresqlServer* server_ = nullptr;
#endif
};

}  // namespace streamgauge::test
