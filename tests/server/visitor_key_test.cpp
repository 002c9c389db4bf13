// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/visitor_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace streamgauge {
namespace {

class Directory {
public:
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "streamgauge-key-XXXXXX").string();
        if (mkdtemp(name.data()) != nullptr) path_ = name;
    }
    ~Directory() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

unsigned mode_of(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0U;
}

TEST(VisitorKey, IsMadeOnceForItsOwnerOnly) {
    Directory directory;
    const std::string path = directory.path() + "/visitor.key";
    const auto made = open_visitor_key(directory.path());
    ASSERT_TRUE(made.ok()) << made.error().describe();
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(read(path), std::string(made->visitor.begin(), made->visitor.end()));
    const auto again = open_visitor_key(directory.path());
    ASSERT_TRUE(again.ok());
    EXPECT_TRUE(again->same_as(*made));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1) << "nothing is left over";

    Directory other;
    EXPECT_FALSE(open_visitor_key(other.path())->same_as(*made));
}

TEST(VisitorKey, ClosesAFileThatIsOpenToOthers) {
    Directory directory;
    const auto made = open_visitor_key(directory.path());
    ASSERT_TRUE(made.ok());
    ASSERT_EQ(chmod((directory.path() + "/visitor.key").c_str(), 0644), 0);
    EXPECT_TRUE(open_visitor_key(directory.path())->same_as(*made));
    EXPECT_EQ(mode_of(directory.path() + "/visitor.key"), 0600U);
}

TEST(VisitorKey, IsNotReplacedWhenItIsDamaged) {
    for (const std::size_t size : {0U, 31U, 33U}) {
        Directory directory;
        const std::string path = directory.path() + "/visitor.key";
        std::ofstream(path) << std::string(size, 'k');
        const auto opened = open_visitor_key(directory.path());
        ASSERT_FALSE(opened.ok()) << size;
        EXPECT_EQ(opened.error().code, ErrorCode::Corrupt);
        EXPECT_EQ(read(path).size(), size);
    }
}

TEST(VisitorKey, AnInterruptedStartLeavesNothingInTheWay) {
    Directory directory;
    std::ofstream(directory.path() + "/visitor.key.new") << "half";
    EXPECT_TRUE(open_visitor_key(directory.path()).ok());
}

TEST(VisitorKey, ADirectoryThatIsNotThereIsAnError) {
    const auto opened = open_visitor_key("/nonexistent/streamgauge");
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::Io);
}

}  // namespace
}  // namespace streamgauge
