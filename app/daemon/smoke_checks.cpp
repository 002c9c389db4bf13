// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/smoke_checks.h"

#include <chrono>
#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <thread>

namespace streamgauge::daemon {

namespace {

using Json = nlohmann::json;

// What send_events() sends, counted by hand: change them together.
constexpr int kAccepted = 15;      // distinct events
constexpr std::size_t kUsers = 8;  // distinct user_id among them
constexpr int kAskAttempts = 100;  // every 50 ms
constexpr std::chrono::milliseconds kAskPause{50};

std::string quoted(const std::string& body) {
    constexpr std::size_t kMost = 160;
    std::string text = body.substr(0, kMost);
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    return body.size() > kMost ? text + "..." : text;
}

// Runs `inspect` on an answer of `status` whose body is JSON.
template <class Inspect>
std::function<std::string(const HttpAnswer&)> json(int status, Inspect inspect) {
    return [status, inspect](const HttpAnswer& answer) -> std::string {
        if (answer.status != status) return "status is not " + std::to_string(status);
        const Json body = Json::parse(answer.body, nullptr, false);
        if (body.is_discarded()) return "the body is not JSON";
        try {
            return inspect(body);
        } catch (const Json::exception& error) {  // a member is missing or of another type
            return error.what();
        }
    };
}

std::string require(bool holds, const char* what) {
    return holds ? std::string() : std::string("expected ") + what;
}

std::function<std::string(const HttpAnswer&)> status(int expected) {
    return [expected](const HttpAnswer& answer) {
        return answer.status == expected ? std::string() : "expected status " + std::to_string(expected);
    };
}

// A problem document that names what is wrong.
std::function<std::string(const HttpAnswer&)> problem(int expected) {
    return [expected](const HttpAnswer& answer) -> std::string {
        const auto type = answer.headers.find("content-type");
        if (answer.status != expected) return "expected status " + std::to_string(expected);
        if (type == answer.headers.end() || !type->second.starts_with("application/problem+json")) {
            return "expected application/problem+json";
        }
        const Json body = Json::parse(answer.body, nullptr, false);
        return require(
            body.is_object() && body.contains("title") && body.contains("error") && body.value("status", 0) == expected,
            "a problem document with title, status and error");
    };
}

const Json* row_of(const Json& rows, const std::string& stream) {
    for (const Json& row : rows) {
        if (row.at("stream_id") == stream) return &row;
    }
    return nullptr;
}

}  // namespace

void SmokeReport::line(std::string_view client, std::string_view what, const std::string& problem,
                       const std::string& seen) {
    ++checked_;
    if (!problem.empty()) ++missed_;
    out_ << (problem.empty() ? "ok    " : "MISS  ") << client << "  " << std::left << std::setw(60) << what << " "
         << quoted(seen) << '\n';
    if (!problem.empty()) out_ << "         " << problem << '\n';
    out_.flush();
}

void SmokeChecks::check_that(std::string_view what, const Status& outcome, const std::string& seen) {
    report_.line("-", what, outcome.ok() ? std::string() : outcome.error().describe(), seen);
}

void SmokeChecks::show(std::string_view client, std::string_view what, const Result<HttpAnswer>& answer,
                       const Expect& expect) {
    const std::string title = stage_ + std::string(what);
    if (!answer.ok()) return report_.line(client, title, answer.error().describe(), "no answer");
    report_.line(client, title, expect(*answer), std::to_string(answer->status) + " " + answer->body);
}

void SmokeChecks::send(std::string_view client, std::string_view what, const HttpClient& server, std::string_view path,
                       std::string body, const Expect& expect, std::string_view content_type) {
    show(client, what, server.request("POST", path, std::move(body), {{"Content-Type", std::string(content_type)}}),
         expect);
}

void SmokeChecks::ask(std::string_view client, std::string_view what, const HttpClient& server, std::string_view target,
                      const Expect& expect, std::string body, const HttpClient::Headers& headers) {
    for (int attempt = 1;; ++attempt) {
        const Result<HttpAnswer> answer = server.request("GET", target, body, headers);
        if (attempt == kAskAttempts || (answer.ok() && expect(*answer).empty())) {
            return show(client, what, answer, expect);
        }
        std::this_thread::sleep_for(kAskPause);
    }
}

void SmokeChecks::check_health(const HttpClient& server) {
    ask("A", "GET /api/v1/health", server, "/api/v1/health",
        json(200, [](const Json& body) { return require(body.at("status") == "UP", "status UP"); }));
    ask("E", "GET /health", server, "/health",
        json(200, [](const Json& body) { return require(body.at("ok") == true, "ok true"); }));
    ask("B", "GET /actuator/health", server, "/actuator/health", json(200, [](const Json& body) {
            return require(body.at("status") == "UP" && body.at("components").contains("journal") &&
                               body.at("components").contains("store"),
                           "status UP with the components journal and store");
        }));
}

void SmokeChecks::send_events(const HttpClient& server) {
    repeats_ += 1;  // inside C's array
    const std::string time = format_rfc3339(now_);
    const auto accepted_one =
        json(202, [](const Json& b) { return require(b.at("status") == "accepted", "accepted"); });
    const auto accepted_several = [](int accepted, int duplicates) {
        return json(202, [=](const Json& b) {
            return require(
                b.at("status") == "accepted" && b.at("accepted") == accepted && b.at("duplicates") == duplicates,
                "accepted and duplicates as sent");
        });
    };

    // A: camelCase, the stored event comes back with its number. 1 event, user a.
    send("A", "POST /api/v1/events, one event", server, "/api/v1/events",
         Json{{"eventId", id(1)},
              {"eventType", "purchase"},
              {"userId", run_ + "-a"},
              {"sessionId", run_ + "-s1"},
              {"occurredAt", time},
              {"properties", {{"amount", 12.5}}}}
             .dump(),
         json(200, [this](const Json& body) {
             first_a_id_ = body.at("id").dump();
             return require(body.at("id").is_number() && body.at("eventType") == "purchase" &&
                                body.at("userId") == run_ + "-a" && body.contains("occurredAt") &&
                                body.contains("receivedAt"),
                            "the stored event with id, eventType, userId, occurredAt and receivedAt");
         }));

    // B: no user, the payload is a text that holds JSON. 1 event.
    send("B", "POST /events, payload as text", server, "/events",
         Json{{"eventId", id(2)},
              {"sessionId", run_ + "-s2"},
              {"eventType", "click"},
              {"payload", R"({"button":"buy","count":3})"}}
             .dump(),
         accepted_one);

    // C: page views. 1 + 2 (and one repeat) + 3 events, users c1 to c3.
    const auto page_view = [&](int number, const std::string& user, const std::string& session) {
        return Json{{"event_id", id(number)},       {"timestamp", time},
                    {"user_id", run_ + "-" + user}, {"event_type", "page_view"},
                    {"page_url", "/smoke/" + run_}, {"session_id", run_ + "-" + session}};
    };
    send("C", "POST /events, one event", server, "/events", page_view(3, "c1", "s3").dump(), accepted_one);
    send("C", "POST /events, array with a repeat inside", server, "/events",
         Json::array({page_view(4, "c1", "s4"), page_view(4, "c1", "s4"), page_view(5, "c2", "s5")}).dump(),
         accepted_several(2, 1));
    send("C", "POST /events, NDJSON", server, "/events",
         page_view(6, "c2", "s5").dump() + "\n" + page_view(7, "c3", "s6").dump() + "\n" +
             page_view(8, "c3", "s6").dump() + "\n",
         accepted_several(3, 0), "application/x-ndjson");

    // D: the event is echoed. 1 event, user d.
    send("D", "POST /ingest", server, "/ingest",
         Json{{"event_id", id(9)},
              {"user_id", run_ + "-d"},
              {"event_type", "click"},
              {"page_url", "/smoke/" + run_ + "/d"},
              {"time_stamp", time}}
             .dump(),
         json(200, [this](const Json& body) {
             return require(body.at("event_id") == id(9) && body.at("user_id") == run_ + "-d" &&
                                body.at("event_type") == "click" && body.at("page_url") == "/smoke/" + run_ + "/d",
                            "the event echoed");
         }));

    // E: one stream, three join, one leaves, a chat message, a donation of 5.35. 6 events, users e1 to e3.
    Json stream = Json::array();
    const auto stream_event = [&](int number, const char* type, const std::string& user) -> Json& {
        stream.push_back({{"event_id", id(number)},
                          {"ts", time},
                          {"event_type", type},
                          {"stream_id", run_ + "-live"},
                          {"user_id", run_ + "-" + user}});
        return stream.back();
    };
    stream_event(10, "viewer_join", "e1");
    stream_event(11, "viewer_join", "e2");
    stream_event(12, "viewer_join", "e3");
    stream_event(13, "viewer_leave", "e1");
    stream_event(14, "chat_message", "e2")["message_len"] = 20;
    stream_event(15, "donation", "e3")["amount_usd"] = 5.35;
    send("E", "POST /events, a stream's six events", server, "/events", stream.dump(), accepted_several(6, 0));
}

void SmokeChecks::send_repeats(const HttpClient& server) {
    repeats_ += 2;
    send("A", "POST /api/v1/events, the same event again", server, "/api/v1/events",
         Json{{"eventId", id(1)}, {"eventType", "purchase"}, {"userId", run_ + "-a"}}.dump(),
         json(200, [this](const Json& body) {
             return require(body.at("id").dump() == first_a_id_, "the id of the first time");
         }));
    send("C", "POST /events, the same event again", server, "/events",
         Json::array({{{"event_id", id(3)},
                       {"user_id", run_ + "-c1"},
                       {"event_type", "page_view"},
                       {"page_url", "/smoke/" + run_}}})
             .dump(),
         json(202, [](const Json& body) {
             return require(body.at("accepted") == 0 && body.at("duplicates") == 1, "accepted 0, duplicates 1");
         }));
}

void SmokeChecks::send_bad_input(const HttpClient& server) {
    repeats_ += 1;   // the good one of two
    rejected_ += 5;  // one of two, two of two, two bodies that are not JSON
    send("C", "POST /events, one of two without a type", server, "/events",
         Json::array({{{"event_id", id(3)}, {"event_type", "page_view"}}, {{"event_id", run_ + "-bad1"}}}).dump(),
         json(207, [](const Json& body) {
             return require(body.at("rejected").size() == 1 && body.at("rejected")[0].at("index") == 1 &&
                                body.at("rejected")[0].at("error").is_string(),
                            "rejected: index 1 with an error");
         }));
    send("C", "POST /events, all without a type", server, "/events",
         Json::array({{{"event_id", run_ + "-bad2"}}, {{"event_id", run_ + "-bad3"}}}).dump(), status(400));
    send("B", "POST /events, not JSON", server, "/events", "{\"event_type\": oops", problem(400));
    send("D", "POST /ingest, not JSON", server, "/ingest", "hello", problem(400));
    show("D", "GET /ingest", server.request("GET", "/ingest"), status(405));
    show("-", "GET of a path that is not there", server.request("GET", "/smoke-no-such-path"), problem(404));
}

void SmokeChecks::check_numbers(const HttpClient& server) {
    const std::string page = "/smoke/" + run_;
    const std::string stream = run_ + "-live";
    const auto pair_is = [&](int count) {
        return json(200, [=](const Json& b) { return require(b.at("count") == count, "the count that was sent"); });
    };

    ask("A", "GET /api/v1/events", server, "/api/v1/events?event_id=" + id(1), json(200, [this](const Json& b) {
            return require(b.size() == 1 && b.at(0).at("id").dump() == first_a_id_ &&
                               b.at(0).at("userId") == run_ + "-a" && b.at(0).at("props").at("amount") == 12.5,
                           "the one event with this id, as it was stored");
        }));
    ask("C", "GET /metrics/active_users", server, "/metrics/active_users?minutes=5", json(200, [this](const Json& b) {
            const auto users = b.at("active_users").get<std::size_t>();
            return require(fresh_ ? users == kUsers : users >= kUsers, "the number of users that sent");
        }));
    ask("C", "GET /metrics/top_pages", server, "/metrics/top_pages?limit=1000&minutes=15",
        json(200, [=](const Json& b) {
            for (const Json& row : b.at("top_pages")) {
                if (row.at("page") == page) return require(row.at("views") == 6, "6 views of this run's page");
            }
            return require(false, "this run's page among them");
        }));
    ask("C", "GET /metrics/active_sessions", server, "/metrics/active_sessions?user_id=" + run_ + "-c1",
        json(200, [this](const Json& b) {
            Json sessions = b.at("active_sessions");
            std::sort(sessions.begin(), sessions.end());
            return require(sessions == Json::array({run_ + "-s3", run_ + "-s4"}), "the user's two sessions");
        }));
    ask("D", "GET /analytics/events, parameters", server, "/analytics/events?user_id=" + run_ + "-c1&page_url=" + page,
        pair_is(2));
    ask("D", "GET /analytics/events, a JSON body", server, "/analytics/events", pair_is(1),
        Json{{"user_id", run_ + "-d"}, {"page_url", page + "/d"}}.dump(), {{"Content-Type", "application/json"}});
    ask("D", "GET /analytics/events, a pair that never was", server,
        "/analytics/events?user_id=" + run_ + "-nobody&page_url=/", status(404));

    const auto stream_row = json(200, [=](const Json& b) {
        const Json* row = row_of(b.at("rows"), stream);
        return require(row != nullptr && row->at("active_viewers") == 2 && row->at("chat_messages") == 1 &&
                           std::abs(row->at("donations_usd").get<double>() - 5.35) < 1e-9 &&
                           row->contains("window_start"),
                       "2 viewers, 1 chat message, 5.35 donated");
    });
    ask("E", "GET /metrics", server, "/metrics?minutes=10&limit=1000", stream_row);
    ask("E", "GET /metrics/latest", server, "/metrics/latest", stream_row);
    ask("E", "GET /streams/top", server, "/streams/top?minutes=10&by=donations_usd&n=1000", stream_row);

    const Result<HttpAnswer> events = server.read_stream_until("/metrics/stream", "\n\n");
    show("B", "GET /metrics/stream, the first event", events, [](const HttpAnswer& answer) {
        return require(answer.status == 200 && answer.body.find("event: metrics") != std::string::npos &&
                           answer.body.find("\"receivedTotal\"") != std::string::npos &&
                           answer.body.find("\"writtenTotal\"") != std::string::npos,
                       "an event called metrics with receivedTotal and writtenTotal");
    });
    const auto exposition = [](const HttpAnswer& answer) {
        const auto type = answer.headers.find("content-type");
        return require(answer.status == 200 && type != answer.headers.end() && type->second.starts_with("text/plain") &&
                           answer.body.find("# TYPE streamgauge_") != std::string::npos,
                       "text/plain with streamgauge_ series");
    };
    ask("D", "GET /metrics, as Prometheus asks", server, "/metrics", exposition, {},
        {{"Accept", "text/plain; version=0.0.4"}});
    ask("E", "GET /prometheus", server, "/prometheus", exposition);
    if (fresh_) check_ledger(server);
}

void SmokeChecks::check_ledger(const HttpClient& server) {
    const auto has = [](const std::string& text, const std::string& series, int value) {
        const bool there = text.find("\n" + series + " " + std::to_string(value) + "\n") != std::string::npos;
        return there ? std::string() : "expected " + series + " " + std::to_string(value) + "; ";
    };
    const Expect balanced = [&](const HttpAnswer& answer) {
        const std::string events = "streamgauge_events_total{outcome=";
        return has(answer.body, events + "\"accepted\"}", kAccepted) +
               has(answer.body, events + "\"duplicate\"}", repeats_) +
               has(answer.body, events + "\"invalid\"}", rejected_) +
               has(answer.body, "streamgauge_events_aggregated_total", kAccepted) +
               has(answer.body, "streamgauge_events_in_flight", 0) +
               has(answer.body, "streamgauge_ledger_difference", 0);
    };
    for (int attempt = 1;; ++attempt) {
        const Result<HttpAnswer> answer = server.request("GET", "/prometheus");
        const std::string problem = answer.ok() ? balanced(*answer) : answer.error().describe();
        if (attempt < kAskAttempts && !problem.empty()) {
            std::this_thread::sleep_for(kAskPause);
            continue;
        }
        report_.line("-", stage_ + "ledger", problem,
                     "accepted " + std::to_string(kAccepted) + ", duplicate " + std::to_string(repeats_) +
                         ", invalid " + std::to_string(rejected_) + ", difference 0");
        return;
    }
}

}  // namespace streamgauge::daemon
