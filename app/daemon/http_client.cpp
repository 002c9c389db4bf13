// SPDX-License-Identifier: GPL-3.0-or-later
// HttpClient on Boost.Beast: asynchronous inside, because only asynchronous operations obey a deadline.
#include "daemon/http_client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace streamgauge::daemon {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t kMostAnswerBytes = std::size_t{64} << 20;

// One request and its answer. Lives on the caller's thread while run() blocks.
class Exchange {
public:
    Exchange(beast::http::request<beast::http::string_body> request, std::string_view until)
        : stream_(context_), request_(std::move(request)), until_(until) {
        parser_.body_limit(kMostAnswerBytes);
    }

    beast::error_code run(const asio::ip::tcp::endpoint& peer, std::chrono::milliseconds deadline) {
        stream_.expires_after(deadline);
        stream_.async_connect(peer, [this](beast::error_code failed) {
            if (failed) return finish(failed);
            beast::http::async_write(stream_, request_, [this](beast::error_code unsent, std::size_t) {
                // A server may answer and close before it has taken the whole body: the answer counts.
                if (unsent && unsent != asio::error::broken_pipe && unsent != asio::error::connection_reset) {
                    return finish(unsent);
                }
                read();
            });
        });
        context_.run();
        return result_;
    }

    HttpAnswer answer() {
        const auto& message = parser_.get();
        HttpAnswer answer{static_cast<int>(message.result_int()), {}, message.body()};
        for (const auto& field : message) {
            std::string name(field.name_string());
            for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            answer.headers.emplace(std::move(name), std::string(field.value()));
        }
        return answer;
    }

private:
    void read() {
        beast::http::async_read_some(stream_, buffer_, parser_, [this](beast::error_code failed, std::size_t) {
            const bool seen =
                !until_.empty() && parser_.is_header_done() && parser_.get().body().find(until_) != std::string::npos;
            if (failed || seen || parser_.is_done()) return finish(seen ? beast::error_code{} : failed);
            read();
        });
    }

    void finish(beast::error_code result) {
        result_ = result;
        beast::error_code ignored;
        stream_.socket().close(ignored);
    }

    asio::io_context context_;
    beast::tcp_stream stream_;
    beast::http::request<beast::http::string_body> request_;
    beast::http::response_parser<beast::http::string_body> parser_;
    beast::flat_buffer buffer_;
    std::string until_;
    beast::error_code result_;
};

}  // namespace

Result<http::Endpoint> parse_server_url(std::string_view url) {
    constexpr std::string_view kScheme = "http://";
    std::string_view rest = url;
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (!rest.starts_with(kScheme) || rest.find('/', kScheme.size()) != std::string_view::npos) {
        return Error{ErrorCode::InvalidArgument,
                     "cannot use the address " + std::string(url),
                     "url",
                     {},
                     "give it as http://127.0.0.1:8080"};
    }
    return http::parse_endpoint(rest.substr(kScheme.size()));
}

Result<HttpAnswer> HttpClient::request(std::string_view method, std::string_view target, std::string body,
                                       Headers headers) const {
    return exchange(method, target, std::move(body), std::move(headers), {});
}

Result<HttpAnswer> HttpClient::read_stream_until(std::string_view target, std::string_view until,
                                                 Headers headers) const {
    headers.emplace_back("Accept", "text/event-stream");
    return exchange("GET", target, {}, std::move(headers), until);
}

Result<HttpAnswer> HttpClient::exchange(std::string_view method, std::string_view target, std::string body,
                                        Headers headers, std::string_view until) const {
    try {
        beast::error_code bad_address;
        const auto address = asio::ip::make_address(server_.address, bad_address);
        if (bad_address) return Error::make(ErrorCode::InvalidArgument, "no IP address: " + server_.address);

        beast::http::request<beast::http::string_body> request;
        request.method_string({method.data(), method.size()});
        request.target({target.data(), target.size()});
        request.version(11);
        request.set(beast::http::field::host, http::to_string(server_));
        request.set(beast::http::field::connection, "close");
        for (const auto& [name, value] : headers) request.set(name, value);
        request.body() = std::move(body);
        if (!request.body().empty() || method == "POST") request.content_length(request.body().size());

        Exchange exchange(std::move(request), until);
        const beast::error_code failed = exchange.run({address, server_.port}, deadline_);
        if (failed == beast::error::timeout) {
            return Error::make(ErrorCode::DeadlineExceeded, "no complete answer from " + http::to_string(server_) +
                                                                " in " + std::to_string(deadline_.count()) + " ms");
        }
        if (failed) {
            return Error::make(ErrorCode::Disconnected, http::to_string(server_) + ": " + failed.message());
        }
        return exchange.answer();
    } catch (const std::exception& error) {  // Beast, on memory or on a header it refuses to write
        return Error::make(ErrorCode::Internal, error.what());
    }
}

}  // namespace streamgauge::daemon
