// SPDX-License-Identifier: GPL-3.0-or-later
// A streamgauged of its own under 1,000 slow connections and under floods of headers and bodies: it serves everybody
// else, and its memory stays small.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/limits.h"
#include "http/raw_client.h"

namespace streamgauge::http::test {
namespace {

constexpr std::size_t kSlow = 1000;
constexpr std::uint64_t kMostKilobytes = 200 * 1024;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMeasured = false;  // a sanitizer's memory is its own
#else
constexpr bool kMeasured = true;
#endif

class Flooded : public ::testing::TestWithParam<bool> {  // whether it is the management listener
protected:
    void SetUp() override {
        rlimit descriptors{};
        getrlimit(RLIMIT_NOFILE, &descriptors);
        descriptors.rlim_cur = descriptors.rlim_max;
        setrlimit(RLIMIT_NOFILE, &descriptors);
        std::string name = (std::filesystem::temp_directory_path() / "streamgauge_flood_XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
        const char* const programs = std::getenv("STREAMGAUGE_BUILD_BIN");
        const std::string program = std::string(programs == nullptr ? "." : programs) + "/streamgauged";
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        const std::string data = directory_ + "/data";
        server_ = fork();
        ASSERT_GE(server_, 0);
        if (server_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            dup2(ends[1], STDOUT_FILENO);
            const int nowhere = open("/dev/null", O_WRONLY);
            dup2(nowhere, STDERR_FILENO);
            execl(program.c_str(), "streamgauged", "serve", "--listen", "127.0.0.1:0", "--management", "127.0.0.1:0",
                  "--data-dir", data.c_str(), nullptr);
            _exit(127);
        }
        ::close(ends[1]);
        std::string said;
        char text[512];
        while (said.find("management on ") == std::string::npos || said.back() != '\n') {
            const ssize_t count = ::read(ends[0], text, sizeof text);
            ASSERT_GT(count, 0) << "the server does not start: " << program;
            said.append(text, static_cast<std::size_t>(count));
        }
        output_ = ends[0];
        const std::string_view line = GetParam() ? "management on http://127.0.0.1:" : "listening on http://127.0.0.1:";
        port_ = static_cast<std::uint16_t>(std::stoi(said.substr(said.find(line) + line.size())));
    }
    void TearDown() override {
        if (server_ > 0) {
            kill(server_, SIGKILL);
            waitpid(server_, nullptr, 0);
        }
        if (output_ >= 0) ::close(output_);
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    std::uint64_t kilobytes(std::string_view what) const {
        std::ifstream status("/proc/" + std::to_string(server_) + "/status");
        for (std::string line; std::getline(status, line);) {
            if (line.starts_with(what)) return std::stoull(line.substr(what.size() + 1));
        }
        ADD_FAILURE() << "the server is gone";
        return 0;
    }
    void expect_small() const {
        const std::uint64_t most = kilobytes("VmHWM");
        RecordProperty("most_kilobytes", static_cast<int>(most));
        std::printf("most resident memory: %llu kB\n", static_cast<unsigned long long>(most));
        if (kMeasured) {
            EXPECT_LT(most, kMostKilobytes);
        }
    }
    std::uint64_t open_connections() const {
        RawClient client(port_);
        const std::string text =
            client.exchange("GET /prometheus HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").body;
        constexpr std::string_view kName = "\nstreamgauge_http_connections_open ";
        const std::size_t at = text.find(kName);
        EXPECT_NE(at, std::string::npos);
        return at == std::string::npos ? 0 : std::stoull(text.substr(at + kName.size()));
    }
    void expect_alive() const {
        EXPECT_EQ(RawClient(port_).exchange("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").body, R"({"ok":true})");
    }

    std::string directory_;
    pid_t server_ = -1;
    int output_ = -1;
    std::uint16_t port_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, Flooded, ::testing::Bool(),
                         [](const auto& row) { return std::string(row.param ? "Management" : "Public"); });

TEST_P(Flooded, AThousandSlowConnectionsHurtNobody) {
    std::vector<RawClient> slow;
    for (std::size_t i = 0; i < kSlow; ++i) {
        const std::string from = "127.0.3." + std::to_string(1 + i / 128);
        slow.emplace_back(port_, from.c_str());
        ASSERT_TRUE(slow.back().connected());
        ASSERT_TRUE(slow.back().send(i % 2 == 0 ? "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
                                                : "POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                                                  "8000\r\n\r\n{"));
    }
    EXPECT_TRUE(eventually([&] { return open_connections() >= kSlow; }));
    for (int round = 0; round < 3; ++round) {
        for (RawClient& client : slow) ASSERT_TRUE(client.send(" "));
        EXPECT_GE(open_connections(), kSlow) << "drop by drop they stay, until their time is over";
        expect_alive();
    }
    expect_small();
    // The deadlines of heads and bodies, by the real clock: ten seconds each.
    EXPECT_TRUE(eventually([&] {
        for (RawClient& client : slow) client.send(" ");
        return open_connections() <= 1;
    }));
    expect_alive();
}

TEST_P(Flooded, HeadersFlood) {
    const std::string block = [] {
        std::string text;
        while (text.size() < 1024 * 1024) text += "X-Flood: " + std::string(4000, 'x') + "\r\n";
        return text;
    }();
    std::vector<RawClient> clients;
    std::size_t sent = 0;
    while (sent < 64UL * 1024 * 1024) {
        clients.emplace_back(port_);
        clients.back().send("GET /health HTTP/1.1\r\nHost: localhost\r\n");
        for (int i = 0; i < 8 && clients.back().send(block); ++i) sent += block.size();
        EXPECT_EQ(clients.back().read().status, 431);
    }
    // The same without a line's end, and as the request line.
    for (const std::string_view start : {"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ", "GET /"}) {
        RawClient client(port_);
        client.send(start);
        const std::string endless(1024 * 1024, 'x');
        for (int i = 0; i < 64 && client.send(endless); ++i) {
        }
        EXPECT_EQ(client.read().status, start == "GET /" ? 414 : 431);
    }
    expect_small();
    expect_alive();
}

TEST_P(Flooded, BodiesFlood) {
    const std::string head = "POST /events HTTP/1.1\r\nHost: localhost\r\n";
    const std::string length = "Content-Length: " + std::to_string(limits::kIngestBodyBytes) + "\r\n\r\n";
    const std::string megabyte(1024 * 1024, ' ');
    // 64 MiB in flight, whole but for their last byte.
    std::vector<RawClient> held;
    for (std::size_t i = 0; i < limits::kBodyBytesInFlight / limits::kIngestBodyBytes; ++i) {
        held.emplace_back(port_);
        ASSERT_TRUE(held.back().send(head + length));
        for (std::size_t at = 0; at + megabyte.size() < limits::kIngestBodyBytes; at += megabyte.size())
            ASSERT_TRUE(held.back().send(megabyte));
        ASSERT_TRUE(held.back().send(std::string_view(megabyte).substr(1)));
    }
    expect_alive();
    expect_small();
    for (RawClient& client : held) {
        EXPECT_EQ(client.exchange("x").status, 400);  // spaces and an x are no event
    }
    held.clear();
    // 64 MiB in one body: refused by its length, or at the limit where it does not tell.
    RawClient told(port_);
    EXPECT_EQ(told.exchange(head + "Content-Length: 67108864\r\n\r\n").status, 413);
    RawClient chunked(port_);
    ASSERT_TRUE(chunked.send(head + "Transfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 64 && chunked.send("100000\r\n" + megabyte + "\r\n"); ++i) {
    }
    EXPECT_EQ(chunked.read().status, 413);
    // 64 MiB of chunks of one byte.
    RawClient crumbs(port_);
    ASSERT_TRUE(crumbs.send(head + "Transfer-Encoding: chunked\r\n\r\n"));
    std::string bytes;
    while (bytes.size() < megabyte.size()) bytes += "1\r\n \r\n";
    for (int i = 0; i < 64 && crumbs.send(bytes); ++i) {
    }
    EXPECT_EQ(crumbs.read().status, 413);
    expect_small();
    expect_alive();
}

}  // namespace
}  // namespace streamgauge::http::test
