// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/postgresql_server.h"

#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "support/eventually.h"

namespace streamgauge::test {

std::unique_ptr<PostgresqlServer> PostgresqlServer::start(std::string& why) {
    std::unique_ptr<PostgresqlServer> server(new PostgresqlServer);
    std::error_code none;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none))
        if (std::filesystem::exists(version.path() / "bin/initdb")) server->programs_ = version.path() / "bin";
    if (server->programs_.empty()) {
        why = "PostgreSQL is not installed (scripts/install-dependencies test)";
        return nullptr;
    }
    const std::string directory = server->directory_.path.string();
    if (geteuid() == 0) {
        const passwd* const user = getpwnam("postgres");
        if (user == nullptr || chown(directory.c_str(), user->pw_uid, user->pw_gid) != 0) {
            why = "there is no user postgres to run it as";
            return nullptr;
        }
        server->as_ = "runuser -u postgres -- ";
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // what the server leaves behind is ours
    why = "it does not start; see above";
    if (!server->run("initdb", "-D " + directory + "/data -U gauge --auth=trust --locale=C --encoding=UTF8 --no-sync"))
        return nullptr;
    {
        std::ofstream settings(directory + "/data/postgresql.auto.conf", std::ios::app);
        settings << "listen_addresses = ''\nunix_socket_directories = '" << directory
                 << "'\nshared_buffers = '32MB'\nmax_connections = 30\n";
    }
    if (!server->start_again()) return nullptr;
    return server;
}

PostgresqlServer::~PostgresqlServer() {
    signal(SIGCONT);
    kill_all();
}

// Its own words go to standard error.
bool PostgresqlServer::run(const std::string& program, const std::string& arguments) const {
    const std::string command = "cd " + directory_.path.string() + " && " + as_ + programs_ + "/" + program + " " +
                                arguments + " >/dev/null </dev/null";
    return std::system(command.c_str()) == 0;
}

bool PostgresqlServer::start_again() const {
    const std::string directory = directory_.path.string();
    return run("pg_ctl", "-D " + directory + "/data -w -t 50 -l " + directory + "/log start");
}

std::string PostgresqlServer::url(const std::string& more) const {
    return "postgresql://gauge@/postgres?host=" + directory_.path.string() + more;
}

std::string PostgresqlServer::sql(const std::string& statements) const {
    const std::string command =
        programs_ + "/psql -X -q -A -t -v ON_ERROR_STOP=1 -c \"" + statements + "\" '" + url() + "' </dev/null 2>&1";
    std::FILE* const pipe = popen(command.c_str(), "r");
    std::string said;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) said.append(buffer.data(), n);
    const int ended = pclose(pipe);
    while (said.ends_with('\n')) said.pop_back();
    return ended == 0 ? said : "error: " + said;
}

// The postmaster first.
std::vector<pid_t> PostgresqlServer::processes() const {
    std::vector<pid_t> found;
    pid_t server = 0;
    std::ifstream file(directory_.path / "data/postmaster.pid");
    if (!(file >> server)) return found;
    found.push_back(server);
    const std::string id = std::to_string(server);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
    return found;
}

void PostgresqlServer::signal(int number) const {
    for (const pid_t process : processes()) kill(process, number);
}

void PostgresqlServer::kill_all() const {
    const std::vector<pid_t> all = processes();
    for (const pid_t process : all) kill(process, SIGKILL);
    // Who died and is not waited for counts as running to the server that starts next.
    eventually([&all] {
        for (const pid_t process : all) {
            waitpid(process, nullptr, WNOHANG);
            if (kill(process, 0) == 0) return false;
        }
        return true;
    });
}

}  // namespace streamgauge::test
