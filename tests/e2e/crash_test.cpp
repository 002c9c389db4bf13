// SPDX-License-Identifier: GPL-3.0-or-later
// kill -9 in the middle of sending, several times over one data directory. Each sender writes a history of what it sent
// and what was acknowledged; afterwards every acknowledged event is stored, every event is counted once, the server was
// ready within three seconds, and the answers are what they were.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "e2e/real_daemon.h"
#include "server/served_backend.h"

namespace streamgauge::test {
namespace {

constexpr int kSenders = 4;
constexpr int kRounds = 4;

// The product's promise is three seconds, however long the journal: of its processor's time, since a machine that is
// busy with other work gives a process only a share of it.
constexpr double kReadySeconds = 3;

// What a process, with all of its threads, has computed.
double processor_seconds(pid_t process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string text;
    std::getline(stat, text);
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    double user = -1, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string number_after(const std::string& text, const std::string& name) {
    const std::size_t at = text.find(name);
    if (at == std::string::npos) return "no " + name + " in " + text;
    const std::size_t begin = at + name.size();
    return text.substr(begin, text.find_first_not_of("0123456789", begin) - begin);
}

class CrashTest : public ::testing::Test {
protected:
    struct History {
        std::set<std::string> sent, acknowledged;
    };

    std::string history_file(int sender) const {
        return directory_.path() + "/history-" + std::to_string(sender) + ".txt";
    }

    void start() {
        daemon_ = std::make_unique<RealDaemon>(std::vector<std::string>{
            "serve", "--data-dir", directory_.path() + "/data", "--listen", "127.0.0.1:0", "--management", "off"});
        const auto endpoint = daemon_->endpoint();
        ASSERT_TRUE(endpoint.has_value()) << daemon_->errors();
        endpoint_ = *endpoint;
        EXPECT_EQ(client().request("GET", "/health")->status, 200);
        const double computed = processor_seconds(daemon_->pid());
        EXPECT_GE(computed, 0);
        EXPECT_LT(computed, kReadySeconds);
    }
    daemon::HttpClient client() const { return daemon::HttpClient(endpoint_, std::chrono::seconds(60)); }

    static std::string event(int sender, const std::string& id) {
        return R"({"event_id":")" + id + R"(","event_type":"page_view","user_id":"u)" + std::to_string(sender) +
               R"(","session_id":"s)" + std::to_string(sender) + R"(","page_url":"/crash"})";
    }

    // Sends until the server is gone. The id is in the history before the event is on its way.
    void send_until_it_dies(int round, int sender, std::atomic<int>& acknowledged) const {
        std::ofstream history(history_file(sender), std::ios::app);
        for (int n = 0;; ++n) {
            const std::string id = "r" + std::to_string(round) + "-" + std::to_string(sender) + "-" + std::to_string(n);
            history << "sent " << id << std::endl;
            const auto answer = client().request("POST", "/events", event(sender, id));
            if (!answer.ok()) return;
            ASSERT_EQ(answer->status, 202) << answer->body;
            history << "acknowledged " << id << std::endl;
            ++acknowledged;
        }
    }

    History history(int sender) const {
        History all;
        std::ifstream file(history_file(sender));
        for (std::string what, id; file >> what >> id;) (what == "sent" ? all.sent : all.acknowledged).insert(id);
        return all;
    }

    // Posts the events again, in batches; {accepted, duplicates}.
    std::pair<std::size_t, std::size_t> send_again(int sender, const std::set<std::string>& ids) const {
        std::size_t accepted = 0, duplicates = 0;
        for (auto id = ids.begin(); id != ids.end();) {
            std::string body;
            for (int n = 0; n < 500 && id != ids.end(); ++n, ++id) body += (n == 0 ? "[" : ",") + event(sender, *id);
            const auto answer = client().request("POST", "/events", body + "]");
            EXPECT_TRUE(answer.ok()) << answer.error().describe();
            if (!answer.ok()) break;
            accepted += std::stoul(number_after(answer->body, R"("accepted":)"));
            duplicates += std::stoul(number_after(answer->body, R"("duplicates":)"));
        }
        return {accepted, duplicates};
    }

    std::string answer(const std::string& target) const {
        const auto got = client().request("GET", target);
        return got.ok() ? got->body : got.error().describe();
    }

    TemporaryDirectory directory_;
    std::unique_ptr<RealDaemon> daemon_;
    http::Endpoint endpoint_;
};

TEST_F(CrashTest, NothingAcknowledgedIsLostAndNothingIsCountedTwice) {
    for (int round = 0; round < kRounds; ++round) {
        start();
        if (HasFatalFailure()) return;
        std::atomic<int> acknowledged{0};
        std::vector<std::thread> senders;
        for (int sender = 0; sender < kSenders; ++sender) {
            senders.emplace_back([&, sender] { send_until_it_dies(round, sender, acknowledged); });
        }
        // Each round dies at another point.
        const int until = 50 + 137 * round;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (acknowledged < until && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
        daemon_->signal(SIGKILL);
        for (std::thread& sender : senders) sender.join();
        EXPECT_EQ(daemon_->wait().exit_code, -SIGKILL);
        EXPECT_GE(acknowledged, until);
    }

    start();
    std::size_t total = 0;
    for (int sender = 0; sender < kSenders; ++sender) {
        const History all = history(sender);
        total += all.sent.size();
        EXPECT_GE(all.sent.size(), all.acknowledged.size());
        // Every acknowledged one is there: to send it again adds nothing.
        EXPECT_EQ(send_again(sender, all.acknowledged), std::make_pair(std::size_t{0}, all.acknowledged.size()));
        // Of the others some are there, unacknowledged; now all are, and each once.
        const auto [accepted, duplicates] = send_again(sender, all.sent);
        EXPECT_EQ(accepted + duplicates, all.sent.size());
        EXPECT_LE(accepted, all.sent.size() - all.acknowledged.size());
        const std::string user = "u" + std::to_string(sender);
        const std::string expected =
            R"({"user_id":")" + user + R"(","page_url":"/crash","count":)" + std::to_string(all.sent.size()) + "}";
        const std::string target = "/analytics/events?user_id=" + user + "&page_url=/crash";
        EXPECT_EQ(ask_until([&] { return answer(target); }, [&](const std::string& body) { return body == expected; }),
                  expected);
    }

    const std::vector<std::string> questions = {"/metrics/active_users?minutes=60", "/metrics/top_pages?minutes=60",
                                                "/metrics/active_sessions?user_id=u1",
                                                "/analytics/events?user_id=u0&page_url=/crash"};
    std::vector<std::string> before;
    for (const std::string& question : questions) before.push_back(answer(question));
    EXPECT_EQ(before[0], R"({"active_users":)" + std::to_string(kSenders) + "}");
    EXPECT_EQ(before[1], R"({"top_pages":[{"page":"/crash","views":)" + std::to_string(total) + "}]}");
    daemon_->signal(SIGKILL);
    daemon_->wait();
    start();
    for (std::size_t i = 0; i < questions.size(); ++i) {
        EXPECT_EQ(
            ask_until([&] { return answer(questions[i]); }, [&](const std::string& body) { return body == before[i]; }),
            before[i])
            << questions[i];
    }
    const std::string exposition = answer("/prometheus");
    EXPECT_EQ(number_after(exposition, "\nstreamgauge_ledger_difference "), "0");
    EXPECT_EQ(number_after(exposition, "\nrtap_events_raw_count "), std::to_string(total));
}

}  // namespace
}  // namespace streamgauge::test
