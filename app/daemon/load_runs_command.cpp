// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_runs_command.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "api/load_run_store.h"
#include "api/load_runs.h"
#include "base/clock.h"
#include "daemon/exit_codes.h"
#include "loadgen/compare_report.h"
#include "loadgen/report_export.h"
#include "loadgen/report_text.h"

namespace streamgauge::daemon {
namespace {

constexpr int kExitWorse = 99;  // as a threshold that failed

constexpr const char* kRunsFooter = R"(
Examples:
  streamgauged load runs --data-dir /var/lib/streamgauge
  streamgauged load runs 01a1ff9e-a2c2-7360-a2a8-99892700635b --data-dir ./runs --export html --output run.html
  streamgauged load runs --runs postgresql://gauge@db.example/load

Exit codes: 0 done; 1 there is no such run, or the place cannot be read; 2 wrong usage.)";

constexpr const char* kCompareFooter = R"(
Examples:
  streamgauged load compare --before old.json --after new.json              reports, as load --out json=FILE leaves them
  streamgauged load compare --before a --before b --before c --after d --after e --after f --data-dir ./runs

Durations are milliseconds, shares are of 1. A change counts where its interval, corrected for the number of measures,
lies beyond 3 % of the value (0.3 points of a share); a dash was not measured. Runs of eight seconds are the least.
Exit codes: 0 no change for the worse, 99 worse, 1 could not be told, 2 wrong usage.)";

struct Arguments {
    std::string data_dir, place;  // the place wins
    std::string run_id, form = "json", output;
    std::vector<std::string> before, after;
    std::size_t limit = 20;
};

int refuse(const char* command, const Error& error) {
    std::cerr << "streamgauged load " << command << ": " << error.describe() << "\n";
    return error.code == ErrorCode::InvalidArgument ? kExitConfiguration : kExitFailed;
}

// Of a place, or of a directory that a server may be using: its file takes several readers.
Result<std::unique_ptr<api::LoadRunStore>> open_store(const Arguments& arguments) {
    const std::string place = arguments.place.empty() ? arguments.data_dir + "/loadruns.db" : arguments.place;
    const bool named = !arguments.place.empty() || !arguments.data_dir.empty();
    if (!named || (!api::is_database_url(place) && !std::filesystem::exists(place))) {
        const std::string& asked = arguments.place.empty() ? arguments.data_dir : arguments.place;
        Error error =
            Error::make(ErrorCode::InvalidArgument,
                        named ? "there are no load runs in \"" + asked + "\""
                              : std::string("whose runs? --data-dir DIR of a server or of --keep, or --runs"));
        error.field = arguments.place.empty() ? "data-dir" : "runs";
        return error;
    }
    return api::LoadRunStore::open(place, {});
}

// Where --keep keeps them.
std::string kept_place(const std::string& keep) {
    return api::is_database_url(keep) ? keep : keep + "/loadruns.db";
}

// A stored run in another form, to a file or to standard output.
int export_run(const Arguments& arguments) {
    const loadgen::ReportExport* const form = loadgen::find_report_export(arguments.form);
    if (form == nullptr) {
        Error error = Error::make(ErrorCode::InvalidArgument, "there is no form " + arguments.form);
        error.field = "export";
        error.hint = "the forms are json, summary, csv, hdr, junit and html";
        return refuse("runs", error);
    }
    Result<std::unique_ptr<api::LoadRunStore>> store = open_store(arguments);
    if (!store) return refuse("runs", store.error());
    const Result<std::string> text = (*store)->report(arguments.run_id);
    if (!text) return refuse("runs", text.error());
    const Result<std::string> made = api::report_in(*form, *text);
    if (!made) return refuse("runs", made.error());
    if (arguments.output.empty()) {
        std::cout << *made << std::flush;
        return std::cout ? 0 : kExitFailed;
    }
    std::ofstream file(arguments.output, std::ios::binary | std::ios::trunc);
    file << *made << std::flush;
    if (file) return 0;
    return refuse("runs", Error::make(ErrorCode::Io, "cannot write " + arguments.output));
}

int list(const Arguments& arguments) {
    if (!arguments.run_id.empty()) return export_run(arguments);
    Result<std::unique_ptr<api::LoadRunStore>> store = open_store(arguments);
    if (!store) return refuse("runs", store.error());
    const Result<std::vector<api::StoredLoadRun>> runs = (*store)->list({}, arguments.limit);
    if (!runs) return refuse("runs", runs.error());
    std::printf("%-36s  %-20s %-11s %-9s %10s %8s %10s %10s  %s\n", "run", "began", "state", "generator", "good", "bad",
                "p50 ms", "p99 ms", "name");
    for (const api::StoredLoadRun& run : *runs)
        std::printf("%-36s  %-20s %-11s %-9s %10llu %8llu %10.1f %10.1f  %s\n", run.id.c_str(),
                    format_rfc3339(run.started_at).substr(0, 19).append("Z").c_str(), run.state.c_str(),
                    run.verdict.c_str(), static_cast<unsigned long long>(run.good),
                    static_cast<unsigned long long>(run.bad), run.p50_ms, run.p99_ms, run.name.c_str());
    return 0;
}

