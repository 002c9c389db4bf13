// SPDX-License-Identifier: GPL-3.0-or-later
// Writing of scenario files (scenario_text.h): the whole text from its values, and changes patched into a text.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "loadgen/scenario_text.h"
#include "loadgen/scenario_words.h"

namespace streamgauge::loadgen {
namespace {

// ---- values as text -------------------------------------------------------------------------------------------------
template <class Number>
std::string number_text(Number value) {
    std::array<char, 400> text{};
    if constexpr (std::is_floating_point_v<Number>) {
        const auto result = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
        return {text.data(), result.ptr};
    } else {
        const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
        return {text.data(), result.ptr};
    }
}

std::string seconds_text(double seconds) {
    return number_text(seconds) + "s";
}

// Whether the text means itself without quotes, also within [] and {}.
bool is_plain(std::string_view text) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.";
    constexpr std::string_view others = "-:+=<>()% ";
    if (text.empty() || letters.find(text.front()) == std::string_view::npos || text.back() == ' ' ||
        text.back() == ':' || text.find(": ") != std::string_view::npos)
        return false;
    for (const std::string_view word : {"null", "Null", "NULL", "...", "---"})
        if (text == word) return false;
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return letters.find(c) != std::string_view::npos || others.find(c) != std::string_view::npos;
    });
}

std::string scalar_text(std::string_view text) {
    if (is_plain(text)) return std::string(text);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            quoted += {'\\', c};
        } else if (c == '\n') {
            quoted += "\\n";
        } else if ((c >= 0 && c < ' ') || c == 0x7F) {
            quoted += {'\\', 'x', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned>(c) & 0xF]};
        } else {
            quoted += c;
        }
    }
    return quoted + "\"";
}

template <class Values, class Text>
std::string flow_list(const Values& values, Text text) {
    std::string all = "[";
    for (const auto& value : values) all += (all.size() == 1 ? "" : ", ") + text(value);
    return all + "]";
}

// ---- the members of a scenario that are not at their default, in their order ---------------------------------------
struct Item {
    enum class Kind { Scalar, Map, List };
    Kind kind = Kind::Scalar;
    std::string text;                                 // Scalar, as it is written
    std::vector<std::pair<std::string, Item>> items;  // List: without names
    bool operator==(const Item&) const = default;

    static Item scalar(std::string written) { return {Kind::Scalar, std::move(written), {}}; }
    void add(std::string name, Item item) { items.emplace_back(std::move(name), std::move(item)); }
    void add(std::string name, std::string written) { add(std::move(name), scalar(std::move(written))); }
};

Item map() {
    return {Item::Kind::Map, {}, {}};
}
Item list() {
    return {Item::Kind::List, {}, {}};
}

Item stage_item(const Stage& s) {
    const Stage usual;
    Item item = map();
    item.add("shape", std::string(word_of(kShapes, s.shape)));
    if (!s.name.empty()) item.add("name", scalar_text(s.name));
    if (s.rate != usual.rate) item.add("rate", number_text(s.rate));
    item.add("for", seconds_text(s.seconds));
    if (s.to != usual.to) item.add("to", number_text(s.to));
    if (s.steps != usual.steps) item.add("steps", number_text(s.steps));
    if (s.spike_seconds != usual.spike_seconds) item.add("spike_for", seconds_text(s.spike_seconds));
    if (s.after != usual.after) item.add("after", number_text(s.after));
    if (s.after_seconds != usual.after_seconds) item.add("after_for", seconds_text(s.after_seconds));
    if (s.amplitude != usual.amplitude) item.add("amplitude", number_text(s.amplitude));
    if (s.period_seconds != usual.period_seconds) item.add("period", seconds_text(s.period_seconds));
    return item;
}

Item request_item(const RequestKind& k) {
    const RequestKind usual;
    Item item = map();
    item.add("name", scalar_text(k.name));
    if (k.weight != usual.weight) item.add("weight", number_text(k.weight));
    if (k.method != usual.method) item.add("method", scalar_text(k.method));
    if (!k.path.empty()) item.add("path", scalar_text(k.path));
    if (!k.headers.empty()) {
        Item headers = map();
        for (const Header& header : k.headers) headers.add(scalar_text(header.name), scalar_text(header.value));
        item.add("headers", std::move(headers));
    }
    if (!k.body.empty()) item.add("body", scalar_text(k.body));
    if (k.batch != usual.batch) item.add("batch", number_text(k.batch));
    if (!k.expect.empty()) item.add("expect", flow_list(k.expect, [](int status) { return number_text(status); }));
    return item;
}

