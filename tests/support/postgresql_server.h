// SPDX-License-Identifier: GPL-3.0-or-later
// A real PostgreSQL server in a temporary directory, reached by a unix socket in it. PostgreSQL refuses root: then it
// runs as the user "postgres".
#pragma once

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace streamgauge::test {

class PostgresqlServer {
public:
    // nullptr when it cannot be started; `why` says what is missing.
    static std::unique_ptr<PostgresqlServer> start(std::string& why);
    ~PostgresqlServer();

    // postgresql://... of the database that is there.
    std::string url(const std::string& more = {}) const;
    // What psql prints, without its last line feed; "error" when it fails.
    std::string sql(const std::string& statements) const;
    // Sends a signal to the server and to all of its processes.
    void signal(int number) const;
    // SIGKILL to all of them, and waits until they are gone.
    void kill_all() const;
    bool start_again() const;

private:
    PostgresqlServer() = default;
    bool run(const std::string& program, const std::string& arguments) const;
    std::vector<pid_t> processes() const;

    TemporaryDirectory directory_;
    std::string programs_, as_;  // where they are; how they are called
};

}  // namespace streamgauge::test
