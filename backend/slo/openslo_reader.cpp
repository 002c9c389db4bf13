// SPDX-License-Identifier: GPL-3.0-or-later
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "base/time.h"
#include "slo/openslo.h"
#include "slo/openslo_words.h"

namespace streamgauge::slo {
namespace {

using namespace openslo;

constexpr std::size_t kNameBytes = 63;
constexpr std::size_t kTextBytes = 1'000;
constexpr std::size_t kMostRules = 16;
constexpr std::size_t kMostTargets = 16;

// A node and the way to it, for faults.
struct Place {
    YAML::Node node;
    std::string path;
    Place operator[](const std::string& key) const {
        const std::string at = path.empty() ? key : path + "." + key;
        // A copy of a constant node: looking must not make what is not there.
        const YAML::Node& fixed = node;
        return {fixed.IsDefined() && fixed.IsMap() ? fixed[key] : YAML::Node(YAML::NodeType::Undefined), at};
    }
    Place at(std::size_t index) const {
        const YAML::Node& fixed = node;
        return {fixed[index], path + "[" + std::to_string(index) + "]"};
    }
    bool there() const { return node.IsDefined() && !node.IsNull(); }
};

// Thrown inside read_openslo() alone.
struct OpenSloFault {
    Error error;
};

[[noreturn]] void fail(const Place& where, const std::string& message) {
    Error error = Error::make(ErrorCode::InvalidArgument, where.path + " " + message);
    if (where.node.IsDefined() && !where.node.Mark().is_null()) {
        const YAML::Mark mark = where.node.Mark();
        error.message = "line " + std::to_string(mark.line + 1) + ", column " + std::to_string(mark.column + 1) + ": " +
                        error.message;
        error.offset = static_cast<std::uint64_t>(std::max(mark.pos, 0));
    }
    error.field = where.path;
    throw OpenSloFault{std::move(error)};
}

// What is missing has no place of its own: its parent's is told.
[[noreturn]] void missing(const Place& parent, const std::string& key) {
    Place at = parent;
    at.path = parent.path.empty() ? key : parent.path + "." + key;
    fail(at, "is missing");
}

std::string text_of(const Place& place, std::size_t most = kTextBytes) {
    if (!place.node.IsScalar()) fail(place, "must be a text");
    std::string text = place.node.Scalar();
    if (text.size() > most) fail(place, "is longer than " + std::to_string(most) + " bytes");
    if (text.find('\0') != std::string::npos) fail(place, "must not contain U+0000");
    return text;
}
std::string text_of(const Place& parent, const char* key, bool required, std::size_t most = kTextBytes) {
    const Place place = parent[key];
    if (place.there()) return text_of(place, most);
    if (required) missing(parent, key);
    return {};
}

double number_of(const Place& place) {
    const std::string text = text_of(place, 64);
    double value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || !std::isfinite(value))
        fail(place, "must be a number");
    return value;
}

bool truth_of(const Place& place) {
    const std::string text = text_of(place, 16);
    if (text == "true") return true;
    if (text != "false") fail(place, "must be true or false");
    return false;
}

std::string name_of(const Place& place) {
    const std::string name = text_of(place, kNameBytes);
    const bool right = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!right) fail(place, "must be 1 to 63 of a to z, 0 to 9 and -");
    return name;
}

std::int64_t duration_of(const Place& place) {
    const auto duration = parse_duration(text_of(place, 32));
    if (!duration) fail(place, "must be a duration such as 5m, 1h, 30d, 4w or 1M");
    return *duration;
}

// Each document by its name, for references.
class OpenSloReader {
public:
    explicit OpenSloReader(const std::vector<YAML::Node>& documents) {
        for (std::size_t i = 0; i < documents.size(); ++i) {
            if (!documents[i].IsDefined() || documents[i].IsNull()) continue;
            take({documents[i], documents.size() > 1 ? "[" + std::to_string(i) + "]" : ""});
        }
    }

