// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/capacity_reports.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/codec.h"
#include "api/json_writer.h"
#include "api/run_so_far.h"
#include "base/time.h"
#include "base/wrong_field.h"

namespace streamgauge::api {
namespace {

using loadgen::ChangeVerdict;

constexpr double kNormal95 = 1.959964;  // standard errors in half of a 95 % interval

struct Limit {
    double middle = 0, variance = 0;
};

std::optional<Limit> limit_of(const std::vector<CapacityReport>& searches) {
    Limit sum;
    for (const CapacityReport& search : searches) {
        const LoadCapacity& found = search.capacity;
        if (found.low <= 0 || found.high < found.low) return std::nullopt;
        const double error = (found.high - found.low) / 2 / kNormal95;
        sum.middle += (found.low + found.high) / 2;
        sum.variance += error * error;
    }
    const auto n = static_cast<double>(searches.size());
    return Limit{sum.middle / n, sum.variance / (n * n)};
}

void warn_of_differences(const std::vector<CapacityReport>& before, const std::vector<CapacityReport>& after,
                         std::vector<std::string>& warnings) {
    const auto differ = [&](auto member) {
        for (const auto* side : {&before, &after})
            for (const CapacityReport& search : *side)
                if (member(search) != member(before.front())) return true;
        return false;
    };
    if (differ([](const CapacityReport& r) { return r.url; })) warnings.emplace_back("the targets differ");
    if (differ([](const CapacityReport& r) { return r.capacity.objectives; }))
        warnings.emplace_back("what had to hold differs");
    if (differ([](const CapacityReport& r) { return r.scenario; })) warnings.emplace_back("the scenarios differ");
    if (differ([](const CapacityReport& r) { return r.host; }))
        warnings.emplace_back("the generators ran on different machines");
    if (differ([](const CapacityReport& r) { return r.build; })) warnings.emplace_back("the generators' builds differ");
    for (const auto* side : {&before, &after})
        for (const CapacityReport& search : *side)
            if (search.capacity.end != "found")
                warnings.push_back("the search " + search.run_id + " has no confirmed answer: " + search.capacity.end);
}

void append(std::string& out, double value) {
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end.ptr);
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + '"';
}

// The members of a search's own; its answer is written and read as a status has it.
constexpr std::string_view kAnswer = "status";

class Members {
public:
    explicit Members(const nlohmann::json& of) : of_(of) {}

    void read(const char* name, std::string& out) {
        const auto at = of_.find(name);
        if (at == of_.end() || !at->is_string()) return fail(name, "must be a string");
        out = at->get_ref<const std::string&>();
    }
    void fail(const char* name, const char* what) {
        if (!fault_) fault_ = wrong_field(name, std::string(name) + " " + what);
    }
    const std::optional<Error>& fault() const { return fault_; }

private:
    const nlohmann::json& of_;
    std::optional<Error> fault_;
};

// `known` with what `document` says of it, at any depth; of a list its one element says what is known of each. What a
// later build has written besides is left out, and what an earlier one did not write yet is as in `known`.
nlohmann::json fitted(const nlohmann::json& known, const nlohmann::json& document) {
    if (known.is_array() && document.is_array() && known.size() == 1) {
        nlohmann::json list = nlohmann::json::array();
        for (const nlohmann::json& element : document) list.push_back(fitted(known.front(), element));
        return list;
    }
    if (!known.is_object() || !document.is_object()) return document;
    nlohmann::json object = known;
    for (const auto& [name, value] : known.items())
        if (const auto said = document.find(name); said != document.end()) object[name] = fitted(value, *said);
    return object;
}

// What is read of a kept search's status; all else of it is as in a fresh one.
nlohmann::json read_of_status(const nlohmann::json& answer) {
    LoadStatus fresh;
    fresh.capacity.emplace();
    nlohmann::json status = nlohmann::json::parse(encode(fresh), nullptr, false);
    fresh.capacity->steps.resize(1);
    const nlohmann::json known = nlohmann::json::parse(encode(fresh), nullptr, false);
    for (const char* const name : {"run_id", "name", "plan", "elapsed_seconds", "capacity"})
        if (const auto said = answer.find(name); said != answer.end()) status[name] = fitted(known[name], *said);
    // An example of a step is none of a search without any.
    nlohmann::json& capacity = status["capacity"];
    if (capacity.is_object() && !answer["capacity"].contains("steps")) capacity["steps"] = nlohmann::json::array();
    return status;
}

std::string beginning() {
    return R"({"schema":")" + std::string(kCapacitySchema) + '"';
}

// "4760", "52.5".
std::string short_number(double value) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), value < 100 ? "%.1f" : "%.0f", value);
    return text.data();
}

}  // namespace

std::string encode(const CapacityReport& report) {
    LoadStatus status;
    status.run_id = report.run_id;
    status.name = report.name;
    status.state = report.capacity.end == "stopped" || report.capacity.end.starts_with(kInterrupted)
                       ? LoadState::Stopped
                       : LoadState::Done;
    status.plan.url = report.url;
    status.plan.seed = report.seed;
    status.plan.arrivals = Arrivals::Poisson;
    status.elapsed_seconds = report.seconds;
    status.planned_seconds = status.plan.duration_seconds = report.capacity.budget_seconds;
    status.capacity = report.capacity;
    JsonWriter out;
    out.begin_object()
        .key("schema")
        .string(kCapacitySchema)
        .key("started_at")
        .string(format_rfc3339(report.started_at));
    out.key("scenario").string(report.scenario).key("host").string(report.host).key("build").string(report.build);
    std::string text = out.end_object().take();
    text.pop_back();
    return text + ",\"" + std::string(kAnswer) + "\":" + encode(status) + "}";
}

