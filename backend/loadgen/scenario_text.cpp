// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/scenario_text.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <sstream>

#include "loadgen/duration.h"
#include "loadgen/scenario_words.h"

namespace streamgauge::loadgen {
namespace {

Error fault(const YAML::Mark& mark, std::string field, const std::string& message, std::string hint = {}) {
    Error error;
    error.code = ErrorCode::InvalidArgument;
    error.message = mark.is_null() ? message
                                   : "line " + std::to_string(mark.line + 1) + ", column " +
                                         std::to_string(mark.column + 1) + ": " + message;
    error.field = std::move(field);
    if (!mark.is_null() && mark.pos >= 0) error.offset = static_cast<std::uint64_t>(mark.pos);
    error.hint = std::move(hint);
    return error;
}

std::string joined(const std::string& path, std::string_view name) {
    return path.empty() ? std::string(name) : path + "." + std::string(name);
}
std::string indexed(const std::string& path, std::size_t i) {
    return path + "[" + std::to_string(i) + "]";
}

// Reads nodes into values; the first fault stays and everything after it is skipped.
class Reader {
public:
    const std::optional<Error>& error() const { return error_; }

    void refuse(const YAML::Node& node, const std::string& path, const std::string& message, std::string hint = {}) {
        if (!error_) error_ = fault(node.Mark(), path, message, std::move(hint));
    }

    // Calls `member` with each member of a map, once each; false from it: not known.
    using Member = std::function<bool(const std::string& name, const YAML::Node& value, const std::string& path)>;
    void map(const YAML::Node& node, const std::string& path, const Member& member) {
        if (error_) return;
        if (!node.IsMap()) return refuse(node, path, "must be a map of members");
        std::set<std::string> seen;
        for (const auto& entry : node) {
            if (error_) return;
            if (!entry.first.IsScalar()) return refuse(entry.first, path, "a member's name must be text");
            const std::string name = entry.first.Scalar();
            const std::string where = joined(path, name.size() <= 100 ? name : name.substr(0, 100));
            if (!seen.insert(name).second) return refuse(entry.first, where, "is there twice");
            if (!member(name, entry.second, where)) return refuse(entry.first, where, "is not a member here");
        }
    }

    void list(const YAML::Node& node, const std::string& path,
              const std::function<void(const YAML::Node&, const std::string&)>& item) {
        if (error_) return;
        if (!node.IsSequence()) return refuse(node, path, "must be a list");
        std::size_t i = 0;
        for (const YAML::Node& each : node) {
            if (error_) return;
            item(each, indexed(path, i++));
        }
    }

    bool read(const YAML::Node& node, const std::string& path, std::string& value) {
        if (error_) return true;
        if (node.IsScalar()) {
            value = node.Scalar();
        } else {
            refuse(node, path, "must be text");
        }
        return true;
    }

    bool read(const YAML::Node& node, const std::string& path, bool& value) {
        std::string text;
        read(node, path, text);
        if (error_) return true;
        if (text != "true" && text != "false") refuse(node, path, "must be true or false");
        value = text == "true";
        return true;
    }

    template <class Number>
    bool read_number(const YAML::Node& node, const std::string& path, Number& value, const char* what) {
        std::string text;
        read(node, path, text);
        if (error_) return true;
        const char* const end = text.data() + text.size();
        const auto [next, problem] = std::from_chars(text.data(), end, value);
        if (problem != std::errc{} || next != end) refuse(node, path, std::string("must be ") + what);
        return true;
    }
    bool read(const YAML::Node& node, const std::string& path, double& value) {
        read_number(node, path, value, "a number");
        if (!error_ && !std::isfinite(value)) refuse(node, path, "must be a number");
        return true;
    }
    bool read(const YAML::Node& node, const std::string& path, std::uint32_t& value) {
        return read_number(node, path, value, "a whole number from 0 to 4294967295");
    }
    bool read(const YAML::Node& node, const std::string& path, std::uint64_t& value) {
        return read_number(node, path, value, "a whole number");
    }
    bool read(const YAML::Node& node, const std::string& path, std::int64_t& value) {
        return read_number(node, path, value, "a whole number");
    }
    bool read(const YAML::Node& node, const std::string& path, int& value) {
        return read_number(node, path, value, "a whole number");
    }

