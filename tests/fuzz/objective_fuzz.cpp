// SPDX-License-Identifier: GPL-3.0-or-later
// Objectives, back-test requests and slices of figures from hostile bytes: what is taken must come back the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/objective_codec.h"
#include "slo/request_figures.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace streamgauge;
    const std::string text(data, data + size);
    if (const auto objective = api::read_objective(text)) {
        const auto again = api::read_objective(api::write_objective(*objective));
        if (!again || !(*again == *objective)) std::abort();
        static_cast<void>(slo::rules_of(*objective));
    }
    static_cast<void>(api::read_back_test_request(text, Timestamp{}));
    static_cast<void>(api::read_objective_statuses(text));
    static_cast<void>(api::read_history(text));
    static_cast<void>(api::read_back_test(text));

    std::vector<std::string> names;
    const auto name_of = [&names](std::uint64_t id) -> const std::string* {
        while (names.size() <= 8) names.push_back("GET /" + std::to_string(names.size()));
        return id < names.size() ? &names[static_cast<std::size_t>(id)] : nullptr;
    };
    const auto figures = slo::decode_figures(text, name_of);
    if (!figures) return 0;
    const auto id_of = [&names](const std::string& name) {
        for (std::size_t i = 0; i < names.size(); ++i)
            if (names[i] == name) return static_cast<std::uint64_t>(i);
        std::abort();
    };
    const auto again = slo::decode_figures(slo::encode(*figures, id_of), name_of);
    if (!again || !(*again == *figures)) std::abort();
    return 0;
}