// A file of a report, or the id of a run that is kept.
Result<std::string> report_of(const std::string& name, const Arguments& arguments) {
    if (std::filesystem::is_regular_file(name)) {
        std::ifstream in(name, std::ios::binary);
        std::stringstream text;
        text << in.rdbuf();
        if (!in) return Error::make(ErrorCode::InvalidArgument, "cannot read " + name);
        return text.str();
    }
    Result<std::unique_ptr<api::LoadRunStore>> store = open_store(arguments);
    if (!store && !arguments.place.empty()) return store.error();
    if (!store)
        return Error::make(ErrorCode::InvalidArgument,
                           "there is no file " + name + ", nor a --data-dir or --runs with runs");
    return (*store)->report(name);
}

Result<std::vector<std::string>> side(const std::vector<std::string>& names, const Arguments& arguments) {
    std::vector<std::string> reports;
    for (const std::string& name : names) {
        Result<std::string> text = report_of(name, arguments);
        if (!text) return text.error();
        // Whose fault it is would not be known below.
        if (const Result<api::StoredLoadRun> run = api::stored_run(*text, {}); !run) {
            Error error = run.error();
            error.message = name + ": " + error.message;
            return error;
        }
        reports.push_back(std::move(text).value());
    }
    return reports;
}

// What was not measured is a dash: no answer takes no time, so a duration of 0 is none.
void print(const loadgen::MeasureChange& m) {
    const bool share = m.measure == "error_share" || m.measure == "good_share";
    const char* const unit = share ? "" : m.measure == "capacity" ? " /s" : " ms";
    const std::string name = m.measure + unit, verdict(to_string(m.verdict));
    if (m.verdict != loadgen::ChangeVerdict::TooFew) {
        std::printf("%-12s %12.4g %12.4g %+12.4g   %+12.4g .. %+10.4g  %s\n", name.c_str(), m.before, m.after, m.change,
                    m.low, m.high, verdict.c_str());
        return;
    }
    const auto value = [share](double measured) {
        std::array<char, 32> text{'-'};
        if (share || measured != 0) std::snprintf(text.data(), text.size(), "%.4g", measured);
        return std::string(text.data());
    };
    std::printf("%-12s %12s %12s %12s   %27s %s\n", name.c_str(), value(m.before).c_str(), value(m.after).c_str(), "-",
                "", verdict.c_str());
}

int compare(const Arguments& arguments) {
    const auto before = side(arguments.before, arguments), after = side(arguments.after, arguments);
    if (!before) return refuse("compare", before.error());
    if (!after) return refuse("compare", after.error());
    const Result<loadgen::RunComparison> found = api::compare_reports(*before, *after);
    if (!found) return refuse("compare", found.error());
    std::printf("%-12s %12s %12s %12s   %-27s %s\n", "", "before", "after", "change", "95 % interval", "");
    for (const loadgen::MeasureChange& m : found->measures) print(m);
    for (const std::string& warning : found->warnings) std::printf("! %s\n", warning.c_str());
    std::printf("\n%s\n", std::string(to_string(found->verdict)).c_str());
    if (found->verdict == loadgen::ChangeVerdict::Worse) return kExitWorse;
    return found->verdict == loadgen::ChangeVerdict::TooFew ? kExitFailed : 0;
}

}  // namespace

Status open_kept_runs(const std::string& keep) {
    if (!api::is_database_url(keep)) {
        std::error_code error;
        std::filesystem::create_directories(keep, error);
    }
    const Result<std::unique_ptr<api::LoadRunStore>> store = api::LoadRunStore::open(kept_place(keep), {});
    const Status opened = store ? (*store)->check() : Status(store.error());
    if (opened) return {};
    Error refused = opened.error();
    refused.code = ErrorCode::InvalidArgument;
    refused.field = "keep";
    return refused;
}

Status keep_load_run(const std::string& keep, const loadgen::RunReport& report) {
    return keep_report(keep, loadgen::to_json(report));
}

Status keep_report(const std::string& keep, const std::string& text) {
    const Result<std::unique_ptr<api::LoadRunStore>> store = api::LoadRunStore::open(kept_place(keep), {});
    if (!store) return store.error();
    const Result<api::StoredLoadRun> run = api::stored_run(text, {});
    if (!run) return run.error();
    return (*store)->add(*run, text, SystemClock().now());
}

void add_load_runs_commands(CLI::App& app, int& exit_code) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* const runs = app.add_subcommand("load-runs", "List the load runs that a server keeps (load runs)");
    const auto places = [&a = *arguments](CLI::App* command, const char* what) {
        command->add_option("--data-dir", a.data_dir, what);
        command->add_option("--runs", a.place, "In its place a file, or postgresql://..., as the server's load.runs");
    };
    places(runs, "The server's data directory, or that of --keep");
    runs->add_option("--limit", arguments->limit, "How many, newest first")->capture_default_str();
    runs->add_option("run", arguments->run_id, "A run's id: its report in place of the list");
    runs->add_option("--export", arguments->form, "In which form: json, summary, csv, hdr, junit, html")
        ->capture_default_str();
    runs->add_option("--output", arguments->output, "Into this file, in place of standard output");
    runs->footer(kRunsFooter);
    runs->callback([arguments, &exit_code] { exit_code = list(*arguments); });
    CLI::App* const compared =
        app.add_subcommand("load-compare", "Tell whether load runs differ, with intervals (load compare)");
    compared->add_option("--before", arguments->before, "A report's file or a run's id; repeat it for several runs")
        ->required();
    compared->add_option("--after", arguments->after, "The same")->required();
    places(compared, "Where runs are looked up by their ids");
    compared->footer(kCompareFooter);
    compared->callback([arguments, &exit_code] { exit_code = compare(*arguments); });
}

}  // namespace streamgauge::daemon
