// SPDX-License-Identifier: GPL-3.0-or-later
// The small parts behind the routes: parameters, request metrics, the exposition format, the data directory's lock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "api/admin_service.h"
#include "server/data_lock.h"
#include "server/exposition.h"
#include "server/parameters.h"
#include "server/request_metrics.h"
#include "server/routes.h"

namespace streamgauge {
namespace {

using ::testing::HasSubstr;

http::Request with_query(std::string_view query) {
    http::Request request;
    request.query = query;
    return request;
}

TEST(ParametersTest, IntegersAreReadWithinTheirBounds) {
    const auto request = with_query("a=5&b=&c=x&d=1e3&e=11&f=0&g=10&h=+7");
    Parameters in(request);
    EXPECT_EQ(in.integer("a", 1, 1, 10), 5);
    EXPECT_EQ(in.integer("absent", 7, 1, 10), 7);
    EXPECT_EQ(in.integer("g", 1, 1, 10), 10);
    EXPECT_FALSE(in.fault().has_value());
    for (const std::string_view bad : {"b", "c", "d", "e", "f", "h"}) {
        Parameters one(request);
        one.integer(bad, 1, 1, 10);
        ASSERT_TRUE(one.fault().has_value()) << bad;
        EXPECT_EQ(one.fault()->field, bad);
        EXPECT_EQ(one.fault()->message, std::string(bad) + " must be a whole number from 1 to 10");
    }
}

TEST(ParametersTest, TextsAreUtf8OfBoundedLength) {
    const auto request = with_query("ok=a%20%C3%A4&nul=a%00b&broken=%FF&long=12345&empty=");
    Parameters in(request);
    EXPECT_EQ(in.text("ok", 4), "a \xC3\xA4");
    EXPECT_EQ(in.text("absent", 4), "");
    EXPECT_FALSE(in.fault().has_value());
    for (const std::string_view bad : {"nul", "broken", "long"}) {
        Parameters one(request);
        EXPECT_EQ(one.text(bad, 4), "");
        ASSERT_TRUE(one.fault().has_value()) << bad;
        EXPECT_EQ(one.fault()->field, bad);
    }
    Parameters required(request);
    EXPECT_EQ(required.required_text("empty", 4), "");
    EXPECT_EQ(required.fault()->message, "empty is missing");
}

TEST(ParametersTest, WordsAndUnknownNames) {
    const auto request = with_query("by=second&utm_source=x&&utm_medium=y");
    Parameters in(request);
    EXPECT_EQ(in.word("by", {"first", "second"}), 1u);
    EXPECT_EQ(in.word("absent", {"first", "second"}), 0u);
    EXPECT_EQ(in.unknown({"by"}), 2u);
    EXPECT_EQ(in.word("by", {"first"}), 0u);
    EXPECT_EQ(in.fault()->message, "by must be one of first");
}

TEST(ExpositionTest, HasThePrescribedText) {
    Exposition out;
    out.counter("a_total", "Counts a.", 3);
    out.family("b", "gauge", "B.");
    out.sample("b", {{"x", "1\"2\\3\n4"}, {"y", "z"}}, 0.5);
    out.gauge("c", "C.", std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(out.take(),
              "# HELP a_total Counts a.\n# TYPE a_total counter\na_total 3\n"
              "# HELP b B.\n# TYPE b gauge\nb{x=\"1\\\"2\\\\3\\n4\",y=\"z\"} 0.5\n"
              "# HELP c C.\n# TYPE c gauge\nc NaN\n");
}

TEST(RequestMetricsTest, CountsByTemplateMethodAndStatus) {
    http::RouteTable table;
    ASSERT_TRUE(table
                    .add({http::Method::Get, "/things/{id}", http::Scope::Public, http::Plane::Both, 0, "",
                          [](const http::Request&, const http::ReplyPtr&) {}})
                    .ok());
    RequestMetrics metrics;
    metrics.prepare(table);
    const http::Route* route = &table.rows()[0];
    metrics.answered({route, http::Method::Get, 200, 1'000'000});   // 1 ms: exactly a bound
    metrics.answered({route, http::Method::Get, 200, 20'000'000});  // 20 ms
    metrics.answered({route, http::Method::Get, 429, 60'000'000'000});
    metrics.answered({nullptr, http::Method::Post, 404, 0});
    metrics.ignored_parameters(2);
    EXPECT_EQ(metrics.with_status(429), 1u);

    Exposition out;
    metrics.expose(out);
    const std::string text = out.take();
    for (const std::string_view line : {
             R"(http_server_requests_seconds_bucket{uri="/things/{id}",method="GET",status="200",le="0.0005"} 0)",
             R"(http_server_requests_seconds_bucket{uri="/things/{id}",method="GET",status="200",le="0.001"} 1)",
             R"(http_server_requests_seconds_bucket{uri="/things/{id}",method="GET",status="200",le="0.025"} 2)",
             R"(http_server_requests_seconds_bucket{uri="/things/{id}",method="GET",status="200",le="+Inf"} 2)",
             R"(http_server_requests_seconds_sum{uri="/things/{id}",method="GET",status="200"} 0.021)",
             R"(http_server_requests_seconds_count{uri="/things/{id}",method="GET",status="200"} 2)",
             R"(http_server_requests_seconds_bucket{uri="/things/{id}",method="GET",status="429",le="10"} 0)",
             R"(http_server_requests_seconds_bucket{uri="/things/{id}",method="GET",status="429",le="+Inf"} 1)",
             R"(http_server_requests_seconds_count{uri="UNKNOWN",method="POST",status="404"} 1)",
             R"(api_http_requests_total{method="GET",path="/things/{id}",status="200"} 2)",
             R"(api_http_request_duration_seconds_bucket{method="GET",path="/things/{id}",le="+Inf"} 3)",
             R"(api_http_request_duration_seconds_count{method="GET",path="/things/{id}"} 3)",
             R"(streamgauge_ignored_parameters_total 2)",
         }) {
        EXPECT_THAT(text, HasSubstr(std::string(line) + "\n"));
    }
}

class KeptReply final : public http::Reply {
public:
    void send(http::Response response) override { kept = std::move(response); }
    std::shared_ptr<http::Stream> stream() override { return nullptr; }
    http::Response kept;
};

class HealthTest : public ::testing::Test {
protected:
    HealthTest() { EXPECT_TRUE(add_health_routes(table_, admin_).ok()); }
    http::Response get(std::string_view path) {
        http::Request request;
        request.path = path;
        const auto found = table_.find(http::Plane::Both, request);
        const auto reply = std::make_shared<KeptReply>();
        if (found.route != nullptr) found.route->handler(request, reply);
        return reply->kept;
    }

    std::optional<Error> fault_;
    std::string remark_;
    api::ServerAdmin admin_{api::Hello{},
                            {{"journal", [] { return std::optional<Error>(); }, [this] { return remark_; }},
                             {"store", [this] { return fault_; }}}};
    http::RouteTable table_;
};

TEST_F(HealthTest, APartThatFailsIsDownInEveryForm) {
    EXPECT_EQ(get("/api/v1/health").status, 200);
    fault_ = Error::make(ErrorCode::Io, "disk \"full\"");
    EXPECT_EQ(get("/api/v1/health").status, 503);
    EXPECT_EQ(get("/api/v1/health").body, R"({"status":"DOWN"})");
    EXPECT_EQ(get("/health").status, 503);
    EXPECT_EQ(get("/health").body, R"({"ok":false,"error":"store: disk \"full\""})");
    EXPECT_EQ(get("/actuator/health").status, 503);
    EXPECT_EQ(get("/actuator/health").body, R"({"status":"DOWN","components":{"journal":{"status":"UP"},)"
                                            R"("store":{"status":"DOWN","details":{"error":"disk \"full\""}}}})");
    EXPECT_EQ(get("/api/v1/health/details").status, 503);
    fault_.reset();
    EXPECT_EQ(get("/health").body, R"({"ok":true})");
}