bool is_capacity_report(std::string_view json) {
    return json.starts_with(beginning());
}

Result<CapacityReport> decode_capacity_report(std::string_view json) {
    const nlohmann::json document = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
    if (!document.is_object()) return Error::make(ErrorCode::InvalidArgument, "the document is no JSON object");
    CapacityReport report;
    Members members(document);
    std::string schema, started_at;
    members.read("schema", schema);
    members.read("started_at", started_at);
    members.read("scenario", report.scenario);
    members.read("host", report.host);
    members.read("build", report.build);
    if (!members.fault() && schema != kCapacitySchema) members.fail("schema", "is of another kind of document");
    if (members.fault()) return *members.fault();
    const Result<Timestamp> time = parse_rfc3339(started_at);
    if (!time) return wrong_field("started_at", time.error().message);
    report.started_at = *time;
    const auto answer = document.find(kAnswer);
    if (answer == document.end()) return wrong_field(std::string(kAnswer), std::string(kAnswer) + " is missing");
    for (const char* const name : {"run_id", "capacity"})
        if (!answer->is_object() || !answer->contains(name))
            return wrong_field(name, std::string(name) + " is missing");
    Result<LoadStatus> status =
        decode_load_status(read_of_status(*answer).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    if (!status) return status.error();
    if (!status->capacity) return wrong_field("capacity", "capacity is missing");
    report.run_id = std::move(status->run_id);
    report.name = std::move(status->name);
    report.url = std::move(status->plan.url);
    report.seed = status->plan.seed;
    report.seconds = status->elapsed_seconds;
    report.capacity = std::move(*status->capacity);
    return report;
}

namespace {

// Of a step; a kept file may say anything.
std::uint64_t requests(double rate, double seconds) {
    constexpr double kMost = 9007199254740992;  // 2^53
    const double all = rate * seconds;
    return all > 0 ? static_cast<std::uint64_t>(std::min(all, kMost)) : 0;
}

}  // namespace

StoredLoadRun stored_search(const CapacityReport& report, std::string by) {
    StoredLoadRun run;
    run.id = report.run_id;
    run.name = "capacity " + short_number(report.capacity.rate) + "/s, " + report.name;
    run.url = report.url;
    run.started_at = report.started_at;
    run.state = report.capacity.end.starts_with(kInterrupted) ? std::string(kInterrupted) : report.capacity.end;
    run.passed = report.capacity.end == "found";
    run.by = std::move(by);
    run.seconds = report.seconds;
    run.seed = report.seed;
    for (const LoadCapacityStep& step : report.capacity.steps) {
        run.planned += requests(step.rate, step.seconds);
        run.good += requests(step.answered_rate, step.seconds);
        if (!step.held || step.rate > report.capacity.rate) continue;
        run.p50_ms = step.p50_ms;  // of the last step that held the answer, or less
        run.p99_ms = step.p99_ms;
    }
    return run;
}

Result<loadgen::RunComparison> compare_searches(const std::vector<CapacityReport>& before,
                                                const std::vector<CapacityReport>& after,
                                                const loadgen::CompareOptions& options) {
    if (before.empty() || after.empty())
        return wrong_field(before.empty() ? "before" : "after", "there must be a search on each side");
    loadgen::RunComparison out;
    loadgen::MeasureChange& limit = out.measures.emplace_back();
    limit.measure = "capacity";
    warn_of_differences(before, after, out.warnings);
    const std::optional<Limit> a = limit_of(before), b = limit_of(after);
    if (!a || !b) return out;
    limit.before = a->middle;
    limit.after = b->middle;
    limit.change = b->middle - a->middle;
    const double error = std::sqrt(a->variance + b->variance);
    limit.low = limit.change - kNormal95 * error;
    limit.high = limit.change + kNormal95 * error;
    limit.p_value = error > 0 ? std::erfc(std::abs(limit.change) / error / std::sqrt(2)) : limit.change == 0 ? 1 : 0;
    const double least = options.least_change * a->middle;
    limit.verdict = limit.low > least     ? ChangeVerdict::Better
                    : limit.high < -least ? ChangeVerdict::Worse
                                          : ChangeVerdict::NoDifference;
    out.verdict = limit.verdict;
    return out;
}

std::string steps_csv(const CapacityReport& report) {
    std::string out = "rate,answered_rate,seconds,p50_ms,p99_ms,held,confirmation,limiting\r\n";
    for (const LoadCapacityStep& step : report.capacity.steps) {
        for (const double value : {step.rate, step.answered_rate, step.seconds, step.p50_ms, step.p99_ms}) {
            append(out, value);
            out += ',';
        }
        out += step.held ? "true," : "false,";
        out += step.confirm ? "true," : "false,";
        out += quoted(step.limiting) + "\r\n";
    }
    return out;
}

}  // namespace streamgauge::api
