// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "base/log.h"
#include "base/time_text.h"
#include "daemon/config_options.h"
#include "daemon/data_directory.h"
#include "daemon/http_client.h"
#include "pipeline/audit.h"
#include "server/known_metrics.h"

namespace streamgauge::daemon {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kClean = 0, kDiffers = 1, kCouldNotRun = 2;
constexpr int kTries = 3;  // retention may remove what is being read

struct RequestLedger {
    std::uint64_t arrived = 0, answered = 0, cut = 0;
    std::int64_t difference() const {
        return static_cast<std::int64_t>(arrived) - static_cast<std::int64_t>(answered + cut);
    }
};

std::optional<std::uint64_t> sample(const std::string& exposition, const std::string& name) {
    std::istringstream lines(exposition);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ' ')) return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
    return std::nullopt;
}

// Of the server that has the directory, if it can be reached. The request that asks has arrived and is not answered
// while it is counted.
Result<RequestLedger> request_ledger(const Config& config, const std::string& given_url) {
    std::string url = given_url;
    if (url.empty()) {
        if (owner_of(config.data_dir) == 0) return Error::make(ErrorCode::NotFound, "no server is running");
        for (const std::string& address : config.listen)
            if (!address.ends_with(":0") && !address.starts_with("https://")) url = "http://" + address;
        if (url.empty())
            return Error::make(ErrorCode::NotFound, "the address of the server is not known: say it with --url");
    }
    const auto endpoint = parse_server_url(url);
    if (!endpoint.ok()) return endpoint.error();
    const HttpClient client(*endpoint, std::chrono::seconds(5));
    const auto answer = client.request("GET", "/prometheus");
    if (!answer.ok()) return answer.error();
    if (answer->status != 200)
        return Error::make(ErrorCode::Forbidden, "GET /prometheus was answered " + std::to_string(answer->status));
    const auto arrived = sample(answer->body, "streamgauge_http_requests_arrived_total");
    const auto answered = sample(answer->body, "streamgauge_http_requests_answered_total");
    const auto cut = sample(answer->body, "streamgauge_http_requests_cut_total");
    if (!arrived || !answered || !cut) return Error::make(ErrorCode::NotFound, "the server does not tell");
    return RequestLedger{*arrived, *answered, *cut};
}

std::string shown_group(const std::string& group) {
    std::string out;
    for (const char c : group) {
        if (c == '\0')
            out += " / ";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
            out += '?';
        else
            out += c;
    }
    return out;
}

std::string shown_window(std::int64_t window) {
    return window == kNoWindow ? "all time" : format_rfc3339({window});
}

std::string shown_width(std::int64_t micros) {
    return micros == 0 ? "all time" : format_span(micros);
}

std::string name_of(const AuditReport& report, MetricId id) {
    for (const AuditedTable& table : report.tables)
        if (table.metric == id) return table.name;
    return std::to_string(id);
}