    bool duration(const YAML::Node& node, const std::string& path, double& seconds) {
        std::string text;
        read(node, path, text);
        if (error_) return true;
        const Result<double> parsed = parse_duration(text);
        if (!parsed) {
            refuse(node, path, parsed.error().message, parsed.error().hint);
        } else {
            seconds = *parsed;
        }
        return true;
    }

    bool duration(const YAML::Node& node, const std::string& path, std::int64_t& micros) {
        constexpr double kMost = 1e10;  // what is longer is refused by validate()
        double seconds = 0;
        duration(node, path, seconds);
        if (!error_) micros = std::llround(std::min(seconds, kMost) * 1e6);
        return true;
    }

    // A share, or per cent: 0.999, 99.9%. Both give the same number.
    bool share(const YAML::Node& node, const std::string& path, double& value) {
        std::string text;
        read(node, path, text);
        if (error_) return true;
        if (const std::optional<double> share = parse_share(text)) {
            value = *share;
        } else {
            refuse(node, path, "must be a share such as 99.9%");
        }
        return true;
    }

    template <class Enum>
    bool word(const YAML::Node& node, const std::string& path, const Words<Enum>& words, Enum& value) {
        std::string text;
        read(node, path, text);
        if (error_) return true;
        std::string all;
        for (const auto& [name, meaning] : words) {
            if (name == text) {
                value = meaning;
                return true;
            }
            all += (all.empty() ? "" : ", ") + std::string(name);
        }
        refuse(node, path, "must be one of " + all);
        return true;
    }

    template <class T>
    bool numbers(const YAML::Node& node, const std::string& path, std::vector<T>& values) {
        list(node, path, [&](const YAML::Node& each, const std::string& where) {
            T value{};
            read(each, where, value);
            values.push_back(std::move(value));
        });
        return true;
    }

private:
    std::optional<Error> error_;
};

void read_stage(Reader& r, const YAML::Node& node, const std::string& at, Stage& s) {
    s.seconds = 30;
    bool shaped = false;
    std::string of_a_shape;  // a member that only some shapes have
    r.map(node, at, [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "shape") {
            shaped = true;
            return r.word(value, path, kShapes, s.shape);
        }
        if (name == "name") return r.read(value, path, s.name);
        if (name == "rate") return r.read(value, path, s.rate);
        if (name == "for") return r.duration(value, path, s.seconds);
        of_a_shape = name;
        if (name == "to") return r.read(value, path, s.to);
        if (name == "steps") return r.read(value, path, s.steps);
        if (name == "spike_for") return r.duration(value, path, s.spike_seconds);
        if (name == "after") return r.read(value, path, s.after);
        if (name == "after_for") return r.duration(value, path, s.after_seconds);
        if (name == "amplitude") return r.read(value, path, s.amplitude);
        if (name == "period") return r.duration(value, path, s.period_seconds);
        return false;
    });
    // Without its shape the stage would be a constant one, and not what was meant.
    if (!shaped && !of_a_shape.empty())
        r.refuse(node, at + "." + of_a_shape,
                 "needs the stage's shape, such as ramp: without one the rate is constant");
}

void read_request(Reader& r, const YAML::Node& node, const std::string& at, RequestKind& kind) {
    r.map(node, at, [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "name") return r.read(value, path, kind.name);
        if (name == "weight") return r.read(value, path, kind.weight);
        if (name == "method") return r.read(value, path, kind.method);
        if (name == "path") return r.read(value, path, kind.path);
        if (name == "body") return r.read(value, path, kind.body);
        if (name == "batch") return r.read(value, path, kind.batch);
        if (name == "expect") return r.numbers(value, path, kind.expect);
        if (name != "headers") return false;
        r.map(value, path, [&](const std::string& header, const YAML::Node& text, const std::string& where) {
            kind.headers.push_back({header, ""});
            return r.read(text, where, kind.headers.back().value);
        });
        return true;
    });
}

