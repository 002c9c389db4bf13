// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_runs_command.h"

#include <CLI/CLI.hpp>
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

struct Arguments {
    std::string data_dir;
    std::string run_id, form = "json", output;
    std::vector<std::string> before, after;
    std::size_t limit = 20;
};

int refuse(const char* command, const Error& error) {
    std::cerr << "streamgauged load " << command << ": " << error.describe() << "\n";
    return error.code == ErrorCode::InvalidArgument ? kExitConfiguration : kExitFailed;
}

// Of a directory that a server may be using: its file takes several readers.
Result<std::unique_ptr<api::LoadRunStore>> open_store(const std::string& data_dir) {
    const std::string path = data_dir + "/loadruns.db";
    if (data_dir.empty() || !std::filesystem::exists(path)) {
        Error error = Error::make(ErrorCode::InvalidArgument, "there are no load runs in \"" + data_dir + "\"");
        error.field = "data-dir";
        return error;
    }
    return api::LoadRunStore::open(path, {});
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
    Result<std::unique_ptr<api::LoadRunStore>> store = open_store(arguments.data_dir);
    if (!store) return refuse("runs", store.error());
    const Result<std::string> text = (*store)->report(arguments.run_id);
    if (!text) return refuse("runs", text.error());
    const Result<loadgen::RunReport> report = loadgen::parse_run_report(*text);
    if (!report) return refuse("runs", report.error());
    const std::string made = form->make(*report);
    if (arguments.output.empty()) {
        std::cout << made << std::flush;
        return std::cout ? 0 : kExitFailed;
    }
    std::ofstream file(arguments.output, std::ios::binary | std::ios::trunc);
    file << made << std::flush;
    if (file) return 0;
    return refuse("runs", Error::make(ErrorCode::Io, "cannot write " + arguments.output));
}

int list(const Arguments& arguments) {
    if (!arguments.run_id.empty()) return export_run(arguments);
    Result<std::unique_ptr<api::LoadRunStore>> store = open_store(arguments.data_dir);
    if (!store) return refuse("runs", store.error());
    const Result<std::vector<api::StoredLoadRun>> runs = (*store)->list({}, arguments.limit);
    if (!runs) return refuse("runs", runs.error());
    std::printf("%-36s  %-20s %-8s %-9s %10s %8s %10s %10s  %s\n", "run", "began", "state", "generator", "good", "bad",
                "p50 ms", "p99 ms", "name");
    for (const api::StoredLoadRun& run : *runs)
        std::printf("%-36s  %-20s %-8s %-9s %10llu %8llu %10.1f %10.1f  %s\n", run.id.c_str(),
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
    Result<std::unique_ptr<api::LoadRunStore>> store = open_store(arguments.data_dir);
    if (!store)
        return Error::make(ErrorCode::InvalidArgument, "there is no file " + name + ", nor a --data-dir with runs");
    return (*store)->report(name);
}

Result<std::vector<loadgen::ComparedRun>> side(const std::vector<std::string>& names, const Arguments& arguments) {
    std::vector<loadgen::ComparedRun> runs;
    for (const std::string& name : names) {
        const Result<std::string> text = report_of(name, arguments);
        if (!text) return text.error();
        const Result<loadgen::RunReport> report = loadgen::parse_run_report(*text);
        if (!report) {
            Error error = report.error();
            error.message = name + ": " + error.message;
            return error;
        }
        runs.push_back(loadgen::compared_run(*report));
    }
    return runs;
}

int compare(const Arguments& arguments) {
    const auto before = side(arguments.before, arguments), after = side(arguments.after, arguments);
    if (!before) return refuse("compare", before.error());
    if (!after) return refuse("compare", after.error());
    const Result<loadgen::RunComparison> found = loadgen::compare(*before, *after);
    if (!found) return refuse("compare", found.error());
    std::printf("%-12s %12s %12s %12s   %-27s %s\n", "", "before", "after", "change", "95 % interval", "");
    for (const loadgen::MeasureChange& m : found->measures)
        std::printf("%-12s %12.4g %12.4g %+12.4g   %+12.4g .. %+10.4g  %s\n", m.measure.c_str(), m.before, m.after,
                    m.change, m.low, m.high, std::string(to_string(m.verdict)).c_str());
    for (const std::string& warning : found->warnings) std::printf("! %s\n", warning.c_str());
    std::printf("\n%s\n", std::string(to_string(found->verdict)).c_str());
    if (found->verdict == loadgen::ChangeVerdict::Worse) return kExitWorse;
    return found->verdict == loadgen::ChangeVerdict::TooFew ? kExitFailed : 0;
}

}  // namespace

Status open_kept_runs(const std::string& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    const Result<std::unique_ptr<api::LoadRunStore>> store = api::LoadRunStore::open(directory + "/loadruns.db", {});
    if (store) return {};
    Error refused = store.error();
    refused.code = ErrorCode::InvalidArgument;
    refused.field = "keep";
    return refused;
}

Status keep_load_run(const std::string& directory, const loadgen::RunReport& report) {
    const Result<std::unique_ptr<api::LoadRunStore>> store = api::LoadRunStore::open(directory + "/loadruns.db", {});
    if (!store) return store.error();
    const std::string text = loadgen::to_json(report);
    const Result<api::StoredLoadRun> run = api::stored_run(text, {});
    if (!run) return run.error();
    return (*store)->add(*run, text, SystemClock().now());
}

void add_load_runs_commands(CLI::App& app, int& exit_code) {
    const auto arguments = std::make_shared<Arguments>();
    CLI::App* const runs = app.add_subcommand("load-runs", "List the load runs that a server keeps (load runs)");
    runs->add_option("--data-dir", arguments->data_dir, "The server's data directory")->required();
    runs->add_option("--limit", arguments->limit, "How many, newest first")->capture_default_str();
    runs->add_option("run", arguments->run_id, "A run's id: its report in place of the list");
    runs->add_option("--export", arguments->form, "In which form: json, summary, csv, hdr, junit, html")
        ->capture_default_str();
    runs->add_option("--output", arguments->output, "Into this file, in place of standard output");
    runs->callback([arguments, &exit_code] { exit_code = list(*arguments); });
    CLI::App* const compared =
        app.add_subcommand("load-compare", "Tell whether load runs differ, with intervals (load compare)");
    compared->add_option("--before", arguments->before, "A report's file or a run's id; repeat it for several runs")
        ->required();
    compared->add_option("--after", arguments->after, "The same")->required();
    compared->add_option("--data-dir", arguments->data_dir, "Where runs are looked up by their ids");
    compared->callback([arguments, &exit_code] { exit_code = compare(*arguments); });
}

}  // namespace streamgauge::daemon
