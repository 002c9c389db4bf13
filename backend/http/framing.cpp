// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/framing.h"

#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/limits.h"
#include "http/host.h"
#include "http/text.h"

namespace streamgauge::http {
namespace {

namespace beast = boost::beast;

// Beast parses the grammar of one whole head; the fields come out as views into it.
class HeadParser final : public beast::http::basic_parser<true> {
public:
    explicit HeadParser(Request& request) : request_(request) {
        header_limit(static_cast<std::uint32_t>(limits::kHeadBytes));
        body_limit(std::numeric_limits<std::uint64_t>::max());  // the route has its own
    }
    std::string_view method;
    int version_number = 0;  // 11 for HTTP/1.1

private:
    static std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

    void on_request_impl(beast::http::verb, beast::string_view name, beast::string_view target, int version,
                         beast::error_code&) override {
        method = view(name);
        request_.target = view(target);
        version_number = version;
    }
    void on_response_impl(int, beast::string_view, int, beast::error_code&) override {}
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                       beast::error_code&) override {
        request_.headers.emplace_back(view(name), view(value));
    }
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    std::size_t on_body_impl(beast::string_view body, beast::error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
        return body.size();
    }
    void on_finish_impl(beast::error_code&) override {}

    Request& request_;
};

// RFC 9110, section 5.6.2.
constexpr std::array<bool, 256> kTokenCharacters = [] {
    std::array<bool, 256> table{};
    for (char c = '0'; c <= '9'; ++c) table[static_cast<std::uint8_t>(c)] = true;
    for (char c = 'a'; c <= 'z'; ++c) table[static_cast<std::uint8_t>(c)] = true;
    for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<std::uint8_t>(c)] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<std::uint8_t>(c)] = true;
    return table;
}();
bool is_token(char c) {
    return kTokenCharacters[static_cast<std::uint8_t>(c)];
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
// What may stand in a field value or a quoted string (RFC 9110, sections 5.5 and 5.6.4).
bool is_text(char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

bool is_host_name(std::string_view authority) {
    const auto parts = split_host(authority);
    if (!parts) return false;
    for (const char c : parts->host) {
        if (!is_digit(c) && !(ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') &&
            std::string_view("-._:").find(c) == std::string_view::npos)
            return false;
    }
    return true;
}

// Origin form, absolute form (RFC 9112, section 3.2.2), or "*" for OPTIONS. False: neither.
bool split_target(Request& request, HeadFacts& facts) {
    std::string_view rest = request.target;
    for (const char c : rest) {
        if (c <= 0x20 || c >= 0x7F || c == '#') return false;
    }
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (rest.size() < scheme.size() || !equal_ignoring_case(rest.substr(0, scheme.size()), scheme)) continue;
        rest.remove_prefix(scheme.size());
        facts.authority = rest.substr(0, rest.find_first_of("/?"));
        rest.remove_prefix(facts.authority.size());
        if (!is_host_name(facts.authority)) return false;
        if (rest.empty() || rest.front() == '?') {
            request.path = "/";
            request.query = rest.empty() ? rest : rest.substr(1);
            return true;
        }
    }
    if (rest == "*") {
        request.path = rest;
        request.query = {};
        return request.method == Method::Options;
    }
    if (rest.empty() || rest.front() != '/') return false;
    const std::size_t question = rest.find('?');
    request.path = rest.substr(0, question);
    request.query = question == std::string_view::npos ? std::string_view() : rest.substr(question + 1);
    return true;
}

// Exactly one decimal number that fits; RFC 9112, section 6.3.
bool read_length(std::string_view value, std::uint64_t& length) {
    if (value.empty() || value.size() > 18) return false;
    for (const char c : value) {
        if (!is_digit(c)) return false;
    }
    std::from_chars(value.data(), value.data() + value.size(), length);
    return true;
}

}  // namespace

void Framing::reset() {
    *this = Framing();
}

Framing::Progress Framing::refuse(int status, std::string_view reason) {
    refusal_ = {status, reason};
    return Progress::Refused;
}

Framing::Progress Framing::check_line(std::string_view line) {
    if (lines_ > 0) {
        if (line.front() == ' ' || line.front() == '\t') return refuse(400, "a header line is folded");
        return lines_ > limits::kHeaderCount ? refuse(431, "too many headers") : Progress::NeedMore;
    }
    const std::size_t first = line.find(' ');
    if (first == std::string_view::npos) return refuse(400, "the request line is malformed");
    const std::size_t second = line.find(' ', first + 1);
    if (second == std::string_view::npos) return refuse(400, "the request line is malformed");
    if (second - first - 1 > limits::kTargetBytes) return refuse(414, "the request target is too long");
    const std::string_view version = line.substr(second + 1);
    if (version.size() != 8 || version.substr(0, 5) != "HTTP/" || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7])) {
        return refuse(400, "the request line is malformed");
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return refuse(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    return Progress::NeedMore;
}

Framing::Progress Framing::scan_head(std::string_view bytes) {
    while (scanned_ < bytes.size()) {
        if (lines_ == 0 && scanned_ == line_ && bytes[line_] != '\r' && !is_token(bytes[line_]))
            return refuse(400, "this is not HTTP");
        const void* found = std::memchr(bytes.data() + scanned_, '\n', bytes.size() - scanned_);
        const std::size_t end = found == nullptr
                                    ? bytes.size()
                                    : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
        if (end - start_ > limits::kHeadBytes) {
            return lines_ == 0 ? refuse(414, "the request line is too long") : refuse(431, "the head is too large");
        }
        scanned_ = end;
        if (found == nullptr) return Progress::NeedMore;
        const std::string_view line = bytes.substr(line_, end - line_ - 1);
        if (line.find('\r') != line.size() - 1 || line.empty()) return refuse(400, "a line does not end with CR LF");
        if (line.size() == 1) {
            if (lines_ > 0) return Progress::Done;
            if (start_ > 0) return refuse(400, "empty lines before the request");
            start_ = line_ = end;
            continue;
        }
        if (check_line(line.substr(0, line.size() - 1)) == Progress::Refused) return Progress::Refused;
        ++lines_;
        line_ = end;
    }
    return Progress::NeedMore;
}

Framing::Progress Framing::parse_head(std::string_view head, Request& request, HeadFacts& facts) {
    head.remove_prefix(start_);
    request.headers.clear();
    facts = {};
    HeadParser parser(request);
    beast::error_code error;
    const std::size_t parsed = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
    if (error || parsed != head.size() || !parser.is_header_done()) return refuse(400, "the head is malformed");
    request.method = method_from(parser.method);
    facts.http_1_0 = parser.version_number == 10;

    bool length = false;
    bool coding = false;
    bool coding_is_chunked = true;
    bool close = false;
    bool keep_alive = false;
    std::size_t hosts = 0;
    std::string_view host;
    for (const auto& [name, value] : request.headers) {
        if (name.empty() || value.data() < head.data() || value.data() > head.data() + head.size())
            return refuse(400, "a header is malformed");
        switch (ascii_lower(name.front())) {
            case 'c':
                if (equal_ignoring_case(name, "content-length")) {
                    if (length || !read_length(value, facts.content_length))
                        return refuse(400, "Content-Length is not one number");
                    length = true;
                } else if (equal_ignoring_case(name, "connection")) {
                    close = close || list_has(value, "close");
                    keep_alive = keep_alive || list_has(value, "keep-alive");
                }
                break;
            case 't':
                if (equal_ignoring_case(name, "transfer-encoding")) {
                    coding_is_chunked = !coding && equal_ignoring_case(value, "chunked");
                    coding = true;
                }
                break;
            case 'h':
                if (equal_ignoring_case(name, "host")) {
                    ++hosts;
                    host = value;
                }
                break;
            case 'o':
                if (equal_ignoring_case(name, "origin")) {
                    if (facts.has_origin) return refuse(400, "more than one Origin");
                    facts.has_origin = true;
                    facts.origin = value;
                }
                break;
            case 'e':
                if (equal_ignoring_case(name, "expect")) {
                    if (equal_ignoring_case(value, "100-continue")) {
                        facts.expect_continue = true;
                    } else {
                        facts.unknown_expectation = true;
                    }
                }
                break;
            default:
                break;
        }
    }
    if (hosts > 1 || (hosts == 0 && !facts.http_1_0)) return refuse(400, "there is not exactly one Host");
    if (hosts == 1 && !is_host_name(host)) return refuse(400, "Host is malformed");
    facts.authority = host;
    if (!split_target(request, facts)) return refuse(400, "the request target is malformed");
    if (coding && length) return refuse(400, "both Content-Length and Transfer-Encoding");
    if (coding && facts.http_1_0) return refuse(400, "Transfer-Encoding in HTTP/1.0");
    if (coding && !coding_is_chunked) return refuse(501, "only the transfer coding chunked is understood");
    facts.chunked = coding;
    facts.keep_alive = !close && (!facts.http_1_0 || keep_alive);
    if (facts.http_1_0) facts.expect_continue = false;  // RFC 9110, section 10.1.1
    return Progress::Done;
}

// What may follow a whole name or value: the next extension, the line's end, or blanks before one of the rest.
bool ChunkDecoder::end_extension(char c, State blank) {
    if (c == '\r') {
        state_ = State::SizeLineFeed;
    } else if (c == ';') {
        state_ = State::ExtensionStart;
    } else if (is_blank(c)) {
        state_ = blank;
    } else {
        return false;
    }
    return true;
}

// RFC 9112, section 7.1.1, without the blanks that it allows before a line's first extension: who reads a quote that
// does not end in another way than the proxy before him sees another request behind it.
bool ChunkDecoder::take_extension(char c) {
    switch (state_) {
        case State::ExtensionStart:
            if (is_token(c)) state_ = State::ExtensionName;
            return is_token(c) || is_blank(c);
        case State::ExtensionName:
            if (c == '=') state_ = State::ExtensionValueStart;
            return c == '=' || is_token(c) || end_extension(c, State::ExtensionNameBlank);
        case State::ExtensionNameBlank:
            if (c == '=' || c == ';') state_ = c == '=' ? State::ExtensionValueStart : State::ExtensionStart;
            return c == '=' || c == ';' || is_blank(c);
        case State::ExtensionValueStart:
            if (!is_blank(c)) state_ = c == '"' ? State::ExtensionQuoted : State::ExtensionValue;
            return c == '"' || is_token(c) || is_blank(c);
        case State::ExtensionValue:
            return is_token(c) || end_extension(c, State::ExtensionValueBlank);
        case State::ExtensionValueBlank:
            if (c == ';') state_ = State::ExtensionStart;
            return c == ';' || is_blank(c);
        case State::ExtensionQuoted:
            if (c == '"' || c == '\\') state_ = c == '"' ? State::ExtensionQuotedEnd : State::ExtensionQuotedPair;
            return is_text(c);
        case State::ExtensionQuotedPair:
            state_ = State::ExtensionQuoted;
            return is_text(c);
        case State::ExtensionQuotedEnd:
            return end_extension(c, State::ExtensionValueBlank);
        default:
            return false;
    }
}

bool ChunkDecoder::take(char c) {
    const auto refuse = [&](int status, std::string_view reason) {
        refusal_ = {status, reason};
        return false;
    };
    const auto overhead = [&] {
        return ++overhead_ <= limits::kHeadBytes || refuse(431, "too many bytes of chunk extensions and trailers");
    };
    constexpr std::string_view kBad = "a chunk is malformed";
    switch (state_) {
        case State::SizeFirst:
        case State::Size: {
            const char lower = ascii_lower(c);
            if (is_digit(c) || (lower >= 'a' && lower <= 'f')) {
                if (left_ >> 56U != 0) return refuse(400, "a chunk's size is out of range");
                left_ = left_ * 16 + static_cast<std::uint64_t>(is_digit(c) ? c - '0' : lower - 'a' + 10);
                state_ = State::Size;
                return true;
            }
            if (state_ == State::SizeFirst) return refuse(400, kBad);
            if (c != '\r' && c != ';') return refuse(400, kBad);
            state_ = c == '\r' ? State::SizeLineFeed : State::ExtensionStart;
            return true;
        }
        case State::ExtensionStart:
        case State::ExtensionName:
        case State::ExtensionNameBlank:
        case State::ExtensionValueStart:
        case State::ExtensionValue:
        case State::ExtensionValueBlank:
        case State::ExtensionQuoted:
        case State::ExtensionQuotedPair:
        case State::ExtensionQuotedEnd:
            if (!take_extension(c)) return refuse(400, kBad);
            return state_ == State::SizeLineFeed || overhead();
        case State::SizeLineFeed:
            if (c != '\n') return refuse(400, kBad);
            state_ = left_ == 0 ? State::TrailerFirst : State::Data;
            return true;
        case State::Data:
            return true;  // decode() takes data in spans
        case State::DataReturn:
            state_ = State::DataLineFeed;
            return c == '\r' || refuse(400, "a chunk is longer than its size");
        case State::DataLineFeed:
            state_ = State::SizeFirst;
            return c == '\n' || refuse(400, kBad);
        case State::TrailerFirst:
            if (c == '\r') {
                state_ = State::EndLineFeed;
                return true;
            }
            if (++trailers_ > limits::kHeaderCount) return refuse(431, "too many trailers");
            state_ = State::TrailerName;
            return (is_token(c) || refuse(400, "a trailer is malformed")) && overhead();
        case State::TrailerName:
            if (c == ':') state_ = State::TrailerValue;
            return (c == ':' || is_token(c) || refuse(400, "a trailer is malformed")) && overhead();
        case State::TrailerValue:
            if (c == '\r') {
                state_ = State::TrailerLineFeed;
                return true;
            }
            return (is_text(c) || refuse(400, "a trailer is malformed")) && overhead();
        case State::TrailerLineFeed:
            state_ = State::TrailerFirst;
            return c == '\n' || refuse(400, "a trailer is malformed");
        case State::EndLineFeed:
            done_ = true;
            return c == '\n' || refuse(400, "a trailer is malformed");
    }
    return false;
}

ChunkDecoder::Step ChunkDecoder::decode(std::string_view input) {
    Step step;
    while (step.consumed < input.size()) {
        if (state_ == State::Data) {
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - step.consumed));
            step.data = input.substr(step.consumed, size);
            step.consumed += size;
            left_ -= size;
            if (left_ == 0) state_ = State::DataReturn;
            return step;
        }
        if (!take(input[step.consumed])) {
            step.progress = Framing::Progress::Refused;
            return step;
        }
        ++step.consumed;
        if (done_) {
            step.progress = Framing::Progress::Done;
            return step;
        }
    }
    return step;
}

}  // namespace streamgauge::http