Item field_item(const GeneratedField& f) {
    const GeneratedField usual;
    const char* const text_name = f.kind == FieldKind::Zipf     ? "prefix"
                                  : f.kind == FieldKind::Column ? "column"
                                                                : "text";
    const char* const to_name = f.kind == FieldKind::Zipf ? "ranks" : f.kind == FieldKind::Hex ? "length" : "to";
    Item item = map();
    item.add("kind", std::string(word_of(kFieldKinds, f.kind)));
    if (!f.text.empty()) item.add(text_name, scalar_text(f.text));
    if (f.from != usual.from) item.add("from", number_text(f.from));
    if (f.to != usual.to) item.add(to_name, number_text(f.to));
    if (f.digits != usual.digits) item.add("digits", number_text(f.digits));
    if (f.exponent != usual.exponent) item.add("exponent", number_text(f.exponent));
    if (!f.values.empty()) item.add("values", flow_list(f.values, scalar_text));
    if (!f.weights.empty()) item.add("weights", flow_list(f.weights, number_text<double>));
    return item;
}

Item credentials_item(const Credentials& c) {
    Item item = map();
    item.add("kind", std::string(word_of(kCredentialKinds, c.kind)));
    if (!c.header.empty()) item.add("header", scalar_text(c.header));
    if (!c.user.empty()) item.add("user", scalar_text(c.user));
    if (!c.environment.empty()) item.add("environment", scalar_text(c.environment));
    if (!c.file.empty()) item.add("file", scalar_text(c.file));
    return item;
}

Item tls_item(const TlsChoices& t) {
    Item item = map();
    if (!t.ca_file.empty()) item.add("ca_file", scalar_text(t.ca_file));
    if (!t.verify) item.add("verify", "false");
    if (!t.server_name.empty()) item.add("server_name", scalar_text(t.server_name));
    if (!t.certificate_file.empty()) item.add("certificate_file", scalar_text(t.certificate_file));
    if (!t.key_file.empty()) item.add("key_file", scalar_text(t.key_file));
    return item;
}

Item end_to_end_item(const EndToEnd& e) {
    Item item = map();
    item.add("check", e.check ? "true" : "false");
    if (!e.query_url.empty()) item.add("query_url", scalar_text(e.query_url));
    if (e.credentials != Credentials()) item.add("credentials", credentials_item(e.credentials));
    item.add("settle", seconds_text(e.settle_seconds));
    return item;
}

Item replay_item(const Replay& r) {
    const Replay usual;
    Item item = map();
    if (!r.journal.empty()) item.add("journal", scalar_text(r.journal));
    if (!r.access_log.empty()) item.add("access_log", scalar_text(r.access_log));
    if (r.speed != usual.speed) item.add("speed", number_text(r.speed));
    if (!r.from.empty()) item.add("from", scalar_text(r.from));
    if (!r.to.empty()) item.add("to", scalar_text(r.to));
    if (!r.project.empty()) item.add("project", scalar_text(r.project));
    if (r.keep_ids) item.add("keep_ids", "true");
    if (r.keep_times) item.add("keep_times", "true");
    if (r.methods != usual.methods) item.add("methods", flow_list(r.methods, scalar_text));
    return item;
}

// In the largest unit that gives a whole number.
std::string span_text(std::int64_t micros) {
    constexpr std::array<std::pair<std::int64_t, const char*>, 4> units{
        {{86'400'000'000, "d"}, {3'600'000'000, "h"}, {60'000'000, "m"}, {1'000'000, "s"}}};
    for (const auto& [length, name] : units)
        if (micros >= length && micros % length == 0) return number_text(micros / length) + name;
    return seconds_text(static_cast<double>(micros) / 1e6);
}

Item alert_item(const slo::BurnRule& rule) {
    Item item = map();
    item.add("severity", std::string(word_of(kSeverities, rule.severity)));
    item.add("long", span_text(rule.long_micros));
    item.add("short", span_text(rule.short_micros));
    item.add("factor", number_text(rule.factor));
    if (rule.hold_micros > 0) item.add("hold", span_text(rule.hold_micros));
    return item;
}