void read_field(Reader& r, const YAML::Node& node, const std::string& at, GeneratedField& f) {
    if (node.IsScalar()) {
        r.word(node, at, kFieldKinds, f.kind);
        return;
    }
    r.map(node, at, [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "kind") return r.word(value, path, kFieldKinds, f.kind);
        if (name == "text" || name == "prefix" || name == "column") return r.read(value, path, f.text);
        if (name == "from") return r.read(value, path, f.from);
        if (name == "to" || name == "ranks" || name == "length") return r.read(value, path, f.to);
        if (name == "digits") return r.read(value, path, f.digits);
        if (name == "exponent") return r.read(value, path, f.exponent);
        if (name == "values") return r.numbers(value, path, f.values);
        if (name == "weights") return r.numbers(value, path, f.weights);
        return false;
    });
}

void read_credentials(Reader& r, const YAML::Node& node, const std::string& at, Credentials& c) {
    r.map(node, at, [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "kind") return r.word(value, path, kCredentialKinds, c.kind);
        if (name == "header") return r.read(value, path, c.header);
        if (name == "user") return r.read(value, path, c.user);
        if (name == "environment") return r.read(value, path, c.environment);
        if (name == "file") return r.read(value, path, c.file);
        return false;
    });
}

void read_tls(Reader& r, const YAML::Node& node, const std::string& at, TlsChoices& t) {
    r.map(node, at, [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "ca_file") return r.read(value, path, t.ca_file);
        if (name == "verify") return r.read(value, path, t.verify);
        if (name == "server_name") return r.read(value, path, t.server_name);
        if (name == "certificate_file") return r.read(value, path, t.certificate_file);
        if (name == "key_file") return r.read(value, path, t.key_file);
        return false;
    });
}

void read_thresholds(Reader& r, const YAML::Node& node, const std::string& at, std::vector<Threshold>& thresholds) {
    r.list(node, at, [&](const YAML::Node& each, const std::string& path) {
        std::string text;
        r.read(each, path, text);
        if (r.error()) return;
        const Result<Threshold> threshold = parse_threshold(text);
        if (!threshold) {
            r.refuse(each, path, threshold.error().message, threshold.error().hint);
        } else {
            thresholds.push_back(*threshold);
        }
    });
}

void read_alert(Reader& r, const YAML::Node& node, const std::string& at, slo::BurnRule& rule) {
    r.map(node, at, [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "severity") return r.word(value, path, kSeverities, rule.severity);
        if (name == "long") return r.duration(value, path, rule.long_micros);
        if (name == "short") return r.duration(value, path, rule.short_micros);
        if (name == "factor") return r.read(value, path, rule.factor);
        if (name == "hold") return r.duration(value, path, rule.hold_micros);
        return false;
    });
}

void read_objective(Reader& r, const YAML::Node& node, const std::string& at, LabObjective& lab) {
    slo::Objective& objective = lab.objective;
    bool has_kind = false;
    r.map(node, at, [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "name") return r.read(value, path, objective.name);
        if (name == "kind") return has_kind = r.word(value, path, kIndicators, objective.indicator.kind);
        if (name == "target") return r.share(value, path, objective.target);
        if (name == "threshold") {
            std::int64_t micros = 0;
            r.duration(value, path, micros);
            objective.indicator.threshold_ms = static_cast<double>(micros) / 1000;
            return true;
        }
        if (name == "request") return r.read(value, path, objective.indicator.route);
        if (name == "limited_is_bad") return r.read(value, path, objective.indicator.limited_is_bad);
        if (name == "window") return r.duration(value, path, objective.window.micros);
        if (name == "scaled_to") return r.duration(value, path, lab.scaled_to_seconds);
        if (name == "usual_rate") return r.read(value, path, lab.usual_rate);
        if (name == "least_bad") return r.read(value, path, objective.least_bad);
        if (name == "cool_down") return r.duration(value, path, objective.cool_down_micros);
        if (name != "alerts") return false;
        r.list(value, path, [&](const YAML::Node& each, const std::string& where) {
            read_alert(r, each, where, objective.rules.emplace_back());
        });
        return true;
    });
    if (!has_kind) r.refuse(node, at + ".kind", "is missing: one of availability, latency, errors");
    if (objective.name.empty()) objective.name = word_of(kIndicators, objective.indicator.kind);
}

