// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_outputs.h"

#include <algorithm>
#include <string_view>

#include "loadgen/report_export.h"

namespace streamgauge::daemon {
namespace {

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
            const bool known = loadgen::find_report_export(kind) != nullptr;
            if (!known || equals == std::string_view::npos || equals + 1 == one.size())
                return refused("not an output: " + std::string(one));
            if (one.substr(equals + 1) == "-") return refused("- is no file: write to /dev/stdout to see it");
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
        output.file << loadgen::find_report_export(output.kind)->make(report) << std::flush;
        if (!output.file) failed = output.path;
    }
    if (failed.empty()) return {};
    return Error::make(ErrorCode::Io, "cannot write " + failed);
}

}  // namespace streamgauge::daemon
