// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/read_back.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>

#include "loadgen/target_socket.h"
#include "loadgen/value_text.h"

namespace streamgauge::loadgen {
namespace {

namespace http = boost::beast::http;
using SteadyClock = std::chrono::steady_clock;
using Parser = http::response_parser<http::string_body>;

constexpr std::chrono::milliseconds kPiece{100};       // between two looks at `stopping`
constexpr std::chrono::seconds kSilence{30};           // of a stream: then it counts as ended
constexpr std::size_t kEventBytes = 16 * 1024 * 1024;  // of one server-sent event
constexpr std::size_t kReadBytes = std::size_t{64} * 1024;

Error disconnected(std::string message) {
    return Error::make(ErrorCode::Disconnected, std::move(message));
}

class SocketQueryClient final : public QueryClient {
public:
    SocketQueryClient(const Url& url, const Address& address, std::unique_ptr<TlsClient> tls, std::string credentials,
                      const std::atomic<bool>& stopping)
        : url_(url),
          address_(address),
          tls_(std::move(tls)),
          credentials_(std::move(credentials)),
          stopping_(stopping) {}
    ~SocketQueryClient() override { connection_.shut(); }

    Result<QueryAnswer> ask(std::string_view method, const std::string& target, const std::string& body,
                            std::chrono::milliseconds deadline) override;
    Status follow(const std::string& target, const std::function<bool(std::string_view data)>& event) override;

private:
    Status wait(short events, SteadyClock::time_point until) const;
    Status connect(SteadyClock::time_point until);
    Status send(std::string_view method, const std::string& target, const std::string& body,
                SteadyClock::time_point until);
    // Some bytes, 0 at the end of the stream.
    Result<std::size_t> receive(SteadyClock::time_point until);
    Status end_of_stream(Parser& parser);
    Status feed(Parser& parser, SteadyClock::time_point until);

