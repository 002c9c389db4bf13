// SPDX-License-Identifier: GPL-3.0-or-later
// On Boost.Beast: asynchronous inside, because only asynchronous operations obey a deadline.
#include "http/outgoing.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <charconv>
#include <optional>

#include "http/host.h"
#include "http/text.h"

namespace streamgauge::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t kUrlBytes = 2'048;
constexpr std::size_t kAnswerBytes = 4'096;
constexpr std::chrono::milliseconds kLook{50};  // how often is it asked whether to stop

Error wrong_url(std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = "url";
    error.hint = "write it as https://hooks.example.com/path";
    return error;
}

// Link-local or unspecified.
bool is_of_this_link(const Address& address) {
    static const Network v4 = parse_network("169.254.0.0/16").value();
    static const Network v6 = parse_network("fe80::/10").value();
    static const Network unspecified = parse_network("0.0.0.0/8").value();  // leads to this machine, too
    return v4.contains(address) || v6.contains(address) || unspecified.contains(address);
}

bool is_host_name(std::string_view name) {
    return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
        const char lower = ascii_lower(c);
        return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    });
}

// One request and its answer, on the caller's thread while run() blocks.
class OutgoingExchange {
public:
    using Request = beast::http::request<beast::http::string_body>;

    OutgoingExchange(const OutgoingUrl& url, Request request, const AllowedTargets& allowed,
                     const OutgoingOptions& options)
        : url_(url), request_(std::move(request)), allowed_(allowed), options_(options) {
        parser_.body_limit(kAnswerBytes);
    }

    Result<OutgoingAnswer> run() {
        if (url_.tls) {
            if (Status ready = prepare_tls(); !ready) return ready.error();
        } else {
            plain_.emplace(context_);
        }
        lowest().expires_after(options_.deadline);
        start();
        const auto end = std::chrono::steady_clock::now() + options_.deadline;
        while (!result_ && !context_.stopped()) {
            context_.run_for(kLook);
            if (options_.stopping != nullptr && options_.stopping->load(std::memory_order_relaxed))
                return Error::make(ErrorCode::Cancelled, "the server is stopping");
            if (!result_ && std::chrono::steady_clock::now() > end) return late();
        }
        if (!result_) return Error::make(ErrorCode::Disconnected, url_.authority + " gave no answer");
        return *result_;
    }

private:
    Status prepare_tls() {
        tls_context_.emplace(asio::ssl::context::tls_client);
        beast::error_code failed;
        tls_context_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                                      asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                                      asio::ssl::context::no_tlsv1_1,
                                  failed);
        if (!failed) tls_context_->set_default_verify_paths(failed);
        if (!failed && !options_.authorities.empty()) tls_context_->load_verify_file(options_.authorities, failed);
        if (failed) return Error::make(ErrorCode::Io, "the authorities cannot be read: " + failed.message());
        secure_.emplace(context_, *tls_context_);
        secure_->set_verify_mode(asio::ssl::verify_peer, failed);
        secure_->set_verify_callback(asio::ssl::host_name_verification(url_.host), failed);
        std::string name = url_.host;
        if (!parse_address(name))
            SSL_ctrl(secure_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
        return {};
    }

    beast::tcp_stream& lowest() { return secure_ ? beast::get_lowest_layer(*secure_) : *plain_; }

    void start() {
        if (const auto literal = parse_address(url_.host)) return connect({*literal});
        resolver_.async_resolve(url_.host, std::to_string(url_.port),
                                [this](beast::error_code failed, const asio::ip::tcp::resolver::results_type& found) {
                                    if (failed)
                                        return finish(Error::make(ErrorCode::Unavailable,
                                                                  url_.host + " is not found: " + failed.message()));
                                    std::vector<Address> addresses;
                                    for (const auto& one : found)
                                        if (const auto address = parse_address(one.endpoint().address().to_string()))
                                            addresses.push_back(*address);
                                    connect(addresses);
                                });
    }

    // All must be allowed: a name with one that is not is somebody's attempt.
    void connect(const std::vector<Address>& addresses) {
        std::vector<asio::ip::tcp::endpoint> peers;
        for (const Address& address : addresses) {
            if (!allowed_.allows(url_.host, address)) {
                Error error = Error::make(ErrorCode::Forbidden,
                                          url_.host + " is " + to_string(address) + ", which is not an allowed target");
                error.field = "url";
                error.hint = "name it in notify.allowed_targets in the server's own file";
                return finish(std::move(error));
            }
            beast::error_code bad;
            const auto parsed = asio::ip::make_address(to_string(address), bad);
            if (!bad) peers.emplace_back(parsed, url_.port);
        }
        if (peers.empty()) return finish(Error::make(ErrorCode::Unavailable, url_.host + " has no address"));
        lowest().async_connect(peers, [this](beast::error_code failed, const asio::ip::tcp::endpoint&) {
            if (failed) return fail(failed);
            if (!secure_) return write();
            secure_->async_handshake(asio::ssl::stream_base::client, [this](beast::error_code refused) {
                if (refused) return fail(refused);
                write();
            });
        });
    }

    void write() {
        const auto then = [this](beast::error_code unsent, std::size_t) {
            // A receiver may answer and close before it has taken the whole body: the answer counts.
            if (unsent && unsent != asio::error::broken_pipe && unsent != asio::error::connection_reset)
                return fail(unsent);
            read();
        };
        if (secure_) return beast::http::async_write(*secure_, request_, then);
        beast::http::async_write(*plain_, request_, then);
    }

