// SPDX-License-Identifier: GPL-3.0-or-later
// Which row takes which request.
#include "http/route_table.h"

#include <gtest/gtest.h>

namespace streamgauge::http {
namespace {

Route row(Method method, std::string path, Plane plane = Plane::Both) {
    return {method, std::move(path), Scope::Public, plane, 0, "a row", [](const Request&, const ReplyPtr&) {}};
}

class Table : public ::testing::Test {
protected:
    void SetUp() override {
        for (Route route :
             {row(Method::Get, "/"), row(Method::Get, "/events"), row(Method::Post, "/events"),
              row(Method::Get, "/events/{id}"), row(Method::Get, "/events/latest"), row(Method::Delete, "/a/{b}/c/{d}"),
              row(Method::Get, "/profile", Plane::ManagementOnly), row(Method::Post, "/ingest")}) {
            ASSERT_TRUE(table.add(std::move(route)).ok());
        }
    }
    RouteTable::Lookup find(Method method, std::string_view path, Plane plane = Plane::Both) {
        request.method = method;
        request.path = path;
        return table.find(plane, request);
    }
    std::string found(Method method, std::string_view path, Plane plane = Plane::Both) {
        const auto lookup = find(method, path, plane);
        return lookup.match == RouteTable::Match::Found
                   ? std::string(to_string(lookup.route->method)) + " " + lookup.route->path
                   : "";
    }
    RouteTable table;
    Request request;
};

TEST_F(Table, FindsStaticAndParameterRows) {
    EXPECT_EQ(found(Method::Get, "/"), "GET /");
    EXPECT_EQ(found(Method::Post, "/events"), "POST /events");
    EXPECT_EQ(found(Method::Get, "/events/latest"), "GET /events/latest");
    EXPECT_TRUE(request.path_parameters.empty());
    EXPECT_EQ(found(Method::Get, "/events/a%2Fb"), "GET /events/{id}");
    ASSERT_EQ(request.path_parameters.size(), 1U);
    EXPECT_EQ(request.path_parameters[0].first, "id");
    EXPECT_EQ(request.path_parameters[0].second, "a/b");
    EXPECT_EQ(found(Method::Get, "/events/{id}"), "GET /events/{id}");
    EXPECT_EQ(request.path_parameters[0].second, "{id}");
    EXPECT_EQ(found(Method::Delete, "/a/1/c/2"), "DELETE /a/{b}/c/{d}");
    EXPECT_EQ(request.path_parameters[1].second, "2");
}

TEST_F(Table, TakesNoRouteThatDoesNotSayWhoMayCallIt) {
    Route unnamed = row(Method::Get, "/unnamed");
    unnamed.scope = Scope::Unnamed;
    EXPECT_EQ(table.add(std::move(unnamed)).error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(found(Method::Get, "/unnamed"), "");
}

TEST_F(Table, ToleratesOneTrailingSlash) {
    EXPECT_EQ(found(Method::Get, "/events/"), "GET /events");
    EXPECT_EQ(found(Method::Get, "/events//"), "");
    EXPECT_EQ(found(Method::Get, "//"), "GET /");
    EXPECT_EQ(found(Method::Get, "/events/7/"), "GET /events/{id}");
}

TEST_F(Table, MissesWhatIsNotThere) {
    for (const char* path : {"/event", "/events/1/2", "/a//c/2", "/a/1/c/", "/Events", ""}) {
        EXPECT_EQ(find(Method::Get, path).match, RouteTable::Match::NoSuchPath) << path;
    }
}

TEST_F(Table, AnswersHeadByGetAndListsTheOthers) {
    EXPECT_EQ(found(Method::Head, "/events"), "GET /events");
    const auto other = find(Method::Put, "/events");
    EXPECT_EQ(other.match, RouteTable::Match::OtherMethods);
    EXPECT_EQ(other.allow, "GET, HEAD, POST, OPTIONS");
    EXPECT_EQ(find(Method::Head, "/ingest").allow, "POST, OPTIONS");
    EXPECT_EQ(find(Method::Options, "/ingest").allow, "POST, OPTIONS");
    EXPECT_EQ(find(Method::Other, "/ingest").match, RouteTable::Match::OtherMethods);
}

TEST_F(Table, KeepsManagementRowsOffPublicListeners) {
    EXPECT_EQ(find(Method::Get, "/profile").match, RouteTable::Match::NoSuchPath);
    EXPECT_EQ(find(Method::Post, "/profile").match, RouteTable::Match::NoSuchPath);
    EXPECT_EQ(found(Method::Get, "/profile", Plane::ManagementOnly), "GET /profile");
    EXPECT_EQ(found(Method::Get, "/events", Plane::ManagementOnly), "GET /events");
}

TEST_F(Table, RefusesRowsThatCannotBe) {
    EXPECT_EQ(table.add(row(Method::Get, "/events")).error().code, ErrorCode::AlreadyExists);
    EXPECT_EQ(table.add(row(Method::Get, "/events/{id}")).error().code, ErrorCode::AlreadyExists);
    EXPECT_TRUE(table.add(row(Method::Put, "/events/{id}")).ok());
    for (const char* path : {"", "events", "/x/", "/x/{}", "/x/a{b}"}) {
        EXPECT_EQ(table.add(row(Method::Get, path)).error().code, ErrorCode::InvalidArgument) << path;
    }
    Route no_handler = row(Method::Get, "/none");
    no_handler.handler = nullptr;
    EXPECT_EQ(table.add(std::move(no_handler)).error().code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace streamgauge::http
