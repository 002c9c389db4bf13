// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/token_command.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

#include "auth/names.h"
#include "auth/secrets.h"
#include "daemon/access_options.h"
#include "daemon/exit_codes.h"
#include "server/access_json.h"

namespace streamgauge::daemon {

namespace {

struct Create {
    explicit Create(CLI::App& command) : directory(command) {}
    DirectoryOption directory;
    std::string name, project = "default", scope, expires;
    bool import = false, json = false;
};

int create(const Create& given) {
    const SystemClock clock;
    auth::ApiKey wanted;
    wanted.name = given.name;
    wanted.project = given.project;
    const auto scopes = auth::scopes_from(given.scope);
    if (!scopes) {
        Error error =
            Error::make(ErrorCode::InvalidArgument, "--scope takes ingest, query, admin or several with commas");
        return fail("token create", error);
    }
    wanted.permissions = *scopes;
    if (!given.expires.empty()) {
        const auto end = read_expiry(given.expires, clock.now());
        if (!end.ok()) return fail("token create", end.error());
        wanted.expires_at = *end;
    }
    std::optional<std::string> secret;
    if (given.import) {
        auto line = read_line();
        if (!line.ok()) return fail("token create", line.error());
        secret = std::move(line).value();
    }
    auto directory = given.directory.open(clock);
    if (!directory.ok()) return fail("token create", directory.error());
    auto made = (*directory)->create_key(wanted, secret);
    if (!made.ok()) return fail("token create", made.error());
    if (given.json) {
        std::cout << json_of_new_key(*made) << '\n';
    } else {
        std::cerr << "made " << made->key.id << " (" << made->key.name << ") for the project " << made->key.project
                  << ", scopes " << auth::scopes_text(made->key.permissions) << ", until "
                  << (made->key.expires_at ? shown(made->key.expires_at) : "it is revoked")
                  << (given.import ? "" : "; the key is shown this once:") << '\n';
        if (!given.import) std::cout << made->secret << '\n';
    }
    auth::wipe(made->secret);
    return 0;
}

std::string state_of(const auth::ApiKey& key, Timestamp now) {
    if (key.revoked_at) return "revoked";
    return key.expires_at && *key.expires_at <= now ? "expired" : "works";
}

int list(const DirectoryOption& option, const std::string& project, bool json) {
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("token list", directory.error());
    const auto keys = (*directory)->keys(project);
    if (!keys.ok()) return fail("token list", keys.error());
    if (json) {
        std::cout << json_of_keys(*keys) << '\n';
        return 0;
    }
    std::vector<std::vector<std::string>> rows{
        {"ID", "STATE", "PROJECT", "SCOPES", "BEGINS", "LAST USED", "EXPIRES", "NAME"}};
    for (const auth::ApiKey& key : *keys) {
        rows.push_back({key.id, state_of(key, clock.now()), key.project, auth::scopes_text(key.permissions), key.hint,
                        shown(key.last_used_at), shown(key.expires_at), key.name});
    }
    print_table(rows);
    return 0;
}

int revoke(const DirectoryOption& option, const std::string& id) {
    const SystemClock clock;
    auto directory = option.open(clock);
    if (!directory.ok()) return fail("token revoke", directory.error());
    const auto key = (*directory)->revoke_key(id);
    if (!key.ok()) return fail("token revoke", key.error());
    std::cout << key->id << " (" << key->name << ") is revoked since " << shown(key->revoked_at) << '\n';
    return 0;
}

void add_create(CLI::App& tokens, int& exit_code) {
    CLI::App* command = tokens.add_subcommand("create", "Make an API key and print it, this once");
    const auto given = std::make_shared<Create>(*command);
    command->add_option("--name", given->name, "What it is for, for people")->required()->type_name("NAME");
    command->add_option("--scope", given->scope, "What it may: ingest, query, admin; several with commas")
        ->required()
        ->type_name("SCOPES");
    command->add_option("--project", given->project, "Whose events it sends and sees. Default: default")
        ->type_name("PROJECT");
    command->add_option("--expires", given->expires, "When it ends: 90d, 12h, or 2027-01-31T00:00:00Z. Default: never")
        ->type_name("WHEN");
    command->add_flag("--import", given->import,
                      "Take a key of your own from standard input, such as a write key that SDKs already have");
    command->add_flag("--json", given->json, "Print everything as JSON");
    command->footer(
        "The key alone goes to standard output, so that it can be kept:\n"
        "  KEY=$(streamgauged token create --name web --scope ingest --expires 90d)\n"
        "  curl -H \"Authorization: Bearer $KEY\" -d '{\"event_type\":\"click\"}' http://127.0.0.1:8080/events\n"
        "  echo \"$WRITE_KEY\" | streamgauged token create --name segment --scope ingest --import");
    command->callback([given, &exit_code] { exit_code = create(*given); });
}

void add_list(CLI::App& tokens, int& exit_code) {
    CLI::App* command = tokens.add_subcommand("list", "List API keys, without their secrets");
    const auto directory = std::make_shared<DirectoryOption>(*command);
    const auto project = std::make_shared<std::string>();
    const auto json = std::make_shared<bool>(false);
    command->add_option("--project", *project, "Only those of this project")->type_name("PROJECT");
    command->add_flag("--json", *json, "Print JSON");
    command->callback([directory, project, json, &exit_code] { exit_code = list(*directory, *project, *json); });
}

void add_revoke(CLI::App& tokens, int& exit_code) {
    CLI::App* command = tokens.add_subcommand("revoke", "Revoke an API key, for good");
    const auto directory = std::make_shared<DirectoryOption>(*command);
    const auto id = std::make_shared<std::string>();
    command->add_option("id", *id, "The key's id, as list shows it")->required()->type_name("ID");
    command->callback([directory, id, &exit_code] { exit_code = revoke(*directory, *id); });
}

}  // namespace

void add_token_command(CLI::App& program, int& exit_code) {
    CLI::App* command = program.add_subcommand("token", "Make, list and revoke API keys");
    command->require_subcommand(1);
    command->footer(
        "Works on the data directory, with or without a running server, which takes a change within a second.\n"
        "Exit codes: 0 done, 1 could not do it, 2 the command line is wrong.\n"
        "streamgauged token create --help shows examples.");
    add_create(*command, exit_code);
    add_list(*command, exit_code);
    add_revoke(*command, exit_code);
}

}  // namespace streamgauge::daemon
