// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/metric_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "api/json_writer.h"
#include "api/metric_codec.h"

namespace streamgauge::api {
namespace {

constexpr std::size_t kFileDepth = 8;

// JSON has no dates and times; those become null, which no member takes.
void write_json(std::string& out, const toml::node& node, std::size_t depth) {
    if (depth > kFileDepth) {
        out += "null";
    } else if (const toml::table* table = node.as_table()) {
        char separator = '{';
        for (const auto& [key, value] : *table) {
            out += separator;
            append_json_string(out, key.str());
            out += ':';
            write_json(out, value, depth + 1);
            separator = ',';
        }
        out += separator == '{' ? "{}" : "}";
    } else if (const toml::array* array = node.as_array()) {
        char separator = '[';
        for (const toml::node& value : *array) {
            out += separator;
            write_json(out, value, depth + 1);
            separator = ',';
        }
        out += separator == '[' ? "[]" : "]";
    } else if (const auto* text = node.as_string()) {
        append_json_string(out, text->get());
    } else if (const auto* number = node.as_integer()) {
        out += std::to_string(number->get());
    } else if (const auto* real = node.as_floating_point()) {
        append_json_number(out, real->get());
    } else if (const auto* yes = node.as_boolean()) {
        out += yes->get() ? "true" : "false";
    } else {
        out += "null";
    }
}

// Where the member "tiers[1].window" is, or the nearest thing around it that there is.
const toml::node& place_of(const toml::node& metric, std::string_view field) {
    const toml::node* at = &metric;
    while (!field.empty()) {
        const toml::node* next = nullptr;
        if (field.front() == '[') {
            const std::size_t index = static_cast<std::size_t>(std::atoi(std::string(field.substr(1)).c_str()));
            if (at->is_array()) next = at->as_array()->get(index);
            field.remove_prefix(std::min(field.find(']'), field.size() - 1) + 1);
        } else {
            const std::size_t end = std::min(field.find_first_of(".["), field.size());
            if (at->is_table()) next = at->as_table()->get(field.substr(0, end));
            field.remove_prefix(end);
        }
        if (field.starts_with('.')) field.remove_prefix(1);
        if (next == nullptr) break;
        at = next;
    }
    return *at;
}

class Reader {
public:
    Reader(std::string path, const std::vector<MetricDefinition>& built_in) : path_(std::move(path)) {
        for (const MetricDefinition& definition : built_in) built_in_.insert(definition.name);
    }

    void read(const toml::table& file) {
        for (const auto& [name, node] : file) {
            if (name.str() != "metric") {
                fault(name.source(),
                      "there is nothing called " + std::string(name.str()) + " here; metrics are [[metric]]");
                continue;
            }
            const toml::array* const metrics = node.as_array();
            if (metrics == nullptr || !metrics->is_array_of_tables()) {
                fault(node.source(), "metrics are [[metric]], in double brackets");
                continue;
            }
            for (const toml::node& metric : *metrics) read_metric(metric);
        }
    }

    void fault(const toml::source_region& at, const std::string& what) {
        if (!faults_.empty()) faults_ += '\n';
        faults_ += path_ + ":" + std::to_string(at.begin.line) + ":" + std::to_string(at.begin.column) + ": " + what;
    }

    Result<std::vector<MetricDefinition>> finish() {
        if (!faults_.empty()) return Error::make(ErrorCode::InvalidArgument, faults_);
        return std::move(metrics_);
    }

private:
    void read_metric(const toml::node& metric) {
        std::string json;
        write_json(json, metric, 0);
        Result<MetricDefinition> definition = read_definition(json);
        if (!definition) {
            const Error& error = definition.error();
            return fault(place_of(metric, error.field).source(), error.describe());
        }
        const toml::source_region& name = place_of(metric, "name").source();
        if (built_in_.count(definition->name) != 0)
            return fault(name, definition->name + " is built in; choose another name");
        if (!names_.insert(definition->name).second)
            return fault(name, "there are two metrics called " + definition->name);
        metrics_.push_back(std::move(definition).value());
    }

    const std::string path_;
    std::set<std::string> built_in_, names_;
    std::vector<MetricDefinition> metrics_;
    std::string faults_;
};

}  // namespace

Result<std::vector<MetricDefinition>> parse_metric_file(std::string_view text, const std::string& path,
                                                        const std::vector<MetricDefinition>& built_in) {
    if (text.size() > kMetricFileBytes)
        return Error::make(ErrorCode::TooLarge, path + " has more than " + std::to_string(kMetricFileBytes) + " bytes");
    Reader reader(path, built_in);
    const toml::parse_result parsed = toml::parse(text, path);
    if (parsed) {
        reader.read(parsed.table());
    } else {
        reader.fault(parsed.error().source(), std::string(parsed.error().description()));
    }
    return reader.finish();
}

Result<std::vector<MetricDefinition>> read_metric_file(const std::string& path,
                                                       const std::vector<MetricDefinition>& built_in) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        const bool missing = errno == ENOENT;
        return Error::make(missing ? ErrorCode::NotFound : ErrorCode::Io,
                           "cannot read the metrics of " + path + ": " + std::strerror(errno));
    }
    std::ostringstream text;
    text << in.rdbuf();
    if (in.bad()) return Error::make(ErrorCode::Io, "reading the metrics of " + path + " failed");
    return parse_metric_file(text.str(), path, built_in);
}

}  // namespace streamgauge::api