    const Url url_;
    const Address address_;
    const std::unique_ptr<TlsClient> tls_;
    const std::string credentials_;
    const std::atomic<bool>& stopping_;
    TargetSocket connection_;
    std::string left_;  // read and not parsed yet
    std::array<char, kReadBytes> buffer_{};
};

Status SocketQueryClient::wait(short events, SteadyClock::time_point until) const {
    while (true) {
        if (stopping_.load(std::memory_order_relaxed)) return Error::make(ErrorCode::Cancelled, "the check ends");
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
        if (left.count() <= 0) return Error::make(ErrorCode::DeadlineExceeded, "no answer in time");
        pollfd waiting{connection_.fd, events, 0};
        const int n = poll(&waiting, 1, static_cast<int>(std::min(left, kPiece).count()));
        if (n > 0) return {};
        if (n < 0 && errno != EINTR) return disconnected("poll failed");
    }
}

Status SocketQueryClient::connect(SteadyClock::time_point until) {
    if (connection_.fd >= 0) return {};
    left_.clear();
    const int began = connection_.open(address_);
    if (began != 0 && began != EINPROGRESS) return disconnected("no connection to " + url_.authority);
    if (Status writable = wait(POLLOUT, until); !writable) return writable;
    if (connection_.connect_result() != 0) return disconnected("no connection to " + url_.authority);
    if (!tls_) return {};
    connection_.tls = tls_->open(connection_.fd);
    while (true) {
        const int result = connection_.tls ? connection_.tls->handshake() : EPROTO;
        if (result == 0) return {};
        if (result != EAGAIN && result != EINPROGRESS) return disconnected("the TLS handshake failed");
        if (Status ready = wait(result == EAGAIN ? POLLIN : POLLOUT, until); !ready) return ready;
    }
}

Status SocketQueryClient::send(std::string_view method, const std::string& target, const std::string& body,
                               SteadyClock::time_point until) {
    if (Status connected = connect(until); !connected) return connected;
    std::string text(method);
    text += " " + target + " HTTP/1.1\r\nHost: " + url_.authority + "\r\nUser-Agent: streamgauge-load/" +
            STREAMGAUGE_VERSION + "\r\n" + credentials_;
    if (!body.empty())
        text += "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    text += "\r\n" + body;
    std::string_view left = text;
    while (true) {
        const int error = connection_.write(left);
        if (error == 0) return {};
        if (error != EAGAIN) return disconnected("the connection was closed");
        if (Status ready = wait(POLLOUT, until); !ready) return ready;
    }
}

Result<std::size_t> SocketQueryClient::receive(SteadyClock::time_point until) {
    while (true) {
        const std::ptrdiff_t n = connection_.read(buffer_.data(), buffer_.size());
        if (n >= 0) {
            left_.append(buffer_.data(), static_cast<std::size_t>(n));
            return static_cast<std::size_t>(n);
        }
        if (n != -EAGAIN) return disconnected("the connection was reset");
        if (Status ready = wait(POLLIN, until); !ready) return ready.error();
    }
}

Status SocketQueryClient::end_of_stream(Parser& parser) {
    connection_.shut();
    boost::system::error_code error;
    if (parser.got_some()) parser.put_eof(error);
    if (error || !parser.is_done()) return disconnected("the answer ended before its end");
    return {};
}

// Reads and parses some more.
Status SocketQueryClient::feed(Parser& parser, SteadyClock::time_point until) {
    boost::system::error_code error;
    if (left_.empty()) {
        const Result<std::size_t> n = receive(until);
        if (!n) return n.error();
        if (*n == 0) {
            return end_of_stream(parser);
        }
    }
    const std::size_t taken = parser.put(boost::asio::buffer(left_), error);
    left_.erase(0, taken);
    if (error == http::error::body_limit) return Error::make(ErrorCode::TooLarge, "the answer is too large");
    if (error && error != http::error::need_more) return disconnected("the answer is not HTTP: " + error.message());
    if (error == http::error::need_more || (taken == 0 && !parser.is_done())) {
        const Result<std::size_t> n = receive(until);
        if (!n) return n.error();
        if (*n == 0) {
            return end_of_stream(parser);
        }
    }
    return {};
}

Result<QueryAnswer> SocketQueryClient::ask(std::string_view method, const std::string& target, const std::string& body,
                                           std::chrono::milliseconds deadline) {
    const auto until = SteadyClock::now() + deadline;
    // A server may have closed a connection that was idle: once more on a fresh one.
    for (int attempt = 0;; ++attempt) {
        const bool reused = connection_.fd >= 0;
        Parser parser;
        parser.body_limit(kAnswerBytes);
        parser.eager(true);
        Status done = send(method, target, body, until);
        while (done && !parser.is_done()) done = feed(parser, until);
        if (!done) {
            connection_.shut();
            if (reused && attempt == 0 && done.error().code == ErrorCode::Disconnected && !parser.got_some()) continue;
            return done.error();
        }
        QueryAnswer answer;
        answer.status = static_cast<int>(parser.get().result_int());
        answer.cursor = std::string(parser.get()["Streamgauge-Cursor"]);
        if (!parser.keep_alive()) connection_.shut();
        answer.body = std::move(parser.get().body());
        return answer;
    }
}

Status SocketQueryClient::follow(const std::string& target, const std::function<bool(std::string_view data)>& event) {
    connection_.shut();
    Parser parser;
    parser.body_limit(boost::none);
    parser.eager(true);
    Status done = send("GET", target, {}, SteadyClock::now() + kSilence);
    std::string text, data;
    while (done && !parser.is_done()) {
        done = feed(parser, SteadyClock::now() + kSilence);
        if (!parser.is_header_done()) continue;
        if (parser.get().result_int() != 200) {
            connection_.shut();
            return Error::make(ErrorCode::Unavailable,
                               "the live feed answers " + std::to_string(parser.get().result_int()));
        }
        text += parser.get().body();
        parser.get().body().clear();
        std::size_t at = 0;
        for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
            std::string_view line = std::string_view(text).substr(at, end - at);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.starts_with("data:")) {
                line.remove_prefix(line.starts_with("data: ") ? 6 : 5);
                data += line;
            } else if (line.empty() && !data.empty()) {
                if (!event(data)) {
                    connection_.shut();
                    return {};
                }
                data.clear();
            }
        }
        text.erase(0, at);
        if (text.size() + data.size() > kEventBytes) done = Error::make(ErrorCode::TooLarge, "an event is too large");
    }
    connection_.shut();
    if (done) return disconnected("the live feed ended");
    return done;
}

}  // namespace

Result<std::unique_ptr<QueryClient>> QueryClient::make(const Url& url, const Address& address, const TlsChoices& tls,
                                                       std::string credentials, const std::atomic<bool>& stopping) {
    std::unique_ptr<TlsClient> client;
    if (url.secure) {
        Result<std::unique_ptr<TlsClient>> made = TlsClient::make(tls, url);
        if (!made) return made.error();
        client = std::move(made).value();
    }
    return std::unique_ptr<QueryClient>(
        new SocketQueryClient(url, address, std::move(client), std::move(credentials), stopping));
}

std::string percent_encoded(std::string_view text) {
    return placed(text, Place::Target);
}

}  // namespace streamgauge::loadgen
