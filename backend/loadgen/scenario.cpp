// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/scenario.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/limits.h"
#include "base/time.h"
#include "loadgen/engine.h"
#include "loadgen/replay_pace.h"
#include "loadgen/run_stamp.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kMostStages = 1000, kMostKinds = 100, kMostFields = 200, kMostChoices = 10'000;
constexpr std::size_t kMostHeaders = 50, kNameBytes = 100, kBodyBytes = limits::kIngestBodyBytes;
constexpr std::uint32_t kHighestChoice = 1'000'000'000;
constexpr double kLongestWait = 3600;
constexpr std::uint32_t kDeepestPipeline = 1000, kMostInFlight = 1'000'000;

Error wrong(std::string field, std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = std::move(field);
    return error;
}

// Also false for what is not a number.
bool within(double value, double lowest, double highest) {
    return value >= lowest && value <= highest;
}

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (c >= ' ' && c != 0x7F) || c < 0; });
}

bool is_token(std::string_view text) {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

Status check_length(const std::string& at, double seconds) {
    if (!(seconds > 0 && seconds <= ArrivalPlan::kLongestSeconds))
        return wrong(at, "the duration must be above 0 and at most 24 hours");
    return {};
}

Status check_stage(const Stage& stage, const std::string& at, double highest, const char* unit) {
    using Shape = Stage::Shape;
    const auto level = [&](const char* member, double value, bool may_be_zero) -> Status {
        if ((may_be_zero ? value >= 0 : value > 0) && value <= highest) return {};
        return wrong(at + "." + member, std::string("must be ") + (may_be_zero ? "0" : "above 0 and at most") +
                                            (may_be_zero ? " to " : " ") +
                                            std::to_string(static_cast<std::uint64_t>(highest)) + " " + unit);
    };
    if (stage.name.size() > kNameBytes || !is_printable(stage.name))
        return wrong(at + ".name", "too long, or not text");
    if (Status s = check_length(at + ".for", stage.seconds); !s) return s;
    if (stage.shape == Shape::Pause) return {};
    if (Status s = level("rate", stage.rate, stage.shape == Shape::Ramp || stage.shape == Shape::Steps); !s) return s;
    if (stage.shape == Shape::Ramp || stage.shape == Shape::Steps || stage.shape == Shape::Spike)
        if (Status s = level("to", stage.to, stage.shape != Shape::Spike); !s) return s;
    if (stage.shape == Shape::Ramp && stage.rate == 0 && stage.to == 0)
        return wrong(at + ".to", "a ramp from nothing to nothing has no request: use a pause");
    if (stage.shape == Shape::Steps && (stage.steps < 1 || stage.steps > 1000))
        return wrong(at + ".steps", "there must be 1 to 1000 steps");
    if (stage.shape == Shape::Spike) {
        if (Status s = check_length(at + ".spike_for", stage.spike_seconds); !s) return s;
        if (!within(stage.after_seconds, 0, ArrivalPlan::kLongestSeconds))
            return wrong(at + ".after_for", "the duration must be at most 24 hours");
        if (stage.after_seconds > 0)
            if (Status s = level("after", stage.after, true); !s) return s;
    }
    if (stage.shape == Shape::Sine) {
        if (!within(stage.amplitude, 0, stage.rate))
            return wrong(at + ".amplitude", "must be 0 to the rate: there are no negative rates");
        if (stage.rate + stage.amplitude > highest)
            return wrong(at + ".amplitude", "the crest is above the highest rate");
        if (!within(stage.period_seconds, 0.1, ArrivalPlan::kLongestSeconds))
            return wrong(at + ".period", "the period must be 100 ms to 24 hours");
    }
    return {};
}

Status check_replay(const Scenario& s) {
    const Replay& r = s.replay;
    if (!s.replays()) {
        if (r == Replay()) return {};
        return wrong("replay", "has its own arrivals, those that were recorded");
    }
    if (r.journal.empty() == r.access_log.empty())
        return wrong("replay", "names what was recorded: one of journal and access_log");
    if (!s.recording && !s.stages.empty()) return wrong("stages", "a replay has the recording's times in their place");
    if (s.closed_loop) return wrong("loop", "a replay sends at its own times: open");
    if (s.jitter_percent != 0) return wrong("jitter_percent", "a replay keeps the gaps that were recorded");
    if (!ReplayPace::is_speed(r.speed))
        return wrong("replay.speed", "must be 0.001 to 1000, with at most three digits behind the point");
    for (const auto& [text, member] : {std::pair{&r.from, "replay.from"}, std::pair{&r.to, "replay.to"}})
        if (!text->empty() && !parse_rfc3339(*text)) return wrong(member, "must be a time as in 2026-01-31T10:00:00Z");
    if (s.requests.size() != 1 || !s.requests.front().body.empty() || s.requests.front().batch != 1 ||
        s.requests.front().method != "POST")
        return wrong("requests", "of a replay: at most one kind, with a name, a path, headers and expect");
    if (!r.access_log.empty() && !r.project.empty()) return wrong("replay.project", "an access log knows no projects");
    if (!r.access_log.empty() && (r.keep_ids || r.keep_times))
        return wrong(r.keep_ids ? "replay.keep_ids" : "replay.keep_times", "an access log has no events");
    if (r.access_log.empty() && r.methods != Replay().methods)
        return wrong("replay.methods", "a journal has events, which are posted");
    if (r.methods.empty()) return wrong("replay.methods", "names at least one method");
    for (auto method = r.methods.begin(); method != r.methods.end(); ++method)
        if (std::find(kReplayedMethods.begin(), kReplayedMethods.end(), *method) == kReplayedMethods.end() ||
            std::find(r.methods.begin(), method, *method) != method)
            return wrong("replay.methods", "GET, POST, PUT, PATCH and DELETE, each at most once");
    if (s.end_to_end.check) return wrong("end_to_end.check", "what was recorded carries no stamps");
    return {};
}

Status check_stages(const Scenario& s) {
    if (s.replays() && !s.recording) return {};
    if (s.stages.empty() || s.stages.size() > kMostStages) return wrong("stages", "there must be 1 to 1000 stages");
    const double highest = s.closed_loop ? EngineOptions::kMostConnections : ArrivalPlan::kHighestRate;
    for (std::size_t i = 0; i < s.stages.size(); ++i) {
        const std::string at = "stages[" + std::to_string(i) + "]";
        if (Status status = check_stage(s.stages[i], at, highest, s.closed_loop ? "users" : "requests a second");
            !status)
            return status;
    }
    if (planned_seconds(s.stages) > ArrivalPlan::kLongestSeconds)
        return wrong("stages", "all stages together must not last longer than 24 hours");
    if (std::all_of(s.stages.begin(), s.stages.end(), [](const Stage& stage) {
            return stage.shape == Stage::Shape::Pause || (stage.rate == 0 && stage.to == 0 && stage.after == 0);
        }))
        return wrong("stages", "no stage has a request");
    return {};
}

Status check_request(const RequestKind& kind, const std::string& at) {
    constexpr std::string_view methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    if (kind.name.empty() || kind.name.size() > kNameBytes || !is_printable(kind.name))
        return wrong(at + ".name", "a name has 1 to 100 characters");
    if (!within(kind.weight, 1e-6, 1e6)) return wrong(at + ".weight", "must be above 0 and at most 1000000");
    if (std::find(std::begin(methods), std::end(methods), kind.method) == std::end(methods))
        return wrong(at + ".method", "must be GET, POST, PUT, PATCH, DELETE or OPTIONS");
    if (kind.path.size() > limits::kTargetBytes) return wrong(at + ".path", "too long");
    if (!kind.path.empty() && kind.path.front() != '/') return wrong(at + ".path", "must begin with /");
    if (std::any_of(kind.path.begin(), kind.path.end(), [](char c) { return c <= ' ' || c >= 0x7F || c == '#'; }))
        return wrong(at + ".path", "has a character that a path cannot have");
    if (kind.headers.size() > kMostHeaders) return wrong(at + ".headers", "at most 50 headers");
    for (const Header& header : kind.headers) {
        const std::string where = at + ".headers." + (is_token(header.name) ? header.name : "");
        if (!is_token(header.name)) return wrong(where, "not a header's name");
        std::string lower = header.name;
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        if (lower == "content-length" || lower == "transfer-encoding" || lower == "connection")
            return wrong(where, "is set by the generator");
        if (header.value.size() > limits::kHeadBytes / 2 || !is_printable(header.value))
            return wrong(where, "too long, or has a control character");
    }
    if (kind.body.size() > kBodyBytes) return wrong(at + ".body", "at most 8 MiB");
    if (kind.batch < 1 || kind.batch > limits::kEventsPerRequest)
        return wrong(at + ".batch", "a request carries 1 to 10000 events");
    if (kind.batch > 1 && (kind.method == "GET" || kind.method == "DELETE" || kind.method == "OPTIONS"))
        return wrong(at + ".batch", "only a request with a body can carry several");
    for (const int status : kind.expect)
        if (status < 200 || status > 599) return wrong(at + ".expect", "a status is 200 to 599");
    if (kind.expect.size() > 20) return wrong(at + ".expect", "at most 20 statuses");
    return {};
}

Status check_field(const GeneratedField& field, const std::string& at) {
    using Kind = GeneratedField::Kind;
    if (field.name.empty() || field.name.size() > kNameBytes ||
        field.name.find_first_of("{} \t\r\n") != std::string::npos)
        return wrong(at, "a field's name has 1 to 100 characters, no spaces and no braces");
    if (field.text.size() > limits::kEventBytes) return wrong(at + ".text", "too long");
    switch (field.kind) {
        case Kind::Integer:
        case Kind::Decimal:
            if (field.from > field.to) return wrong(at + ".to", "must not be below from");
            if (std::max(std::abs(static_cast<double>(field.from)), std::abs(static_cast<double>(field.to))) > 1e15)
                return wrong(at + ".to", "numbers have at most 15 digits");
            if (field.kind == Kind::Decimal && (field.digits < 0 || field.digits > 9))
                return wrong(at + ".digits", "must be 0 to 9");
            if (field.kind == Kind::Decimal &&
                std::max(std::abs(static_cast<double>(field.from)), std::abs(static_cast<double>(field.to))) *
                        std::pow(10.0, field.digits) >
                    1e15)
                return wrong(at + ".digits", "numbers have at most 15 digits, with those behind the point");
            break;
        case Kind::Sequence:
            if (std::abs(static_cast<double>(field.from)) > 1e15)
                return wrong(at + ".from", "numbers have at most 15 digits");
            break;
        case Kind::Choice: {
            if (field.values.empty() || field.values.size() > kMostChoices)
                return wrong(at + ".values", "there must be 1 to 10000 values");
            if (!field.weights.empty() && field.weights.size() != field.values.size())
                return wrong(at + ".weights", "there must be one for each value");
            double sum = 0;
            for (const double weight : field.weights) {
                if (!within(weight, 0, 1e9)) return wrong(at + ".weights", "must be 0 to 1000000000");
                sum += weight;
            }
            if (!field.weights.empty() && sum <= 0) return wrong(at + ".weights", "one must be above 0");
            break;
        }
        case Kind::Zipf:
            if (field.to < 1 || field.to > 1'000'000) return wrong(at + ".to", "there must be 1 to 1000000 ranks");
            if (!within(field.exponent, 0, 10)) return wrong(at + ".exponent", "must be 0 to 10");
            break;
        case Kind::Hex:
            if (field.to < 1 || field.to > 1000) return wrong(at + ".to", "there must be 1 to 1000 digits");
            break;
        case Kind::Column:
            if (field.text.empty()) return wrong(at + ".column", "names the column of the CSV file");
            break;
        case Kind::Constant:
        case Kind::Uuid4:
        case Kind::Uuid7:
        case Kind::Now:
        case Kind::Planned:
            break;
    }
    return {};
}

Status check_names(const Scenario& s) {
    if (s.requests.empty() || s.requests.size() > kMostKinds)
        return wrong("requests", "there must be 1 to 100 kinds of requests");
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < s.requests.size(); ++i) {
        const std::string at = "requests[" + std::to_string(i) + "]";
        if (Status status = check_request(s.requests[i], at); !status) return status;
        if (!names.insert(s.requests[i].name).second) return wrong(at + ".name", "two kinds have this name");
    }
    if (s.fields.size() > kMostFields) return wrong("fields", "at most 200 fields");
    names.clear();
    bool column = false;
    for (const GeneratedField& field : s.fields) {
        const std::string at = "fields." + field.name;
        if (Status status = check_field(field, at); !status) return status;
        if (!names.insert(field.name).second) return wrong(at, "two fields have this name");
        column = column || field.kind == GeneratedField::Kind::Column;
    }
    if (column && s.feeder.file.empty()) return wrong("feeder.file", "there are columns, but no CSV file");
    return {};
}

