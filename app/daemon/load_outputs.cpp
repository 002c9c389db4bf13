// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_outputs.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "loadgen/report_outputs.h"
#include "loadgen/report_page.h"
#include "loadgen/report_text.h"

namespace streamgauge::daemon {
namespace {

using Maker = std::string (*)(const loadgen::RunReport&);
constexpr std::array<std::pair<std::string_view, Maker>, 6> kMakers{{{"summary", loadgen::k6_summary},
                                                                     {"json", loadgen::to_json},
                                                                     {"csv", loadgen::seconds_csv},
                                                                     {"hdr", loadgen::hdr_log},
                                                                     {"junit", loadgen::junit_xml},
                                                                     {"html", loadgen::report_page}}};

Error refused(std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = "out";
    error.hint = "write it as --out html=run.html; the kinds are summary, json, csv, hdr, junit and html";
    return error;
}

}  // namespace

Result<LoadOutputs> LoadOutputs::open(const std::vector<std::string>& texts) {
    LoadOutputs outputs;
    for (const std::string& text : texts) {
        std::string_view rest = text;
        while (!rest.empty()) {
            const std::string_view one = rest.substr(0, rest.find(','));
            rest.remove_prefix(std::min(rest.size(), one.size() + 1));
            const std::size_t equals = one.find('=');
            const std::string_view kind = one.substr(0, equals);
            const bool known =
                std::any_of(kMakers.begin(), kMakers.end(), [&](const auto& maker) { return maker.first == kind; });
            if (!known || equals == std::string_view::npos || equals + 1 == one.size())
                return refused("not an output: " + std::string(one));
            Output output;
            output.kind = kind;
            output.path = one.substr(equals + 1);
            output.file.open(output.path, std::ios::trunc | std::ios::binary);
            if (!output.file) return refused("cannot write " + output.path);
            outputs.outputs_.push_back(std::move(output));
        }
    }
    return outputs;
}

Status LoadOutputs::write(const loadgen::RunReport& report) {
    std::string failed;
    for (Output& output : outputs_) {
        const auto maker =
            std::find_if(kMakers.begin(), kMakers.end(), [&](const auto& known) { return known.first == output.kind; });
        output.file << maker->second(report) << std::flush;
        if (!output.file) failed = output.path;
    }
    if (failed.empty()) return {};
    return Error::make(ErrorCode::Io, "cannot write " + failed);
}

}  // namespace streamgauge::daemon