void read_objectives(Reader& r, const YAML::Node& node, const std::string& at, std::vector<LabObjective>& objectives) {
    if (node.IsScalar() && node.Scalar() == kDefaultObjectives) {
        objectives = default_lab_objectives();
        return;
    }
    r.list(node, at, [&](const YAML::Node& each, const std::string& path) {
        read_objective(r, each, path, objectives.emplace_back());
    });
}

void read_scenario(Reader& r, const YAML::Node& root, Scenario& s) {
    r.map(root, "", [&](const std::string& name, const YAML::Node& value, const std::string& path) {
        if (name == "name") return r.read(value, path, s.name);
        if (name == "url") return r.read(value, path, s.url);
        if (name == "loop") return r.word(value, path, kLoops, s.closed_loop);
        if (name == "arrivals") return r.word(value, path, kSpacings, s.spacing);
        if (name == "seed") return r.read(value, path, s.seed);
        if (name == "jitter_percent") return r.read(value, path, s.jitter_percent);
        if (name == "think") return r.duration(value, path, s.think_seconds);
        if (name == "think_random") return r.read(value, path, s.think_random);
        if (name == "max_in_flight") return r.read(value, path, s.max_in_flight);
        if (name == "pipeline") return r.read(value, path, s.pipeline);
        if (name == "when_full") return r.word(value, path, kWhenFull, s.when_full);
        if (name == "connections") return r.word(value, path, kConnectionUses, s.connections);
        if (name == "timeout") return r.duration(value, path, s.timeout_seconds);
        if (name == "grace") return r.duration(value, path, s.grace_seconds);
        if (name == "error_brake") return r.read(value, path, s.error_brake);
        if (name == "users") return r.read(value, path, s.users);
        if (name == "pages") return r.read(value, path, s.pages);
        if (name == "thresholds") return read_thresholds(r, value, path, s.thresholds), true;
        if (name == "objectives") return read_objectives(r, value, path, s.objectives), true;
        if (name == "credentials") return read_credentials(r, value, path, s.credentials), true;
        if (name == "tls") return read_tls(r, value, path, s.tls), true;
        if (name == "stages") {
            r.list(value, path, [&](const YAML::Node& each, const std::string& where) {
                read_stage(r, each, where, s.stages.emplace_back());
            });
            return true;
        }
        if (name == "requests") {
            r.list(value, path, [&](const YAML::Node& each, const std::string& where) {
                read_request(r, each, where, s.requests.emplace_back());
            });
            return true;
        }
        if (name == "fields") {
            r.map(value, path, [&](const std::string& field, const YAML::Node& spec, const std::string& where) {
                GeneratedField& f = s.fields.emplace_back();
                f.name = field;
                read_field(r, spec, where, f);
                return true;
            });
            return true;
        }
        if (name == "feeder") {
            r.map(value, path, [&](const std::string& member, const YAML::Node& node, const std::string& where) {
                if (member == "file") return r.read(node, where, s.feeder.file);
                if (member == "random") return r.read(node, where, s.feeder.random);
                return false;
            });
            return true;
        }
        if (name == "replay") {
            r.map(value, path, [&](const std::string& member, const YAML::Node& node, const std::string& where) {
                if (member == "journal") return r.read(node, where, s.replay.journal);
                if (member == "access_log") return r.read(node, where, s.replay.access_log);
                if (member == "speed") return r.read(node, where, s.replay.speed);
                if (member == "from") return r.read(node, where, s.replay.from);
                if (member == "to") return r.read(node, where, s.replay.to);
                if (member == "project") return r.read(node, where, s.replay.project);
                if (member == "keep_ids") return r.read(node, where, s.replay.keep_ids);
                if (member == "keep_times") return r.read(node, where, s.replay.keep_times);
                if (member == "methods") {
                    s.replay.methods.clear();
                    r.list(node, where, [&](const YAML::Node& each, const std::string& at) {
                        r.read(each, at, s.replay.methods.emplace_back());
                    });
                    return true;
                }
                return false;
            });
            return true;
        }
        if (name == "end_to_end") {
            r.map(value, path, [&](const std::string& member, const YAML::Node& node, const std::string& where) {
                if (member == "check") return r.read(node, where, s.end_to_end.check);
                if (member == "query_url") return r.read(node, where, s.end_to_end.query_url);
                if (member == "settle") return r.duration(node, where, s.end_to_end.settle_seconds);
                if (member == "credentials") return read_credentials(r, node, where, s.end_to_end.credentials), true;
                return false;
            });
            return true;
        }
        return false;
    });
}