Item objective_item(const LabObjective& lab) {
    const LabObjective usual;
    const slo::Objective& objective = lab.objective;
    const std::string_view kind = word_of(kIndicators, objective.indicator.kind);
    Item item = map();
    if (objective.name != kind) item.add("name", scalar_text(objective.name));
    item.add("kind", std::string(kind));
    item.add("target", share_text(objective.target));
    if (objective.indicator.threshold_ms != usual.objective.indicator.threshold_ms)
        item.add("threshold", number_text(objective.indicator.threshold_ms) + "ms");
    if (!objective.indicator.route.empty()) item.add("request", scalar_text(objective.indicator.route));
    if (objective.indicator.limited_is_bad) item.add("limited_is_bad", "true");
    if (objective.window != usual.objective.window) item.add("window", span_text(objective.window.micros));
    if (lab.scaled_to_seconds != 0) item.add("scaled_to", seconds_text(lab.scaled_to_seconds));
    if (lab.usual_rate != 0) item.add("usual_rate", number_text(lab.usual_rate));
    if (objective.least_bad != usual.objective.least_bad) item.add("least_bad", number_text(objective.least_bad));
    if (objective.cool_down_micros != 0) item.add("cool_down", span_text(objective.cool_down_micros));
    if (!objective.rules.empty()) {
        Item alerts = list();
        for (const slo::BurnRule& rule : objective.rules) alerts.add("", alert_item(rule));
        item.add("alerts", std::move(alerts));
    }
    return item;
}

template <class Values, class Make>
Item list_of(const Values& values, Make make) {
    Item all = list();
    for (const auto& value : values) all.add("", make(value));
    return all;
}

// `spelled_out`: objectives are a list also where a word would do.
Item scenario_item(const Scenario& s, bool spelled_out = false) {
    const Scenario usual;
    Item item = map();
    if (s.name != usual.name) item.add("name", scalar_text(s.name));
    item.add("url", scalar_text(s.url));
    if (s.closed_loop) item.add("loop", std::string(word_of(kLoops, s.closed_loop)));
    if (!s.replays()) item.add("stages", list_of(s.stages, stage_item));
    // With `replay` they are said: Spacing::Recorded has no other use.
    if (s.spacing != usual.spacing && !s.replays()) item.add("arrivals", std::string(word_of(kSpacings, s.spacing)));
    if (s.seed != usual.seed) item.add("seed", number_text(s.seed));
    if (s.jitter_percent != usual.jitter_percent) item.add("jitter_percent", number_text(s.jitter_percent));
    if (s.think_seconds != usual.think_seconds) item.add("think", seconds_text(s.think_seconds));
    if (s.think_random) item.add("think_random", "true");
    if (s.requests != std::vector<RequestKind>(1)) item.add("requests", list_of(s.requests, request_item));
    if (!s.fields.empty()) {
        Item fields = map();
        for (const GeneratedField& field : s.fields) fields.add(scalar_text(field.name), field_item(field));
        item.add("fields", std::move(fields));
    }
    if (s.feeder != usual.feeder) {
        Item feeder = map();
        feeder.add("file", scalar_text(s.feeder.file));
        if (s.feeder.random) feeder.add("random", "true");
        item.add("feeder", std::move(feeder));
    }
    if (s.users != usual.users) item.add("users", number_text(s.users));
    if (s.pages != usual.pages) item.add("pages", number_text(s.pages));
    if (s.credentials != usual.credentials) item.add("credentials", credentials_item(s.credentials));
    if (s.tls != usual.tls) item.add("tls", tls_item(s.tls));
    if (s.max_in_flight != usual.max_in_flight) item.add("max_in_flight", number_text(s.max_in_flight));
    if (s.pipeline != usual.pipeline) item.add("pipeline", number_text(s.pipeline));
    if (s.when_full != usual.when_full) item.add("when_full", std::string(word_of(kWhenFull, s.when_full)));
    if (s.connections != usual.connections)
        item.add("connections", std::string(word_of(kConnectionUses, s.connections)));
    if (s.timeout_seconds != usual.timeout_seconds) item.add("timeout", seconds_text(s.timeout_seconds));
    if (s.grace_seconds != usual.grace_seconds) item.add("grace", seconds_text(s.grace_seconds));
    if (s.error_brake != usual.error_brake) item.add("error_brake", number_text(s.error_brake));
    if (!s.thresholds.empty())
        item.add("thresholds", list_of(s.thresholds, [](const Threshold& threshold) {
                     return Item::scalar(scalar_text(to_text(threshold)));
                 }));
    if (s.replay != usual.replay) item.add("replay", replay_item(s.replay));
    if (!spelled_out && s.objectives == default_lab_objectives()) {
        item.add("objectives", std::string(kDefaultObjectives));
    } else if (!s.objectives.empty()) {
        item.add("objectives", list_of(s.objectives, objective_item));
    }
    if (s.end_to_end != usual.end_to_end) item.add("end_to_end", end_to_end_item(s.end_to_end));
    return item;
}

