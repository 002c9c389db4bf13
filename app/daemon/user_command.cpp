// SPDX-License-Identifier: GPL-3.0-or-later
// `streamgauged user` and `streamgauged project`.
#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

#include "auth/names.h"
#include "auth/password.h"
#include "auth/secrets.h"
#include "daemon/access_options.h"
#include "daemon/exit_codes.h"
#include "daemon/token_command.h"
#include "server/access_json.h"

namespace streamgauge::daemon {

namespace {

Result<std::string> hash_of_new_password(const std::string& name) {
    auto password = read_new_password(name);
    if (!password.ok()) return password.error();
    if (Status right = auth::check_password(*password); !right.ok()) return right.error();
    auto hashed = auth::hash_password(*password);
    auth::wipe(*password);
    return hashed;
}

int add_user(const DirectoryOption& option, const std::string& name, const std::string& role_word) {
    const auto role = auth::role_from(role_word);
    if (!role) {
        return fail("user add", Error::make(ErrorCode::InvalidArgument, "--role takes viewer, operator or admin"));
    }
    // Before anybody types a password for nothing.
    if (Status right = auth::check_user_name(name); !right.ok()) return fail("user add", right.error());
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("user add", directory.error());
    const auto hashed = hash_of_new_password(name);
    if (!hashed.ok()) return fail("user add", hashed.error());
    const auto made = (*directory)->create_user(name, *hashed, *role);
    if (!made.ok()) return fail("user add", made.error());
    std::cout << "made the user " << made->name << ", " << auth::to_string(made->role) << '\n';
    return 0;
}

int change_password(const DirectoryOption& option, const std::string& name) {
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("user passwd", directory.error());
    const auto known = (*directory)->find_login(name);
    if (!known.ok()) return fail("user passwd", known.error());
    if (!*known) return fail("user passwd", Error::make(ErrorCode::NotFound, "there is no user " + name));
    const auto hashed = hash_of_new_password(name);
    if (!hashed.ok()) return fail("user passwd", hashed.error());
    const auto changed = (*directory)->change_user(name, *hashed, {});
    if (!changed.ok()) return fail("user passwd", changed.error());
    std::cout << "changed the password of " << name << "; whoever was logged in as " << name
              << " has to log in again\n";
    return 0;
}

int list_users(const DirectoryOption& option, bool json) {
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("user list", directory.error());
    const auto users = (*directory)->users();
    if (!users.ok()) return fail("user list", users.error());
    if (json) {
        std::cout << json_of_users(*users) << '\n';
        return 0;
    }
    std::vector<std::vector<std::string>> rows{{"NAME", "ROLE", "CREATED", "LAST LOGIN"}};
    for (const auth::User& user : *users) {
        rows.push_back(
            {user.name, std::string(auth::to_string(user.role)), shown(user.created_at), shown(user.last_login_at)});
    }
    print_table(rows);
    return 0;
}

int remove_user(const DirectoryOption& option, const std::string& name) {
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("user remove", directory.error());
    if (Status removed = (*directory)->remove_user(name); !removed.ok()) return fail("user remove", removed.error());
    std::cout << "removed the user " << name << '\n';
    return 0;
}

int add_project(const DirectoryOption& option, const auth::Project& project) {
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("project add", directory.error());
    auth::Project wanted = project;
    if (wanted.name.empty()) wanted.name = wanted.id;
    const auto made = (*directory)->save_project(wanted, true);
    if (!made.ok()) return fail("project add", made.error());
    std::cout << "made the project " << made->id << '\n';
    return 0;
}

int list_projects(const DirectoryOption& option, bool json) {
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("project list", directory.error());
    const auto projects = (*directory)->projects();
    if (!projects.ok()) return fail("project list", projects.error());
    if (json) {
        std::cout << json_of_projects(*projects) << '\n';
        return 0;
    }
    std::vector<std::vector<std::string>> rows{{"ID", "CREATED", "NAME", "SITES"}};
    for (const auth::Project& project : *projects) {
        std::string sites;
        for (const std::string& site : project.sites) sites += (sites.empty() ? "" : ",") + site;
        rows.push_back({project.id, shown(project.created_at), project.name, sites});
    }
    print_table(rows);
    return 0;
}

// A subcommand with its directory and the name of one user.
struct OfUser {
    explicit OfUser(CLI::App& command) : directory(command) {
        command.add_option("name", name, "The user's name")->required()->type_name("NAME");
    }
    DirectoryOption directory;
    std::string name, role = "viewer";
};

struct Listing {
    explicit Listing(CLI::App& command) : directory(command) { command.add_flag("--json", json, "Print JSON"); }
    DirectoryOption directory;
    bool json = false;
};

}  // namespace

void add_user_command(CLI::App& program, int& exit_code) {
    CLI::App* users = program.add_subcommand("user", "Add, list and remove users, change passwords");
    users->require_subcommand(1);
    users->footer(
        "Passwords are typed at the terminal, or read from standard input when that is no terminal:\n"
        "  streamgauged user add ada --role operator\n"
        "  streamgauged user passwd admin < password.txt\n"
        "Works on the data directory, with or without a running server, which takes a change within a second.\n"
        "Exit codes: 0 done, 1 could not do it, 2 the command line is wrong.");

    CLI::App* command = users->add_subcommand("add", "Add a user; asks for the password");
    const auto added = std::make_shared<OfUser>(*command);
    command
        ->add_option("--role", added->role,
                     "viewer asks, operator also sends events, runs load and mends, admin does everything. "
                     "Default: viewer")
        ->type_name("ROLE");
    command->callback([added, &exit_code] { exit_code = add_user(added->directory, added->name, added->role); });

    command = users->add_subcommand("passwd", "Change a user's password; tokens that are out become void");
    const auto changed = std::make_shared<OfUser>(*command);
    command->callback([changed, &exit_code] { exit_code = change_password(changed->directory, changed->name); });

    command = users->add_subcommand("list", "List the users");
    const auto listing = std::make_shared<Listing>(*command);
    command->callback([listing, &exit_code] { exit_code = list_users(listing->directory, listing->json); });

    command = users->add_subcommand("remove", "Remove a user; the last admin stays");
    const auto removed = std::make_shared<OfUser>(*command);
    command->callback([removed, &exit_code] { exit_code = remove_user(removed->directory, removed->name); });
}

void add_project_command(CLI::App& program, int& exit_code) {
    CLI::App* projects = program.add_subcommand("project", "Add and list projects");
    projects->require_subcommand(1);
    projects->footer(
        "Each API key belongs to a project, and so do the events that come with it. Plausible and Umami send no key:\n"
        "name the sites that are a project's:\n"
        "  streamgauged project add shop --name 'The shop' --site shop.example --site www.shop.example\n"
        "Exit codes: 0 done, 1 could not do it, 2 the command line is wrong.");

    CLI::App* command = projects->add_subcommand("add", "Add a project");
    struct Wanted {
        explicit Wanted(CLI::App& app) : directory(app) {}
        DirectoryOption directory;
        auth::Project project;
    };
    const auto wanted = std::make_shared<Wanted>(*command);
    command->add_option("id", wanted->project.id, "1 to 64 of a-z, 0-9, _ and -")->required()->type_name("ID");
    command->add_option("--name", wanted->project.name, "For people. Default: the id")->type_name("NAME");
    command->add_option("--site", wanted->project.sites, "Plausible's domain or Umami's website id; repeatable")
        ->type_name("SITE")
        ->allow_extra_args(false);
    command->callback([wanted, &exit_code] { exit_code = add_project(wanted->directory, wanted->project); });

    command = projects->add_subcommand("list", "List the projects");
    const auto listing = std::make_shared<Listing>(*command);
    command->callback([listing, &exit_code] { exit_code = list_projects(listing->directory, listing->json); });
}

}  // namespace streamgauge::daemon