Status check_credentials(const Credentials& c, const std::string& at) {
    using Kind = Credentials::Kind;
    if (c.kind == Kind::None) return {};
    if (c.environment.empty() == c.file.empty()) return wrong(at, "the secret comes from one of environment and file");
    if (c.kind == Kind::Header && !is_token(c.header)) return wrong(at + ".header", "not a header's name");
    if (c.kind == Kind::Basic && (c.user.empty() || c.user.find(':') != std::string::npos || !is_printable(c.user)))
        return wrong(at + ".user", "a user name without a colon");
    return {};
}

}  // namespace

Status validate(const Scenario& s) {
    if (s.name.empty() || s.name.size() > kNameBytes || !is_printable(s.name))
        return wrong("name", "a name has 1 to 100 characters");
    if (Status status = check_names(s); !status) return status;
    if (Status status = check_replay(s); !status) return status;
    if (Status status = check_stages(s); !status) return status;
    if (Status status = check_credentials(s.credentials, "credentials"); !status) return status;
    if (s.tls.certificate_file.empty() != s.tls.key_file.empty())
        return wrong("tls", "certificate_file and key_file belong together");
    if (!within(s.jitter_percent, 0, 100)) return wrong("jitter_percent", "must be 0 to 100");
    if (s.pipeline < 1 || s.pipeline > kDeepestPipeline) return wrong("pipeline", "must be 1 to 1000 requests");
    if (s.pipeline > 1 && s.closed_loop) return wrong("pipeline", "a user of the closed loop waits for each answer");
    if (s.pipeline > 1 && s.connections == ConnectionUse::NewEachRequest)
        return wrong("pipeline", "a new connection for each request carries one");
    const std::uint32_t most_in_flight = std::min(EngineOptions::kMostConnections * s.pipeline, kMostInFlight);
    if (s.max_in_flight < 1 || s.max_in_flight > most_in_flight)
        return wrong("max_in_flight", "there must be 1 to 10000 connections, each for pipeline requests");
    if (!within(s.timeout_seconds, 0.001, kLongestWait)) return wrong("timeout", "must be 1 ms to 1 hour");
    if (!within(s.grace_seconds, 0, kLongestWait)) return wrong("grace", "must be at most 1 hour");
    if (!within(s.think_seconds, 0, kLongestWait)) return wrong("think", "must be at most 1 hour");
    if (!within(s.error_brake, 0, 1)) return wrong("error_brake", "must be 0 to 1");
    if (s.users < 1 || s.users > kHighestChoice) return wrong("users", "there must be 1 to 1000000000 users");
    if (s.pages < 1 || s.pages > kHighestChoice) return wrong("pages", "there must be 1 to 1000000000 pages");
    for (std::size_t i = 0; i < s.thresholds.size(); ++i) {
        const std::string& of = s.thresholds[i].endpoint;
        const auto has_name = [&of](const RequestKind& kind) { return kind.name == of; };
        if (!of.empty() && std::none_of(s.requests.begin(), s.requests.end(), has_name))
            return wrong("thresholds[" + std::to_string(i) + "]", "no kind of request is named " + of);
        const Threshold::Measure measure = s.thresholds[i].measure;
        const bool read_back = measure == Threshold::Measure::Freshness || measure == Threshold::Measure::Lost;
        if (read_back && !s.end_to_end.check)
            return wrong("thresholds[" + std::to_string(i) + "]",
                         "nothing is read back without end_to_end: {check: true}, or --end-to-end");
    }
    std::vector<std::string> requests;
    for (const RequestKind& kind : s.requests) requests.push_back(kind.name);
    if (Status status = check_lab_objectives(s.objectives, requests); !status) return status;
    if (!within(s.end_to_end.settle_seconds, 0, kLongestWait))
        return wrong("end_to_end.settle", "must be at most 1 hour");
    if (Status status = check_credentials(s.end_to_end.credentials, "end_to_end.credentials"); !status) return status;
    if (s.end_to_end.check && stamp_stride(s) == 0)
        return wrong("end_to_end.check", "no request sends the product's own events: only those are read back");
    return {};
}

}  // namespace streamgauge::loadgen
