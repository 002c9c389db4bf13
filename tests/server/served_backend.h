// SPDX-License-Identifier: GPL-3.0-or-later
// A real backend on free ports and a throw-away directory, and short hands to ask it over HTTP.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "daemon/http_client.h"
#include "server/backend.h"

namespace streamgauge::test {

// The wall clock stands still, so that answers can be literal; deadlines go on.
class StandingClock final : public Clock {
public:
    Timestamp now() const override { return parse_rfc3339("2026-01-31T12:00:30Z").value(); }
    std::int64_t monotonic_nanos() const override { return system_.monotonic_nanos(); }

private:
    SystemClock system_;
};

class TemporaryDirectory {
public:
    TemporaryDirectory() {
        static std::atomic<int> number{0};
        path_ = (std::filesystem::temp_directory_path() /
                 ("streamgauge_test_" + std::to_string(getpid()) + "_" + std::to_string(number++)))
                    .string();
        std::filesystem::create_directories(path_);
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

// Asks again until `settled` says so or the deadline has passed; the last answer either way.
template <class Ask, class Settled>
auto ask_until(const Ask& ask, const Settled& settled, std::chrono::seconds patience = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    auto answer = ask();
    while (!settled(answer) && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        answer = ask();
    }
    return answer;
}

class ServedBackend : public ::testing::Test {
protected:
    using Headers = daemon::HttpClient::Headers;

    void SetUp() override { start(); }
    void TearDown() override {
        if (backend_) backend_->stop();
        backend_.reset();  // while what a fixture gave it, its clock, is still there
    }

    virtual Config config() const {
        Config config;
        config.data_dir = directory_.path() + "/data";
        config.listen = {"127.0.0.1:0"};
        config.management = "127.0.0.1:0";
        config.canary_interval = 0;  // offsets can be literal
        const char* const programs = std::getenv("STREAMGAUGE_BUILD_BIN");
        config.load_program = std::string(programs == nullptr ? "." : programs) + "/streamgauged";
        return config;
    }
    virtual const Clock& clock() const { return clock_; }
    virtual StartOptions options() const { return {}; }
    void start() {
        auto started = Backend::start(config(), clock(), options());
        ASSERT_TRUE(started.ok()) << started.error().describe();
        backend_ = std::move(started).value();
        ASSERT_EQ(backend_->listening().size(), config().listen.size());
    }
    void restart() {
        backend_->stop();
        backend_.reset();
        start();
    }

    daemon::HttpClient client() const { return daemon::HttpClient(backend_->listening().front(), kPatience); }
    daemon::HttpClient operator_client() const { return daemon::HttpClient(*backend_->management(), kPatience); }
    // For what always needs a token.
    Headers as_admin() const {
        return {{"Authorization", "Bearer " + backend_->services().access.console_login().token}};
    }
    // A key of a project of its own, which is made; key_id_ is the key's.
    Headers key_of(const std::string& project) {
        api::AccessService& access = backend_->services().access;
        std::promise<void> made;
        access.save_project({project, project, {}, {}}, true, [&](const Result<api::Project>&) { made.set_value(); });
        made.get_future().wait();
        std::promise<std::string> secret;
        api::ApiKey wanted;
        wanted.name = "its key";
        wanted.project = project;
        wanted.permissions = auth::Permission::Ingest | auth::Permission::Query;
        access.create_key(wanted, {}, [&](const Result<api::NewApiKey>& key) {
            secret.set_value(key.ok() ? key->secret : key.error().describe());
            if (key.ok()) key_id_ = key->key.id;
        });
        return {{"Authorization", "Bearer " + secret.get_future().get()}};
    }
    static daemon::HttpAnswer ask(const daemon::HttpClient& client, std::string_view method, std::string_view target,
                                  std::string body = {}, Headers headers = {}) {
        auto answer = client.request(method, target, std::move(body), std::move(headers));
        EXPECT_TRUE(answer.ok()) << method << " " << target << ": " << answer.error().describe();
        return answer.ok() ? std::move(answer).value() : daemon::HttpAnswer{};
    }
    daemon::HttpAnswer get(std::string_view target, Headers headers = {}) const {
        return ask(client(), "GET", target, {}, std::move(headers));
    }
    daemon::HttpAnswer post(std::string_view target, std::string body, Headers headers = {}) const {
        return ask(client(), "POST", target, std::move(body), std::move(headers));
    }
    // Aggregation follows the commit within moments: waits for it.
    void expect_body(std::string_view target, std::string_view body) const {
        const auto answer = ask_until([&] { return get(target); }, [&](const auto& a) { return a.body == body; });
        EXPECT_EQ(answer.status, 200) << target;
        EXPECT_EQ(answer.body, body) << target;
    }

    static constexpr std::chrono::milliseconds kPatience{30'000};
    StandingClock clock_;
    TemporaryDirectory directory_;
    std::unique_ptr<Backend> backend_;
    std::string key_id_;
};

}  // namespace streamgauge::test