// ---- a whole text --------------------------------------------------------------------------------------------------
void print(const Item& item, std::size_t indent, std::string& out);

// Behind a name or a dash, with the end of the line.
void print_value(const Item& item, std::size_t indent, std::string& out) {
    if (item.kind == Item::Kind::Scalar) {
        out += " " + item.text + "\n";
    } else {
        out += "\n";
        print(item, indent + 2, out);
    }
}

void print(const Item& item, std::size_t indent, std::string& out) {
    for (const auto& [name, value] : item.items) {
        if (item.kind == Item::Kind::Map) {
            out += std::string(indent, ' ') + name + ":";
            print_value(value, indent, out);
        } else if (value.kind == Item::Kind::Scalar) {
            out += std::string(indent, ' ') + "- " + value.text + "\n";
        } else {
            const std::size_t begin = out.size();
            print(value, indent + 2, out);
            out[begin + indent] = '-';
        }
    }
}

std::string section_text(const std::string& name, const Item& value) {
    std::string text = name + ":";
    print_value(value, 0, text);
    return text;
}

// ---- patches -------------------------------------------------------------------------------------------------------
struct Patch {
    std::size_t begin = 0, end = 0;
    std::string text;
};

// The bytes of a scalar on one line; none for others.
std::optional<Patch> scalar_range(std::string_view text, const YAML::Node& node) {
    const YAML::Mark mark = node.Mark();
    if (!node.IsScalar() || mark.is_null() || mark.pos < 0) return std::nullopt;
    const auto begin = static_cast<std::size_t>(mark.pos);
    if (begin >= text.size()) return std::nullopt;
    const char quote = text[begin];
    if (quote == '"' || quote == '\'') {
        std::size_t at = begin + 1;
        for (; at < text.size() && text[at] != '\n'; ++at) {
            if (quote == '"' && text[at] == '\\') {
                ++at;
            } else if (text[at] == quote) {
                if (quote == '"' || at + 1 >= text.size() || text[at + 1] != '\'') return Patch{begin, at + 1, {}};
                ++at;
            }
        }
        return std::nullopt;
    }
    const std::string& value = node.Scalar();
    if (value.empty() || text.substr(begin, value.size()) != value) return std::nullopt;
    return Patch{begin, begin + value.size(), {}};
}

// Whether two items differ in nothing but scalars, which the text says as scalars too; adds a patch for each.
bool patch_scalars(std::string_view text, const YAML::Node& node, const Item& old_item, const Item& new_item,
                   std::vector<Patch>& patches) {
    if (old_item == new_item) return true;
    if (old_item.kind != new_item.kind || !node.IsDefined()) return false;
    if (new_item.kind == Item::Kind::Scalar) {
        std::optional<Patch> patch = scalar_range(text, node);
        if (!patch) return false;
        patch->text = new_item.text;
        patches.push_back(std::move(*patch));
        return true;
    }
    if (old_item.items.size() != new_item.items.size()) return false;
    if (new_item.kind == Item::Kind::Map ? !node.IsMap() : !node.IsSequence()) return false;
    for (std::size_t i = 0; i < new_item.items.size(); ++i) {
        const auto& [name, value] = new_item.items[i];
        if (old_item.items[i].first != name) return false;
        const YAML::Node& constant = node;
        const YAML::Node child = new_item.kind == Item::Kind::List ? constant[i] : constant[name];
        if (!patch_scalars(text, child, old_item.items[i].second, value, patches)) return false;
    }
    return true;
}

// From the beginning of the line of a top-level member to the end of its value, without comments that follow.
std::optional<Patch> section_range(std::string_view text, const YAML::Node& root, const std::string& name) {
    std::size_t begin = std::string_view::npos, end = text.size();
    for (const auto& entry : root) {
        const YAML::Mark mark = entry.first.Mark();
        if (mark.column != 0 || mark.pos < 0) return std::nullopt;
        const auto at = static_cast<std::size_t>(mark.pos);
        if (entry.first.Scalar() == name)
            begin = at;
        else if (begin != std::string_view::npos && at > begin)
            end = std::min(end, at);
    }
    if (begin == std::string_view::npos) return std::nullopt;
    while (end > begin) {
        const std::size_t line = text.rfind('\n', end - 2) + 1;  // npos + 1 is 0
        if (line <= begin || (text[line] != '#' && text[line] != '\n' && text[line] != '\r')) break;
        end = line;
    }
    return Patch{begin, end, {}};
}