    OpenSloImport read() {
        for (const Place& slo : slos_) read_slo(slo);
        return std::move(out_);
    }

private:
    void take(const Place& document) {
        if (!document.node.IsMap()) fail(document, "a document must be a map");
        if (text_of(document, "apiVersion", true, 64) != "openslo/v1")
            fail(document["apiVersion"], "must be openslo/v1");
        const std::string kind = text_of(document, "kind", true, 64);
        const Place metadata = document["metadata"];
        if (!metadata.there()) missing(document, "metadata");
        const std::string name = text_of(metadata, "name", true, 253);
        if (kind == "SLO") {
            if (slos_.size() == kOpenSloObjectives) fail(document, "is one SLO too many: 200 are read at once");
            slos_.push_back(document);
        } else if (kind == "SLI" || kind == "AlertPolicy" || kind == "AlertCondition") {
            if (!known_.emplace(kind + "/" + name, document).second)
                fail(metadata["name"], "is the name of two documents of the kind " + kind);
        } else if (kind == "DataSource") {
            out_.notes.push_back("the DataSource " + name + " is passed over: this server is the source");
        } else if (kind != "Service" && kind != "AlertNotificationTarget") {
            fail(document["kind"],
                 "must be SLO, SLI, Service, AlertPolicy, AlertCondition, AlertNotificationTarget or DataSource");
        }
    }

    Place resolve(const Place& reference, const std::string& kind) const {
        const std::string name = text_of(reference, 253);
        const auto found = known_.find(kind + "/" + name);
        if (found == known_.end()) fail(reference, "names no " + kind + " of this text");
        return found->second;
    }

    void read_slo(const Place& document) {
        Objective objective;
        objective.rules.clear();
        const Place metadata = document["metadata"], spec = document["spec"];
        objective.name = name_of(metadata["name"]);
        objective.title = text_of(metadata, "displayName", false, 200);
        if (!spec.there()) missing(document, "spec");
        objective.description = text_of(spec, "description", false);
        objective.service = text_of(spec, "service", false, 200);
        read_window(spec, objective.window);
        read_annotations(metadata["annotations"], objective);
        read_policies(spec["alertPolicies"], objective);
        const Place targets = spec["objectives"];
        if (!targets.there()) missing(spec, "objectives");
        if (!targets.node.IsSequence() || targets.node.size() == 0) fail(targets, "must be a list with an objective");
        for (std::size_t i = 0; i < targets.node.size(); ++i) {
            if (out_.objectives.size() == kOpenSloObjectives) fail(targets, "is too many: 200 are read at once");
            Objective one = objective;
            read_target(spec, targets.at(i), one);
            if (targets.node.size() > 1) {
                one.name += "-" + std::to_string(i + 1);
                if (one.name.size() > kNameBytes) fail(metadata["name"], "is too long for several objectives");
            }
            const bool twice = std::any_of(out_.objectives.begin(), out_.objectives.end(),
                                           [&one](const Objective& other) { return other.name == one.name; });
            if (twice) fail(metadata["name"], "is the name of two objectives");
            out_.objectives.push_back(std::move(one));
        }
    }

    static void read_window(const Place& spec, TimeWindow& window) {
        const Place windows = spec["timeWindow"];
        if (!windows.there()) return;
        if (!windows.node.IsSequence() || windows.node.size() != 1) fail(windows, "must be a list of one window");
        const Place one = windows.at(0);
        const Place duration = one["duration"];
        if (!duration.there()) missing(one, "duration");
        window.micros = duration_of(duration);
        const Place calendar = one["calendar"], rolling = one["isRolling"];
        window.rolling = rolling.there() ? truth_of(rolling) : !calendar.there();
        if (window.rolling) return;
        const std::string text = text_of(duration, 32);
        const auto found = std::find(kCalendars.begin(), kCalendars.end(), text);
        if (found == kCalendars.end()) fail(duration, "must be 1d, 1w, 1M, 1Q or 1Y in a calendar");
        window.calendar = static_cast<TimeWindow::Calendar>(found - kCalendars.begin());
        window.micros = TimeWindow().micros;
        if (calendar.there()) {
            const std::string zone = text_of(calendar, "timeZone", false, 64);
            if (!zone.empty()) window.timezone = zone;
        }
    }

