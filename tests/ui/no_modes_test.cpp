// SPDX-License-Identifier: GPL-3.0-or-later
// View models and QML ask for features, never for the kind of connection.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace {

TEST(Console, AsksForFeaturesNotForModes) {
    const char* source = std::getenv("STREAMGAUGE_SOURCE");
    ASSERT_NE(source, nullptr);
    const std::regex banned("is_?(embedded|remote)|EmbeddedClient|RemoteClient|run_?mode", std::regex::icase);
    int files = 0;
    for (const char* folder : {"app/viewmodels", "qml"}) {
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(std::filesystem::path(source) / folder)) {
            if (!entry.is_regular_file()) continue;
            ++files;
            std::ifstream file(entry.path());
            std::stringstream text;
            text << file.rdbuf();
            EXPECT_FALSE(std::regex_search(text.str(), banned)) << entry.path();
        }
    }
    EXPECT_GT(files, 40) << "the folders were not found";
}

}  // namespace