void print(const AuditReport& report, const Result<RequestLedger>& requests) {
    const JournalCounters& j = report.journal;
    const PartitionState& s = report.stored;
    std::cout << "Compared: everything before offset " << report.compared_to << ", of a journal that holds events "
              << report.journal_begin << " to " << report.journal_end - 1 << "\n\n";
    std::cout << "Requests  ";
    if (requests.ok())
        std::cout << "arrived " << requests->arrived << " = answered " << requests->answered << " + cut "
                  << requests->cut << " + under way " << requests->difference() << "\n";
    else
        std::cout << "not available: " << requests.error().message << "\n";
    std::cout << "Events    decoded " << j.decoded << " = accepted " << j.accepted << " + duplicate " << j.duplicate
              << " + invalid " << j.invalid << "   difference " << report.decoded_difference << "\n";
    std::cout << "          accepted " << j.accepted << " + system " << j.system << " = aggregated " << s.aggregated
              << " + too late " << s.too_late << " + system " << s.system << " + in flight " << report.in_flight
              << "   difference " << report.accepted_difference << "\n";
    if (!report.states_agree)
        std::cout << "          counted again: aggregated " << report.recomputed.aggregated << ", too late "
                  << report.recomputed.too_late << ", late " << report.recomputed.late << ", future "
                  << report.recomputed.future << ", system " << report.recomputed.system
                  << ": NOT what the store has\n";
    std::cout << "\nResults\n";
    std::uint64_t rows = 0;
    for (const AuditedTable& table : report.tables) {
        rows += table.comparison.rows;
        std::cout << "  " << table.name << " (" << shown_width(table.window_micros) << "): " << table.comparison.rows
                  << " rows, " << table.comparison.differences << " different";
        if (table.comparison.left_out != 0) std::cout << ", " << table.comparison.left_out << " not comparable";
        std::cout << "\n";
    }
    std::cout << "  users: " << report.users << ", " << report.user_differences << " different\n";
    for (const std::string& remark : report.not_compared) std::cout << "  not compared: " << remark << "\n";
    std::cout << "\nRemoved events: " << report.journal_begin - 1 << ", under " << report.seals.size() << " seals";
    if (report.journal_begin > 1)
        std::cout << (report.comparable_from ? "" : "; what they came to is in the baseline, and was compared, too");
    std::cout << "\n";
    if (report.comparable_from)
        std::cout << "  windows that start before " << format_rfc3339(*report.comparable_from)
                  << " may hold removed events and cannot be recomputed wholly: " << report.left_out
                  << " rows were left out\n";
    for (const std::string& fault : report.seal_faults) std::cout << "  SEAL: " << fault << "\n";
    if (report.difference_count != 0) std::cout << "\nDifferences: " << report.difference_count << "\n";
    for (const ResultDifference& d : report.differences)
        std::cout << "  " << name_of(report, d.metric) << ", tier " << static_cast<int>(d.tier) << ", window "
                  << shown_window(d.window) << ", group " << shown_group(d.group) << ": stored "
                  << d.stored.value_or("nothing") << "; recomputed " << d.recomputed.value_or("nothing") << "\n";
    if (report.difference_count > report.differences.size())
        std::cout << "  and " << report.difference_count - report.differences.size() << " more\n";
    std::cout << "\n"
              << (report.clean() ? "All is right: " + std::to_string(rows) + " rows are what the events come to.\n"
                                 : std::string("NOT right: see above.\n"));
}

Json json_of(const Seal& seal) {
    return {{"first", seal.first}, {"last", seal.last}, {"events", seal.events}};
}