// Where the member that validate() names stands: as far down its path as the text goes.
YAML::Mark mark_of(const YAML::Node& root, std::string_view field) {
    YAML::Node node = root;
    YAML::Mark mark = root.Mark();
    while (!field.empty()) {
        if (field.front() == '.') field.remove_prefix(1);
        if (field.empty()) return mark;  // of a member without a name
        YAML::Node next;
        if (field.front() == '[') {
            std::size_t index = 0;
            const std::size_t close = std::min(field.find(']'), field.size());
            std::from_chars(field.data() + 1, field.data() + close, index);
            field.remove_prefix(std::min(close + 1, field.size()));
            if (!node.IsSequence() || index >= node.size()) return mark;
            next.reset(node[index]);
        } else {
            if (!node.IsMap()) return mark;
            // Names of fields and headers may have dots: the longest member that the path begins with.
            std::size_t taken = 0;
            for (const auto& entry : node) {
                const std::string& name = entry.first.Scalar();
                if (name.size() <= taken || field.substr(0, name.size()) != name) continue;
                taken = name.size();
                next.reset(entry.second);
            }
            if (taken == 0) return mark;
            field.remove_prefix(taken);
        }
        node.reset(next);
        mark = node.Mark();
    }
    return mark;
}

// Refuses what would make a small text a large tree.
class PlainChecker final : public YAML::EventHandler {
public:
    const std::optional<Error>& error() const { return error_; }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) refuse(mark, "there must be one document");
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { see(mark, anchor); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, "anchors and aliases are not used"); }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string&) override {
        see(mark, anchor);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        see(mark, anchor);
    }
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        see(mark, anchor);
    }
    void OnMapEnd() override {}

private:
    void see(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) refuse(mark, "anchors and aliases are not used");
    }
    void refuse(const YAML::Mark& mark, const char* message) {
        if (!error_) error_ = fault(mark, "", message);
    }

    int documents_ = 0;
    std::optional<Error> error_;
};

// One document without anchors. Everything that yaml-cpp throws ends here.
Result<YAML::Node> load(std::string_view text) {
    if (text.size() > kScenarioBytes) return fault(YAML::Mark::null_mark(), "", "a scenario has at most 256 KiB");
    if (text.find('\0') != std::string_view::npos) return fault(YAML::Mark::null_mark(), "", "a scenario is text");
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        PlainChecker checker;
        bool any = false;
        // At some texts the parser finds documents without end: the second one is a fault already.
        while (!checker.error() && parser.HandleNextDocument(checker)) any = true;
        if (checker.error()) return *checker.error();
        if (!any) return fault(YAML::Mark::null_mark(), "", "there is no scenario in it");
        return YAML::Load(std::string(text));
    } catch (const YAML::Exception& error) {
        return fault(error.mark, "", "not YAML: " + error.msg);
    } catch (const std::exception& error) {
        return fault(YAML::Mark::null_mark(), "", std::string("not YAML: ") + error.what());
    }
}

}  // namespace

Result<Scenario> parse_scenario(std::string_view text) {
    const Result<YAML::Node> root = load(text);
    if (!root) return root.error();
    try {
        Reader reader;
        Scenario scenario;
        read_scenario(reader, *root, scenario);
        if (reader.error()) return *reader.error();
        if (scenario.requests.empty()) scenario.requests.emplace_back();
        if (root.value()["replay"] && !root.value()["arrivals"]) scenario.spacing = Spacing::Recorded;
        if (const Status valid = validate(scenario); !valid)
            return fault(mark_of(*root, valid.error().field), valid.error().field, valid.error().message,
                         valid.error().hint);
        return scenario;
    } catch (const std::exception& error) {
        return fault(YAML::Mark::null_mark(), "", error.what());
    }
}

bool says(std::string_view text, const std::string& member) {
    const Result<YAML::Node> root = load(text);
    return root && root->IsMap() && root.value()[member].IsDefined();
}

}  // namespace streamgauge::loadgen