    void read() {
        const auto then = [this](beast::error_code failed, std::size_t) {
            // The status counts also where the body is longer than anybody wants to know.
            if (failed && !(failed == beast::http::error::body_limit && parser_.is_header_done())) return fail(failed);
            finish(OutgoingAnswer{static_cast<int>(parser_.get().result_int()), parser_.get().body()});
        };
        if (secure_) return beast::http::async_read(*secure_, buffer_, parser_, then);
        beast::http::async_read(*plain_, buffer_, parser_, then);
    }

    Error late() const {
        return Error::make(ErrorCode::DeadlineExceeded, "no complete answer from " + url_.authority + " in " +
                                                            std::to_string(options_.deadline.count()) + " ms");
    }
    void fail(beast::error_code failed) {
        if (failed == beast::error::timeout) return finish(late());
        finish(Error::make(ErrorCode::Disconnected, url_.authority + ": " + failed.message()));
    }
    void finish(Result<OutgoingAnswer> result) {
        if (!result_) result_ = std::move(result);
        beast::error_code ignored;
        lowest().socket().close(ignored);
        context_.stop();
    }

    const OutgoingUrl& url_;
    Request request_;
    const AllowedTargets& allowed_;
    const OutgoingOptions& options_;
    asio::io_context context_;
    asio::ip::tcp::resolver resolver_{context_};
    std::optional<asio::ssl::context> tls_context_;
    std::optional<beast::tcp_stream> plain_;
    std::optional<beast::ssl_stream<beast::tcp_stream>> secure_;
    beast::http::response_parser<beast::http::string_body> parser_;
    beast::flat_buffer buffer_;
    std::optional<Result<OutgoingAnswer>> result_;
};

}  // namespace

Result<OutgoingUrl> parse_outgoing_url(std::string_view text) {
    OutgoingUrl url;
    if (text.size() > kUrlBytes) return wrong_url("the address is longer than 2048 bytes");
    for (const char c : text)
        if (c <= ' ' || c == '\x7f' || c == '\\' || static_cast<unsigned char>(c) > 0x7f)
            return wrong_url("the address may hold printable ASCII alone, without spaces");
    std::string_view rest = text;
    if (rest.starts_with("https://")) {
        url.tls = true;
        url.port = 443;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return wrong_url("the address must begin with http:// or https://");
    }
    if (rest.find('#') != std::string_view::npos) return wrong_url("the address must not have a fragment");
    const std::size_t end = std::min(rest.find('/'), rest.find('?'));
    const std::string_view authority = rest.substr(0, end);
    if (authority.find('@') != std::string_view::npos) return wrong_url("the address must not hold a user or password");
    if (end < rest.size()) url.target = (rest[end] == '?' ? "/" : "") + std::string(rest.substr(end));
    const auto parts = split_host(authority);
    if (!parts || parts->host.empty() || parts->port == 0) return wrong_url("the address names no host");
    url.host = std::string(parts->host);
    if (!parse_address(url.host) && !is_host_name(url.host)) return wrong_url("the address names no host");
    if (parts->port) url.port = *parts->port;
    url.authority = std::string(authority);
    return url;
}

Result<AllowedTargets> AllowedTargets::parse(const std::vector<std::string>& elements) {
    AllowedTargets out;
    for (const std::string& element : elements) {
        if (element == "loopback") {
            for (const char* network : {"127.0.0.0/8", "::1"}) out.networks_.push_back(parse_network(network).value());
            continue;
        }
        if (const auto network = parse_network(element)) {
            out.networks_.push_back(*network);
            continue;
        }
        const bool is_name = is_host_name(element) && std::any_of(element.begin(), element.end(), [](char c) {
                                 return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
                             });
        if (!is_name) {
            Error error = Error::make(ErrorCode::InvalidArgument, "\"" + element + "\" is no target");
            error.hint = "write loopback, a network such as 10.0.0.0/8, an address or the name of a host";
            return error;
        }
        std::string name = element;
        std::transform(name.begin(), name.end(), name.begin(), ascii_lower);
        out.names_.push_back(std::move(name));
    }
    return out;
}

bool AllowedTargets::allows(std::string_view host, const Address& address) const {
    if (std::any_of(networks_.begin(), networks_.end(),
                    [&address](const Network& network) { return network.contains(address); }))
        return true;
    if (is_loopback_address(to_string(address)) || is_of_this_link(address) || address == Address{}) return false;
    return std::any_of(names_.begin(), names_.end(),
                       [host](const std::string& name) { return equal_ignoring_case(name, host); });
}

Result<OutgoingAnswer> post(const OutgoingUrl& url, const std::vector<std::pair<std::string, std::string>>& headers,
                            std::string body, const AllowedTargets& allowed, const OutgoingOptions& options) {
    try {
        OutgoingExchange::Request request;
        request.method(beast::http::verb::post);
        request.target(url.target);
        request.version(11);
        request.set(beast::http::field::host, url.authority);
        request.set(beast::http::field::connection, "close");
        request.set(beast::http::field::user_agent, "streamgauge/" STREAMGAUGE_VERSION);
        for (const auto& [name, value] : headers) request.set(name, value);
        request.body() = std::move(body);
        request.prepare_payload();
        return OutgoingExchange(url, std::move(request), allowed, options).run();
    } catch (const std::exception& error) {  // Beast and Asio, on memory or on a header that they refuse to write
        return Error::make(ErrorCode::Internal, error.what());
    }
}

}  // namespace streamgauge::http
