// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/audited_load.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "loadgen/scenario_text.h"

namespace streamgauge {
namespace {

constexpr const char* kLeftOut = "***";

void leave_out_query(std::string& url) {
    if (const std::size_t query = url.find('?'); query != std::string::npos) url.replace(query + 1, url.npos, kLeftOut);
}

std::optional<std::string> audited_scenario(std::string_view text) {
    Result<loadgen::Scenario> scenario = loadgen::parse_scenario(text);
    if (!scenario) return std::nullopt;
    leave_out_query(scenario->url);
    for (loadgen::RequestKind& request : scenario->requests) {
        leave_out_query(request.path);
        for (loadgen::Header& header : request.headers) header.value = kLeftOut;
        if (!request.body.empty()) request.body = kLeftOut;
    }
    scenario->fields.clear();
    return loadgen::to_text(*scenario);
}

}  // namespace

std::string audited_load(std::string_view body) {
    if (body.empty()) return {};
    if (std::optional<std::string> scenario = audited_scenario(body)) return std::move(*scenario);
    const std::string neither = "(" + std::to_string(body.size()) + " bytes that are no scenario)";
    nlohmann::ordered_json json = nlohmann::ordered_json::parse(body, nullptr, false);
    if (!json.is_object()) return neither;
    for (auto& [name, value] : json.items()) {
        if (name == "scenario" && value.is_string()) {
            std::optional<std::string> scenario = audited_scenario(value.get_ref<const std::string&>());
            value = scenario ? std::move(*scenario) : std::string(kLeftOut);
        } else if (name == "url" && value.is_string()) {
            leave_out_query(value.get_ref<std::string&>());
        } else if (value.is_structured() && name != "objectives") {
            return neither;
        }
    }
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace streamgauge