    static void read_annotations(const Place& annotations, Objective& objective) {
        if (!annotations.there()) return;
        if (!annotations.node.IsMap()) fail(annotations, "must be a map");
        objective.project = text_of(annotations, "streamgauge/project", false, 128);
        if (const Place least = annotations["streamgauge/least-bad"]; least.there()) {
            const double value = number_of(least);
            if (value < 0 || value > 1e12 || std::floor(value) != value) fail(least, "must be a whole number");
            objective.least_bad = static_cast<std::uint64_t>(value);
        }
        const auto seconds = [&](const char* key, std::int64_t& out) {
            const Place place = annotations[key];
            if (!place.there()) return;
            const auto value = parse_seconds(text_of(place, 32));
            if (!value) fail(place, "must be a length of time such as 90s");
            out = *value;
        };
        seconds("streamgauge/cool-down", objective.cool_down_micros);
        if (objective.window.rolling) {
            seconds("streamgauge/window", objective.window.micros);
            if (objective.window.micros <= 0) fail(annotations["streamgauge/window"], "must be above 0");
        }
        if (const Place no_data = annotations["streamgauge/alert-when-no-data"]; no_data.there())
            objective.alert_when_no_data = truth_of(no_data);
        if (const Place notify = annotations["streamgauge/notify"]; notify.there()) {
            std::string all = text_of(notify);
            for (std::size_t begin = 0; begin <= all.size();) {
                const std::size_t end = std::min(all.find(',', begin), all.size());
                if (end == begin) fail(notify, "must be names of targets with commas between");
                add_target(notify, all.substr(begin, end - begin), objective);
                begin = end + 1;
            }
        }
    }

    static void add_target(const Place& place, const std::string& name, Objective& objective) {
        if (std::find(objective.notify.begin(), objective.notify.end(), name) != objective.notify.end()) return;
        if (name.size() > kNameBytes) fail(place, "is longer than 63 bytes");
        if (objective.notify.size() == kMostTargets) fail(place, "is one target too many: 16 are read");
        objective.notify.push_back(name);
    }

    void read_policies(const Place& policies, Objective& objective) {
        if (!policies.there()) return;
        if (!policies.node.IsSequence()) fail(policies, "must be a list");
        for (std::size_t i = 0; i < policies.node.size(); ++i) {
            if (objective.rules.size() == kMostRules) fail(policies, "is too many: 16 are read");
            Place policy = policies.at(i);
            if (policy.node.IsScalar()) {
                policy = resolve(policy, "AlertPolicy");
            } else if (const Place reference = policy["alertPolicyRef"]; reference.there()) {
                policy = resolve(reference, "AlertPolicy");
            }
            const Place spec = policy["spec"];
            if (!spec.there()) missing(policy, "spec");
            if (const Place no_data = spec["alertWhenNoData"]; no_data.there() && truth_of(no_data))
                objective.alert_when_no_data = true;
            const Place conditions = spec["conditions"];
            if (!conditions.there()) missing(spec, "conditions");
            if (!conditions.node.IsSequence() || conditions.node.size() != 1) fail(conditions, "must be a list of one");
            Place condition = conditions.at(0);
            if (const Place reference = condition["conditionRef"]; reference.there())
                condition = resolve(reference, "AlertCondition");
            objective.rules.push_back(read_rule(policy, condition));
            read_notify(spec["notificationTargets"], objective);
        }
    }

    static void read_notify(const Place& targets, Objective& objective) {
        if (!targets.there()) return;
        if (!targets.node.IsSequence()) fail(targets, "must be a list");
        for (std::size_t i = 0; i < targets.node.size(); ++i) {
            const Place one = targets.at(i);
            Place name = one;
            if (one.node.IsMap()) {
                name = one["targetRef"].there() ? one["targetRef"] : one["metadata"]["name"];
                if (!name.there()) missing(one, "targetRef");
            }
            add_target(name, text_of(name, kNameBytes), objective);
        }
    }