TEST_F(HealthTest, ARemarkIsInTheDetailsAndTheServerIsUp) {
    remark_ = "less than it should be";
    EXPECT_EQ(get("/api/v1/health/details").status, 200);
    EXPECT_THAT(get("/api/v1/health/details").body,
                HasSubstr(R"({"name":"journal","up":true,"detail":"less than it should be"})"));
    EXPECT_EQ(get("/health").body, R"({"ok":true})");
}

TEST_F(HealthTest, AServerThatStopsIsDown) {
    admin_.start_draining();
    EXPECT_EQ(get("/health").status, 503);
    EXPECT_EQ(get("/health").body, R"({"ok":false,"error":"server: the server is stopping"})");
}

class DataLockTest : public ::testing::Test {
protected:
    ~DataLockTest() override { std::filesystem::remove_all(directory_); }
    const std::string directory_ =
        (std::filesystem::temp_directory_path() / ("streamgauge_lock_test_" + std::to_string(getpid()))).string();
};

TEST_F(DataLockTest, MakesTheDirectoryForItsOwnerOnlyAndExcludesASecondServer) {
    auto lock = DataLock::take(directory_ + "/deep/er");
    ASSERT_TRUE(lock.ok()) << lock.error().describe();
    EXPECT_EQ(std::filesystem::status(directory_ + "/deep/er").permissions(), std::filesystem::perms::owner_all);
    const auto second = DataLock::take(directory_ + "/deep/er");
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
    EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(getpid())));
    EXPECT_THAT(second.error().hint, HasSubstr("--data-dir"));
    { const DataLock released = std::move(lock).value(); }
    EXPECT_TRUE(DataLock::take(directory_ + "/deep/er").ok());
}

TEST_F(DataLockTest, IsReleasedByTheKernelWhenItsOwnerIsKilled) {
    int ready[2];
    ASSERT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        const auto lock = DataLock::take(directory_);
        const char taken = lock.ok() ? 'y' : 'n';
        if (write(ready[1], &taken, 1) == 1) pause();
        _exit(0);
    }
    char taken = 0;
    ASSERT_EQ(read(ready[0], &taken, 1), 1);
    EXPECT_EQ(taken, 'y');
    const auto refused = DataLock::take(directory_);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr("process " + std::to_string(child)));
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    EXPECT_TRUE(DataLock::take(directory_).ok());
}

TEST_F(DataLockTest, ADirectoryThatCannotBeMadeIsSaidSo) {
    std::ofstream(directory_) << "a file";
    const auto lock = DataLock::take(directory_ + "/below");
    ASSERT_FALSE(lock.ok());
    EXPECT_EQ(lock.error().code, ErrorCode::Io);
    EXPECT_EQ(lock.error().field, "data_dir");
}

}  // namespace
}  // namespace streamgauge