void print_json(const AuditReport& report, const Result<RequestLedger>& requests) {
    const JournalCounters& j = report.journal;
    const PartitionState& s = report.stored;
    Json out;
    out["clean"] = report.clean();
    out["compared_to"] = report.compared_to;
    out["requests"] = nullptr;
    if (requests.ok())
        out["requests"] = {{"arrived", requests->arrived},
                           {"answered", requests->answered},
                           {"cut", requests->cut},
                           {"under_way", requests->difference()}};
    out["events"] = {{"decoded", j.decoded},
                     {"accepted", j.accepted},
                     {"duplicate", j.duplicate},
                     {"invalid", j.invalid},
                     {"system", j.system},
                     {"aggregated", s.aggregated},
                     {"too_late", s.too_late},
                     {"in_flight", report.in_flight},
                     {"decoded_difference", report.decoded_difference},
                     {"accepted_difference", report.accepted_difference},
                     {"counted_again_the_same", report.states_agree}};
    Json& metrics = out["metrics"] = Json::array();
    for (const AuditedTable& table : report.tables)
        metrics.push_back({{"metric", table.name},
                           {"tier", table.tier},
                           {"window", shown_width(table.window_micros)},
                           {"rows", table.comparison.rows},
                           {"differences", table.comparison.differences},
                           {"not_comparable", table.comparison.left_out}});
    out["users"] = {{"rows", report.users}, {"differences", report.user_differences}};
    out["not_compared"] = report.not_compared;
    Json& seals = out["seals"] = Json::array();
    for (const Seal& seal : report.seals) seals.push_back(json_of(seal));
    out["seal_faults"] = report.seal_faults;
    out["comparable_from"] = nullptr;
    if (report.comparable_from) out["comparable_from"] = format_rfc3339(*report.comparable_from);
    out["difference_count"] = report.difference_count;
    Json& differences = out["differences"] = Json::array();
    for (const ResultDifference& d : report.differences) {
        Json one = {{"metric", name_of(report, d.metric)}, {"tier", d.tier},    {"window", shown_window(d.window)},
                    {"group", shown_group(d.group)},       {"stored", nullptr}, {"recomputed", nullptr}};
        if (d.stored) one["stored"] = *d.stored;
        if (d.recomputed) one["recomputed"] = *d.recomputed;
        differences.push_back(std::move(one));
    }
    std::cout << out.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

int run_audit(const ConfigOptions& options, const std::string& scratch, const std::string& url, bool json) {
    const auto loaded = load_config(options.sources());
    if (!loaded.ok()) {
        std::cerr << "streamgauged: the configuration is wrong:\n" << loaded.error().describe() << '\n';
        return kCouldNotRun;
    }
    log::configure(loaded->config.log_format, log::Level::Error);
    AuditOptions auditing;
    auditing.directory = loaded->config.data_dir;
    auditing.scratch = scratch;
    const bool terminal = ::isatty(STDERR_FILENO) == 1;
    auto told = std::chrono::steady_clock::now();
    auditing.progress = [&told, terminal](const char* step, double part) {
        const auto now = std::chrono::steady_clock::now();
        if (now - told < (terminal ? std::chrono::milliseconds(200) : std::chrono::seconds(5))) return;
        told = now;
        std::cerr << (terminal ? "\r" : "") << step << ' ' << static_cast<int>(part * 100) << " %"
                  << (terminal ? "   " : "\n") << std::flush;
    };
    for (int left = kTries;; --left) {
        auto definitions = known_metrics(auditing.directory);
        if (!definitions.ok()) {
            std::cerr << "streamgauged audit: " << definitions.error().describe() << '\n';
            return kCouldNotRun;
        }
        auditing.definitions = std::move(definitions).value();
        const Result<AuditReport> report = audit(auditing);
        if (terminal) std::cerr << "\r                    \r" << std::flush;
        if (!report.ok() && report.error().code == ErrorCode::Unavailable && left > 1) continue;
        if (!report.ok()) {
            std::cerr << "streamgauged audit: " << report.error().describe() << '\n';
            return kCouldNotRun;
        }
        const Result<RequestLedger> requests = request_ledger(loaded->config, url);
        json ? print_json(*report, requests) : print(*report, requests);
        return report->clean() ? kClean : kDiffers;
    }
}

}  // namespace

void add_audit_command(CLI::App& program, int& exit_code) {
    CLI::App* command = program.add_subcommand(
        "audit", "Compute every result again from the journal and compare it with what is stored, row by row");
    command->footer(
        "Examples:\n"
        "  streamgauged audit --data-dir ./data            beside a running server, or without one\n"
        "  streamgauged audit --data-dir ./data --json | jq .clean\n"
        "  streamgauged audit --data-dir ./data --scratch /mnt/large\n"
        "\n"
        "It reads one state of the store and the journal up to the same event, computes all metrics again in a\n"
        "directory of its own, which it removes, and prints the ledgers of requests and events, each difference (at\n"
        "most 1,000 are listed, all are counted), and whether the seals of removed events are whole. It changes\n"
        "nothing. Progress is on stderr.\n"
        "\n"
        "Exit codes: 0 all is right, 1 something differs, 2 it could not run.");
    const auto options = std::make_shared<ConfigOptions>(*command);
    auto scratch = std::make_shared<std::string>();
    auto url = std::make_shared<std::string>();
    auto json = std::make_shared<bool>(false);
    command->add_option("--scratch", *scratch,
                        "Where to compute: twice the size of store.db is needed (default: the data directory)");
    command->add_option("--url", *url, "The running server, for its ledger of requests (default: the first listener)");
    command->add_flag("--json", *json, "Print one JSON document");
    command->callback(
        [options, scratch, url, json, &exit_code] { exit_code = run_audit(*options, *scratch, *url, *json); });
}

}  // namespace streamgauge::daemon