    static BurnRule read_rule(const Place& policy, const Place& document) {
        const Place spec = document["spec"];
        if (!spec.there()) missing(document, "spec");
        const Place condition = spec["condition"];
        if (!condition.there()) missing(spec, "condition");
        BurnRule rule;
        const std::string severity = text_of(spec, "severity", false, 64);
        rule.severity = severity == "page" || severity == "critical" ? Severity::Page : Severity::Ticket;
        if (const Place kind = condition["kind"]; !kind.there() || text_of(kind, 64) != "burnrate")
            fail(kind.there() ? kind : condition, "must be burnrate");
        if (const Place op = condition["op"]; op.there()) {
            const std::string word = text_of(op, 16);
            if (word != "gte" && word != "gt") fail(op, "must be gte or gt");
        }
        const Place threshold = condition["threshold"];
        if (!threshold.there()) missing(condition, "threshold");
        rule.factor = number_of(threshold);
        if (rule.factor <= 0 || rule.factor > 1e6) fail(threshold, "must be above 0 and at most 1000000");
        const Place lookback = condition["lookbackWindow"];
        if (!lookback.there()) missing(condition, "lookbackWindow");
        rule.long_micros = duration_of(lookback);
        if (const Place after = condition["alertAfter"]; after.there() && text_of(after, 32) != "0m")
            rule.hold_micros = duration_of(after);
        // The workbook's usual share, where nothing says another.
        rule.short_micros = std::max<std::int64_t>(rule.long_micros / 12, 1);
        bool exact_long = false;
        for (const Place& one : {policy, document}) {
            const Place annotations = one["metadata"]["annotations"];
            const auto exact = [&](const char* key, std::int64_t& out) {
                const Place place = annotations[key];
                if (!place.there()) return false;
                const auto value = parse_seconds(text_of(place, 32));
                if (!value) fail(place, "must be a length of time such as 5m or 2.5s");
                out = *value;
                return true;
            };
            exact_long = exact("streamgauge/long-window", rule.long_micros) || exact_long;
            const bool exact_short = exact("streamgauge/short-window", rule.short_micros);
            if (exact_short && (rule.short_micros <= 0 || rule.short_micros > rule.long_micros))
                fail(annotations["streamgauge/short-window"], "must be above 0 and not beyond the long window");
            exact("streamgauge/hold", rule.hold_micros);
        }
        if (exact_long && (rule.long_micros <= 0 || rule.short_micros > rule.long_micros))
            fail(document, "has a long window that is shorter than the short one");
        return rule;
    }

    void read_target(const Place& spec, const Place& place, Objective& objective) {
        if (!place.node.IsMap()) fail(place, "must be a map");
        if (place["compositeWeight"].there()) fail(place["compositeWeight"], "cannot be: there are no composites here");
        const Place target = place["target"], percent = place["targetPercent"];
        if (target.there() == percent.there()) {
            if (target.there()) fail(percent, "cannot be beside target");
            missing(place, "target");
        }
        objective.target = target.there() ? number_of(target) : number_of(percent) / 100;
        if (objective.target <= 0 || objective.target >= 1)
            fail(target.there() ? target : percent,
                 target.there() ? "must be above 0 and below 1" : "must be above 0 and below 100");
        if (const std::string title = text_of(place, "displayName", false, 200); objective.title.empty())
            objective.title = title;
        read_indicator(spec, place, objective);
    }

    void read_indicator(const Place& spec, const Place& target, Objective& objective) {
        Place indicator;
        for (const Place& holder : {target, spec}) {
            if (holder["indicator"].there()) {
                indicator = holder["indicator"];
            } else if (holder["indicatorRef"].there()) {
                indicator = resolve(holder["indicatorRef"], "SLI");
            } else {
                continue;
            }
            break;
        }
        if (!indicator.there()) missing(spec, "indicator");
        const Place sli = indicator["spec"];
        if (!sli.there()) missing(indicator, "spec");
        const Place ratio = sli["ratioMetric"], threshold = sli["thresholdMetric"];
        if (ratio.there() == threshold.there()) fail(sli, "must have either a ratioMetric or a thresholdMetric");
        if (ratio.there()) {
            if (ratio["raw"].there()) fail(ratio["raw"], "cannot be read; say good and total");
            const Place good = ratio["good"].there() ? ratio["good"] : ratio["bad"];
            if (!good.there()) missing(ratio, "good");
            read_source(good, objective.indicator);
            return;
        }
        read_source(threshold, objective.indicator);
        const Place op = target["op"], value = target["value"];
        if (!op.there()) missing(target, "op");
        if (!value.there()) missing(target, "value");
        const std::string word = text_of(op, 16);
        const bool below = word == "lt" || word == "lte";
        if (!below && word != "gt" && word != "gte") fail(op, "must be lt, lte, gt or gte");
        if (objective.indicator.kind == Indicator::Kind::Metric) {
            objective.indicator.good_is_below = below;
            objective.indicator.bound = number_of(value);
        } else {
            if (!below) fail(op, "must be lt or lte");
            objective.indicator.threshold_ms = number_of(value);
            if (objective.indicator.threshold_ms <= 0 || objective.indicator.threshold_ms > 3.6e6)
                fail(value, "must be above 0 and at most 3600000 (milliseconds)");
        }
    }

