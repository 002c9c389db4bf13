// SPDX-License-Identifier: GPL-3.0-or-later
// The doctor's findings on real sockets and real databases, and that looking changes nothing.
#include "daemon/doctor_checks.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "daemon/machine_probe.h"

namespace streamgauge::daemon {
namespace {

namespace fs = std::filesystem;

// A TCP socket on a free port of 127.0.0.1, listening until it goes away.
class Listening {
public:
    Listening() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* plain = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(socket_, plain, size), 0);
        EXPECT_EQ(::listen(socket_, 1), 0);
        EXPECT_EQ(::getsockname(socket_, plain, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~Listening() { ::close(socket_); }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    http::Endpoint endpoint() const { return {"127.0.0.1", port_}; }

private:
    int socket_;
    std::uint16_t port_ = 0;
};

class DoctorChecksTest : public testing::Test {
protected:
    void SetUp() override {
        directory_ = fs::path(testing::TempDir()) / ("doctor_checks_test_" + std::to_string(::getpid()));
        fs::remove_all(directory_);
        fs::create_directories(directory_ / "data");
    }
    void TearDown() override { fs::remove_all(directory_); }

    LoadedConfig config(std::vector<std::string> listen = {"127.0.0.1:0"}) const {
        LoadedConfig loaded;
        loaded.config.data_dir = directory_ / "data";
        loaded.config.listen = std::move(listen);
        loaded.config.management = "off";
        return loaded;
    }

    // A journal file with rows; in WAL mode with its log left behind, as a crash leaves it.
    void make_database(const std::string& name, bool leave_log) const {
        const fs::path made = directory_ / "made.db";
        sqlite3* database = nullptr;
        ASSERT_EQ(sqlite3_open(made.c_str(), &database), SQLITE_OK);
        ASSERT_EQ(sqlite3_exec(database,
                               "PRAGMA journal_mode=WAL; CREATE TABLE event(id INTEGER PRIMARY KEY, text TEXT);"
                               "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                               "INSERT INTO event(text) SELECT 'an event with some text ' || i FROM n;",
                               nullptr, nullptr, nullptr),
                  SQLITE_OK);
        if (!leave_log) sqlite3_close(database);
        for (const char* end : {"", "-wal", "-shm"}) {
            const fs::path from = made.string() + end;
            if (fs::exists(from)) fs::copy_file(from, (directory_ / "data" / name).string() + end);
        }
        if (leave_log) sqlite3_close(database);
        for (const char* end : {"", "-wal", "-shm"}) fs::remove(made.string() + end);
    }

    std::map<std::string, std::string> contents() const {
        std::map<std::string, std::string> all;
        for (const auto& entry : fs::directory_iterator(directory_ / "data")) {
            std::ifstream in(entry.path(), std::ios::binary);
            all[entry.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
        }
        return all;
    }

    static std::vector<Finding> of(const std::vector<Finding>& findings, std::string_view check) {
        std::vector<Finding> some;
        std::copy_if(findings.begin(), findings.end(), std::back_inserter(some),
                     [&](const Finding& finding) { return finding.check == check; });
        return some;
    }

    static bool can_serve(const std::vector<Finding>& findings) {
        return std::none_of(findings.begin(), findings.end(),
                            [](const Finding& finding) { return finding.grade == Grade::Problem; });
    }

    fs::path directory_;
};

TEST_F(DoctorChecksTest, FindsNothingInTheWayOfAFreshServer) {
    const auto findings = examine(config(), directory_);
    for (const Finding& finding : findings) {
        EXPECT_NE(finding.grade, Grade::Problem) << finding.what;
        EXPECT_EQ(finding.advice.empty(), finding.grade == Grade::Good) << finding.what;
    }
    EXPECT_EQ(of(findings, "port").size(), 1U);
    EXPECT_TRUE(of(findings, "toolchain").empty());  // not in a checkout
}

TEST_F(DoctorChecksTest, NamesWhoHasAPort) {
    const Listening other;
    const auto findings = of(examine(config({other.address()}), directory_), "port");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].grade, Grade::Problem);
    EXPECT_THAT(findings[0].what, testing::HasSubstr("process " + std::to_string(::getpid())));
    EXPECT_THAT(findings[0].advice, testing::HasSubstr("--listen"));
}

TEST_F(DoctorChecksTest, SeesAPortThatIsGivenBack) {
    http::Endpoint endpoint;
    {
        const Listening other;
        endpoint = other.endpoint();
        EXPECT_TRUE(listener_on(endpoint).has_value());
    }
    EXPECT_FALSE(listener_on(endpoint).has_value());
}

TEST_F(DoctorChecksTest, ReportsAConfigurationThatCannotBeUsed) {
    const auto findings = examine(Error::make(ErrorCode::InvalidArgument, "http.threads must be a number"), directory_);
    EXPECT_FALSE(can_serve(findings));
    ASSERT_EQ(of(findings, "configuration").size(), 1U);
    EXPECT_THAT(of(findings, "configuration")[0].what, testing::HasSubstr("http.threads"));
}

TEST_F(DoctorChecksTest, ReadsWholeDatabasesAndChangesNothing) {
    make_database("journal-1.db", true);
    make_database("store.db", false);
    const auto before = contents();
    ASSERT_TRUE(before.contains("journal-1.db-wal"));
    const auto findings = of(examine(config(), directory_), "engine");
    ASSERT_EQ(findings.size(), 2U);
    for (const Finding& finding : findings) EXPECT_THAT(finding.what, testing::HasSubstr("is whole"));
    EXPECT_EQ(contents(), before);
}

TEST_F(DoctorChecksTest, FindsADamagedDatabase) {
    make_database("store.db", false);
    {
        std::fstream file(directory_ / "data" / "store.db", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(3 * 4096);
        file << std::string(4096, '\x5a');
    }
    const auto findings = of(examine(config(), directory_), "engine");
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].grade, Grade::Problem) << findings[0].what;
}

TEST_F(DoctorChecksTest, SaysThatLoadRunsWaitForTheirDatabase) {
    fs::create_directories(directory_ / "data" / "loadruns-waiting");
    const auto waiting = [&] {
        std::vector<std::string> found;
        for (const Finding& finding : examine(config(), directory_))
            if (finding.what.find("wait for their database") != std::string::npos) found.push_back(finding.what);
        return found;
    };
    EXPECT_TRUE(waiting().empty());
    for (const char* const name : {"000000000001.json", "000000000002.json", "000000000003.json.unreadable"})
        std::ofstream(directory_ / "data" / "loadruns-waiting" / name) << "x";
    EXPECT_EQ(waiting(), std::vector<std::string>{"2 load runs wait for their database"});
}

// A server does not start with a place of load runs that it cannot open.
TEST_F(DoctorChecksTest, LooksAtThePlaceOfLoadRuns) {
    LoadedConfig loaded = config();
    loaded.config.load_runs = "postgresql://gauge:secret@127.0.0.1:1/runs";
    auto findings = of(examine(loaded, directory_), "engine");
    ASSERT_EQ(findings.size(), 2U);
#if STREAMGAUGE_WITH_POSTGRESQL
    EXPECT_EQ(findings[1].grade, Grade::Good);
    EXPECT_EQ(findings[1].what, "load runs are kept in postgresql://gauge@127.0.0.1:1/runs");
#else
    EXPECT_EQ(findings[1].grade, Grade::Problem);
    EXPECT_EQ(findings[1].what, "this build keeps no load runs in PostgreSQL");
#endif
    loaded.config.load_runs = "postgresql://gauge:secret@host:port:port/runs";
    findings = of(examine(loaded, directory_), "engine");
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[1].grade, Grade::Problem);
    EXPECT_THAT(findings[1].what, testing::Not(testing::HasSubstr("secret")));
}

TEST_F(DoctorChecksTest, LooksAtTheToolsOnlyInACheckout) {
    std::ofstream(directory_ / "CMakePresets.json") << "{}";
    std::ofstream(directory_ / "CMakeLists.txt") << "project(streamgauge VERSION 1)";
    EXPECT_EQ(of(examine(config(), directory_ / "data"), "toolchain").size(), 1U);
}

TEST(MachineProbeTest, FindsWhatExistsOfAPath) {
    EXPECT_EQ(existing_part("/usr/no-such-folder/x/y"), "/usr");
    EXPECT_EQ(existing_part("/no-such-folder"), "/");
    EXPECT_TRUE(disk_space("/").ok());
    EXPECT_FALSE(disk_space("/no-such-folder").ok());
    EXPECT_FALSE(find_program("sh").empty());
    EXPECT_TRUE(find_program("no-such-program").empty());
}

}  // namespace
}  // namespace streamgauge::daemon
