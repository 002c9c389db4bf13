// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/load_files.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/wrong_field.h"
#include "loadgen/objective_import.h"
#include "slo/openslo.h"

namespace streamgauge::daemon {

Result<std::string> read_file(const std::string& path, std::size_t most, const char* field) {
    std::ifstream file(path, std::ios::binary);
    std::error_code unknown;
    const std::uintmax_t size = std::filesystem::file_size(path, unknown);
    std::string text((unknown ? most : std::min<std::uintmax_t>(most, size)) + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (file.bad() || !file.is_open() || (text.empty() && unknown)) return wrong_field(field, "cannot read " + path);
    if (text.empty()) return wrong_field(field, path + " is empty");
    return text;
}

Result<std::vector<std::string>> add_objectives(const std::vector<std::string>& sources, loadgen::Scenario& scenario) {
    std::vector<std::string> left_out;
    for (const std::string& source : sources) {
        loadgen::ObjectiveImport import;
        if (source == "default") {
            import.objectives = loadgen::default_lab_objectives();
        } else {
            const Result<std::string> text = read_file(source, slo::kOpenSloBytes, "objectives");
            if (!text) return text.error();
            Result<loadgen::ObjectiveImport> read = loadgen::import_objectives(*text, scenario);
            if (!read) return read.error();
            import = std::move(read).value();
        }
        left_out.insert(left_out.end(), import.left_out.begin(), import.left_out.end());
        scenario.objectives.insert(scenario.objectives.end(), import.objectives.begin(), import.objectives.end());
    }
    return left_out;
}

}  // namespace streamgauge::daemon