    static void read_source(const Place& holder, Indicator& out) {
        const Place source = holder["metricSource"];
        if (!source.there()) missing(holder, "metricSource");
        const Place type = source["type"];
        if (!type.there()) missing(source, "type");
        if (text_of(type, 64) != kSourceType)
            fail(type,
                 "must be Streamgauge: this server cannot ask another source; its kinds are availability, "
                 "latency, errors, freshness, correctness and metric");
        const Place spec = source["spec"];
        if (!spec.there()) missing(source, "spec");
        const Place kind = spec["kind"];
        if (!kind.there()) missing(spec, "kind");
        const auto found = std::find(kKinds.begin(), kKinds.end(), text_of(kind, 64));
        if (found == kKinds.end())
            fail(kind, "must be availability, latency, errors, freshness, correctness or metric");
        out = {};
        out.kind = static_cast<Indicator::Kind>(found - kKinds.begin());
        out.route = text_of(spec, "route", false, 200);
        out.good = text_of(spec, "good", false, 128);
        out.total = text_of(spec, "total", false, 128);
        if (out.kind == Indicator::Kind::Metric && out.total.empty()) missing(spec, "total");
        if (const Place limit = spec["thresholdMs"]; limit.there()) {
            out.threshold_ms = number_of(limit);
            if (out.threshold_ms <= 0 || out.threshold_ms > 3.6e6) fail(limit, "must be above 0 and at most 3600000");
        }
        if (const Place limited = spec["limitedIsBad"]; limited.there()) out.limited_is_bad = truth_of(limited);
        if (const Place below = spec["goodIsBelow"]; below.there()) out.good_is_below = truth_of(below);
        if (const Place bound = spec["bound"]; bound.there()) out.bound = number_of(bound);
    }

    std::vector<Place> slos_;
    std::map<std::string, Place> known_;  // by "kind/name"
    OpenSloImport out_;
};

class NoEvents final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

// At some texts the parser finds documents without end. Each but the first follows a line of "---" or "...".
bool ends(const std::string& text) {
    std::size_t most = 1;
    for (std::size_t line = 0; line < text.size(); line = std::min(text.find('\n', line), text.size()) + 1)
        if (text.compare(line, 3, "---") == 0 || text.compare(line, 3, "...") == 0) ++most;
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    NoEvents events;
    std::size_t found = 0;
    while (found <= most && parser.HandleNextDocument(events)) ++found;
    return found <= most;
}

}  // namespace

Result<OpenSloImport> read_openslo(std::string_view yaml) {
    if (yaml.size() > kOpenSloBytes) return Error::make(ErrorCode::TooLarge, "more than 256 KiB of OpenSLO");
    if (!simdjson::validate_utf8(yaml.data(), yaml.size()))
        return Error::make(ErrorCode::InvalidArgument, "this is not UTF-8");
    try {
        const std::string text(yaml);
        if (!ends(text)) return Error::make(ErrorCode::InvalidArgument, "this is not YAML: its documents do not end");
        OpenSloImport read = OpenSloReader(YAML::LoadAll(text)).read();
        if (read.objectives.empty()) return Error::make(ErrorCode::InvalidArgument, "there is no SLO in this text");
        return read;
    } catch (const OpenSloFault& fault) {
        return fault.error;
    } catch (const YAML::Exception& error) {
        Error out = Error::make(ErrorCode::InvalidArgument, "this is not YAML: " + error.msg);
        if (!error.mark.is_null()) {
            out.message = "line " + std::to_string(error.mark.line + 1) + ", column " +
                          std::to_string(error.mark.column + 1) + ": " + out.message;
            out.offset = static_cast<std::uint64_t>(std::max(error.mark.pos, 0));
        }
        return out;
    } catch (const std::exception& error) {  // yaml-cpp, on what it does not expect
        return Error::make(ErrorCode::InvalidArgument, std::string("this is not YAML: ") + error.what());
    }
}

}  // namespace streamgauge::slo
