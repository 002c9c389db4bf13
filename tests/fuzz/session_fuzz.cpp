// SPDX-License-Identifier: GPL-3.0-or-later
// A whole connection without its socket, over any bytes: however they are cut into packets, the same answers leave, and
// every body that a handler gets is the one that Beast's own parser reads from the same bytes (no request is smuggled).
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/hub.h"

namespace {

using namespace streamgauge;
using namespace streamgauge::http;
namespace beast = boost::beast;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

class StandingClock final : public Clock {
public:
    Timestamp now() const override { return Timestamp::from_seconds(0); }
    std::int64_t monotonic_nanos() const override { return 1; }
};

struct Seen {
    std::string target, body;
    bool operator==(const Seen&) const = default;
};

RouteTable make_table(std::vector<Seen>& seen) {
    RouteTable table;
    const auto echo = [&seen](const Request& request, const ReplyPtr& reply) {
        require(request.padded_capacity >= request.body.size() + kPadding, "a body without padding");
        seen.push_back({std::string(request.target), std::string(request.body)});
        reply->send({200, "text/plain", std::string(request.body), {}});
    };
    for (const Method method : {Method::Get, Method::Post}) {
        const Status added = table.add({method, "/e", Scope::Public, Plane::Both, 40'000, "Echoes.", echo});
        require(added.ok(), "the table takes its row");
    }
    return table;
}

class OneConnection final : public Hub {
public:
    explicit OneConnection(EngineContext& context) : Hub(context, [] {}), session_(*this, 0) {
        own_mailbox();
        session_.open({"127.0.0.1", false, false});
    }
    ~OneConnection() override { session_.closed(); }
    void pump(std::uint32_t) override {}
    Session* session(std::uint32_t) override { return &session_; }

    void receive(std::string_view packet) {
        while (!packet.empty()) {
            const std::span<char> space = session_.read_space();
            if (space.empty()) return;
            const std::size_t count = std::min(space.size(), packet.size());
            std::copy_n(packet.data(), count, space.data());
            packet.remove_prefix(count);
            session_.received(count);
            settle();
        }
    }
    std::string finish() {
        session_.end_of_input();
        settle();
        return std::move(output_);
    }

private:
    void settle() {
        while (session_.advance() || session_.has_output()) {
            iovec segments[4];
            const std::size_t count = session_.gather(segments, 4);
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < count; ++i) {
                output_.append(static_cast<const char*>(segments[i].iov_base), segments[i].iov_len);
                bytes += segments[i].iov_len;
            }
            session_.written(bytes);
        }
        session_.tick();
    }
    Session session_;
    std::string output_;
};

// What Beast reads, up to its first error. Empty lines are put behind the input: Beast 1.74's body parser asserts on a
// last chunk that is cut within its end ("0\r\n\r"). They can only let it see more, which is allowed.
std::vector<Seen> by_beast(const std::string& input, bool& failed) {
    std::vector<Seen> seen;
    constexpr std::string_view kPadding = "\r\n\r\n";
    const std::string padded = input + std::string(kPadding);
    std::string_view bytes = padded;
    while (true) {
        if (bytes.substr(0, 2) == "\r\n") bytes.remove_prefix(2);
        if (bytes.size() <= kPadding.size()) break;
        beast::http::request_parser<beast::http::string_body> parser;
        parser.eager(true);
        parser.header_limit(1U << 20U);
        parser.body_limit(1U << 30U);
        beast::error_code error;
        while (!parser.is_done() && !bytes.empty()) {
            const std::size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
            bytes.remove_prefix(used);
            if (error == beast::http::error::need_more && used > 0) error = {};
            if (error) break;
        }
        if (!parser.is_done()) {
            failed = error && error != beast::http::error::need_more;
            break;
        }
        seen.push_back({std::string(parser.get().target()), parser.get().body()});
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    std::uint32_t random = data[0];
    const std::string bytes(data + 1, data + size);
    static std::vector<Seen> seen;
    static const RouteTable table = make_table(seen);
    static const StandingClock clock;

    std::string outputs[2];
    std::vector<Seen> handled[2];
    for (const int run : {0, 1}) {
        seen.clear();
        EngineOptions options;
        options.check_host = false;
        EngineContext context(table, Plane::Both, clock, options);
        OneConnection connection(context);
        std::string_view rest = bytes;
        while (!rest.empty()) {
            random = random * 1664525U + 1013904223U;
            const std::size_t most = run == 0 ? rest.size() : (random >> 28U) == 0 ? 5000 : 1 + (random >> 24U) % 32;
            const std::size_t count = std::min(rest.size(), most);
            connection.receive(rest.substr(0, count));
            rest.remove_prefix(count);
        }
        outputs[run] = connection.finish();
        handled[run] = seen;
        const ConnectionCounters counters = context.admission->counters();
        require(counters.requests_arrived >= counters.requests_answered + counters.requests_cut,
                "more was answered than came");
        require(handled[run].size() <= counters.requests_answered, "a handler's answer got lost");
    }
    // "100 Continue" depends on whether the body was there already.
    const std::string_view continues = "HTTP/1.1 100 Continue\r\n\r\n";
    for (std::string& output : outputs) {
        for (std::size_t at = 0; (at = output.find(continues, at)) != std::string::npos;)
            output.erase(at, continues.size());
    }
    require(outputs[0] == outputs[1], "packets changed the answers");

    bool failed = false;
    const std::vector<Seen> beasts = by_beast(bytes, failed);
    std::size_t at = 0;
    for (const Seen& request : handled[0]) {
        // Requests that were answered without a handler are among Beast's only.
        while (at < beasts.size() && !(beasts[at] == request)) ++at;
        if (at == beasts.size()) {
            require(failed, "a handler got a request that Beast does not see");
            break;
        }
        ++at;
    }
    return 0;
}