// Rows were added at the end of a list that has a line for each, or taken from there: the others stay as they are
// written. Adds the patches.
bool patch_rows(std::string_view text, const YAML::Node& node, const Patch& section, const Item& old_item,
                const Item& new_item, std::vector<Patch>& patches) {
    if (old_item.kind != Item::Kind::List || new_item.kind != Item::Kind::List || !node.IsSequence()) return false;
    const std::size_t before = old_item.items.size(), after = new_item.items.size(), both = std::min(before, after);
    if (both == 0 || before == after || node.size() != before || node.Style() != YAML::EmitterStyle::Block)
        return false;
    std::vector<Patch> found;
    for (std::size_t i = 0; i < both; ++i)
        if (!patch_scalars(text, node[i], old_item.items[i].second, new_item.items[i].second, found)) return false;
    if (after > before) {
        const YAML::Mark mark = node.Mark();
        if (mark.pos < 0 || mark.column < 0 || text[static_cast<std::size_t>(mark.pos)] != '-') return false;
        Item added = list();
        added.items.assign(new_item.items.begin() + static_cast<std::ptrdiff_t>(both), new_item.items.end());
        Patch rows{section.end, section.end, text[section.end - 1] == '\n' ? "" : "\n"};
        print(added, static_cast<std::size_t>(mark.column), rows.text);
        found.push_back(std::move(rows));
    } else {
        const YAML::Mark mark = node[after].Mark();
        if (mark.pos < 0) return false;
        const std::size_t line = text.rfind('\n', static_cast<std::size_t>(mark.pos)) + 1;
        const std::size_t dash = text.find_first_not_of(' ', line);
        if (line <= section.begin || dash >= static_cast<std::size_t>(mark.pos) || text[dash] != '-') return false;
        found.push_back({line, section.end, {}});
    }
    patches.insert(patches.end(), found.begin(), found.end());
    return true;
}

const Item* find(const Item& map, const std::string& name) {
    for (const auto& [key, value] : map.items)
        if (key == name) return &value;
    return nullptr;
}

std::optional<std::string> patched(std::string_view text, const Scenario& before, const Scenario& after) {
    const YAML::Node root = YAML::Load(std::string(text));
    if (!root.IsMap()) return std::nullopt;
    const bool spelled_out = root["objectives"].IsDefined() && root["objectives"].IsSequence();
    const Item old_item = scenario_item(before, spelled_out), new_item = scenario_item(after, spelled_out);
    std::vector<Patch> patches;
    std::string added;
    for (const auto& [name, value] : new_item.items) {
        const Item* const old_value = find(old_item, name);
        if (old_value != nullptr && *old_value == value) continue;
        const YAML::Node& constant = root;
        const YAML::Node node = constant[name];
        if (!node.IsDefined()) {
            added += section_text(name, value);
            continue;
        }
        std::vector<Patch> scalars;
        const Item blank = Item::scalar("");
        if (patch_scalars(text, node, old_value != nullptr ? *old_value : blank, value, scalars)) {
            patches.insert(patches.end(), scalars.begin(), scalars.end());
            continue;
        }
        std::optional<Patch> section = section_range(text, root, name);
        if (!section) return std::nullopt;
        if (old_value != nullptr && patch_rows(text, node, *section, *old_value, value, patches)) continue;
        section->text = section_text(name, value);
        patches.push_back(std::move(*section));
    }
    for (const auto& [name, value] : old_item.items) {
        if (find(new_item, name) != nullptr) continue;
        const std::optional<Patch> section = section_range(text, root, name);
        if (!section) return std::nullopt;
        patches.push_back(*section);
    }
    std::sort(patches.begin(), patches.end(), [](const Patch& a, const Patch& b) { return a.begin > b.begin; });
    std::string result(text);
    for (const Patch& patch : patches) result.replace(patch.begin, patch.end - patch.begin, patch.text);
    if (!added.empty() && !result.empty() && result.back() != '\n') result += '\n';
    return result + added;
}

}  // namespace

std::string to_text(const Scenario& scenario) {
    std::string text;
    print(scenario_item(scenario), 0, text);
    return text;
}

std::string edited(std::string_view text, const Scenario& scenario) {
    const Result<Scenario> before = parse_scenario(text);
    if (!before) return to_text(scenario);
    if (*before == scenario) return std::string(text);
    try {
        std::optional<std::string> result = patched(text, *before, scenario);
        if (result) {
            const Result<Scenario> again = parse_scenario(*result);
            if (again && *again == scenario) return *result;
        }
    } catch (const std::exception&) {
        // The text is replaced as a whole.
    }
    return to_text(scenario);
}

}  // namespace streamgauge::loadgen
