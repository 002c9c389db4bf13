// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/gate.h"

#include <sodium.h>

#include <charconv>

#include "http/text.h"
#include "server/exposition.h"

namespace streamgauge {

namespace {

using auth::Permission;
using http::Scope;

constexpr std::string_view kAuthorization = "Authorization";
constexpr std::string_view kApiKey = "X-Api-Key";

Error unauthorized(std::string message, std::string field) {
    Error error = Error::make(ErrorCode::Unauthorized, std::move(message));
    error.field = std::move(field);
    return error;
}

// The first value of both headers in one pass: this is done for every request.
struct Sent {
    std::optional<std::string_view> authorization, api_key;
};
Sent sent_with(const http::Request& request) {
    Sent sent;
    for (const auto& [name, value] : request.headers) {
        if (name.size() == kAuthorization.size()) {
            if (!sent.authorization && http::equal_ignoring_case(name, kAuthorization)) sent.authorization = value;
        } else if (name.size() == kApiKey.size()) {
            if (!sent.api_key && http::equal_ignoring_case(name, kApiKey)) sent.api_key = value;
        }
    }
    return sent;
}

bool decode_base64(std::string_view text, std::string& out) {
    while (text.ends_with('=')) text.remove_suffix(1);
    out.resize(text.size() / 4 * 3 + 3);
    std::size_t size = 0;
    // Decoding what a client sent needs no constant time: it is the client's own.
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                          &size, nullptr, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0) {
        return false;
    }
    out.resize(size);
    return true;
}

Result<auth::Credentials> from_authorization(std::string_view value, std::string& decoded) {
    const std::size_t space = value.find(' ');
    const std::string_view scheme = value.substr(0, space);
    const std::string_view rest = space == std::string_view::npos ? "" : http::trim(value.substr(space));
    auth::Credentials credentials;
    if (http::equal_ignoring_case(scheme, "Bearer")) {
        // RFC 6750: one token without spaces.
        if (rest.empty() || rest.find_first_of(" ,") != std::string_view::npos)
            return unauthorized("Authorization: Bearer must be followed by one token", std::string(kAuthorization));
        credentials.bearer = rest;
        return credentials;
    }
    if (http::equal_ignoring_case(scheme, "Basic")) {
        if (!decode_base64(rest, decoded) || decoded.find('\0') != std::string::npos)
            return unauthorized("Authorization: Basic must be followed by Base64 of a name, a colon and a password",
                                std::string(kAuthorization));
        const std::size_t colon = decoded.find(':');
        if (colon == std::string::npos || colon == 0)
            return unauthorized("Authorization: Basic must be a key, a colon and nothing else",
                                std::string(kAuthorization));
        if (colon + 1 != decoded.size()) {
            Error error = unauthorized("Authorization: Basic takes an API key as the name and no password",
                                       std::string(kAuthorization));
            error.hint = "log in at POST /api/v1/auth/login and send the token as Authorization: Bearer";
            return error;
        }
        credentials.basic = true;
        credentials.basic_user = std::string_view(decoded).substr(0, colon);
        return credentials;
    }
    return unauthorized("Authorization must be Bearer or Basic", std::string(kAuthorization));
}

std::string_view word_of(Permission permission) {
    switch (permission) {
        case Permission::Ingest:
            return "ingest";
        case Permission::Query:
            return "query";
        case Permission::Operate:
            return "operate";
        case Permission::Administer:
            break;
    }
    return "administer";
}

Error forbidden(const auth::Principal& principal, Permission wanted) {
    std::string has;
    for (const Permission one : {Permission::Ingest, Permission::Query, Permission::Operate, Permission::Administer}) {
        if (principal.may(one)) has += (has.empty() ? "" : ", ") + std::string(word_of(one));
    }
    const std::string_view who = principal.kind == auth::Principal::Kind::Key ? "this key" : "this user";
    return Error::make(ErrorCode::Forbidden, "this needs the permission to " + std::string(word_of(wanted)) + "; " +
                                                 std::string(who) + " may: " + (has.empty() ? "nothing" : has));
}

}  // namespace

std::optional<Permission> permission_of(Scope scope) {
    switch (scope) {
        case Scope::Public:
            return std::nullopt;
        case Scope::Ingest:
            return Permission::Ingest;
        case Scope::Query:
            return Permission::Query;
        case Scope::Operate:
            return Permission::Operate;
        case Scope::Unnamed:
        case Scope::Admin:
            break;
    }
    return Permission::Administer;
}

Result<auth::Credentials> credentials_of(const http::Request& request, std::string& decoded) {
    const Sent sent = sent_with(request);
    if (sent.authorization) return from_authorization(http::trim(*sent.authorization), decoded);
    auth::Credentials credentials;
    if (sent.api_key && !http::trim(*sent.api_key).empty()) {
        credentials.bearer = http::trim(*sent.api_key);
    } else if (request.query.find("access_token") != std::string_view::npos) {
        if (auto token = request.query_parameter("access_token"); token && !token->empty()) {
            decoded = std::move(*token);
            credentials.bearer = decoded;
        }
    }
    return credentials;
}

std::optional<http::Response> Gate::check(const http::Route& route, http::Request& request, http::Headers& extra) {
    if (!request.principal) request.principal = anonymous_;
    if (route.scope == Scope::Public) return std::nullopt;
    const std::int64_t now = request.arrived_nanos;
    LimitSet& limits = parts_.limits.requests;
    // Before anything is looked up: whoever guesses keys is limited, too.
    LimitSet::Decision address;
    if (limits.limits(LimitScope::Address)) {
        address = limits.take(request.remote_address, nullptr, 1, now);
        if (address.refused_by) return refuse_limited(route, address, extra);
    }
    auto principal = principal_of(route, request);
    if (!principal.ok()) {
        if (address.applies) add_limit_headers(address.tightest, extra);
        return refuse(route, principal.error());
    }
    request.principal = std::move(principal).value();
    if (limits.off()) return std::nullopt;
    const LimitSet::Decision own = limits.take({}, request.principal.get(), 1, now);
    if (own.refused_by) return refuse_limited(route, own, extra);
    if (own.applies && (!address.applies || tighter(own.tightest, address.tightest))) {
        add_limit_headers(own.tightest, extra);
    } else if (address.applies) {
        add_limit_headers(address.tightest, extra);
    }
    return std::nullopt;
}

Result<auth::PrincipalPtr> Gate::principal_of(const http::Route& route, const http::Request& request) const {
    std::string decoded;
    const auto credentials = credentials_of(request, decoded);
    if (!credentials.ok()) return credentials.error();
    const Permission wanted = *permission_of(route.scope);
    const bool open = !parts_.auth_required && (wanted == Permission::Ingest || wanted == Permission::Query);
    if (credentials->bearer.empty() && !credentials->basic) {
        if (open || (route.key_in_body && wanted == Permission::Ingest)) return anonymous_;
        Error error = Error::make(ErrorCode::Unauthorized, "this needs a token or an API key");
        error.hint = "send it as Authorization: Bearer";
        return error;
    }
    auto known = parts_.authenticator.authenticate(*credentials, parts_.clock.now());
    if (!known.ok()) {
        if (known.error().code != ErrorCode::NotFound) return known.error();
        if (open && wanted == Permission::Ingest) return anonymous_;
        return Error::make(ErrorCode::Unauthorized, "nobody has this key");
    }
    const auth::Principal& principal = **known;
    if (!principal.may(wanted)) return forbidden(principal, wanted);
    if (wanted == Permission::Query && !route.by_project)
        if (Status seen = may_see_all(principal); !seen) return seen.error();
    return known;
}

Status Gate::may_see_all(const auth::Principal& principal) const {
    if (principal.every_project || parts_.authenticator.is_only_project(principal.project)) return {};
    Error error = Error::make(
        ErrorCode::Forbidden,
        "this answer is about all projects together, and this key is for the project " + principal.project + " alone");
    error.hint = "ask as a user";
    return error;
}

http::Response Gate::refuse_limited(const http::Route& route, const LimitSet::Decision& decision,
                                    http::Headers& extra) {
    add_limit_headers(decision.tightest, extra);
    if (route.scope == Scope::Ingest && parts_.on_limited_ingestion) parts_.on_limited_ingestion();
    return refuse(route, limit_error(*decision.refused_by, "requests", 1, decision.tightest));
}

http::Response Gate::refuse(const http::Route& route, const Error& error) {
    if (error.code == ErrorCode::Unauthorized) unauthorized_.fetch_add(1, std::memory_order_relaxed);
    if (error.code == ErrorCode::Forbidden) forbidden_.fetch_add(1, std::memory_order_relaxed);
    if (route.errors == nullptr) return http::problem(error);
    http::Response response = route.errors(error);
    const auto says = [&](std::string_view name) {
        for (const auto& [key, value] : response.headers) {
            if (http::equal_ignoring_case(key, name)) return true;
        }
        return false;
    };
    if ((response.status == 429 || response.status == 503) && !says("Retry-After"))
        response.headers.emplace_back("Retry-After", std::to_string(std::max(1, error.retry_after_seconds)));
    if (response.status == 401 && !says("WWW-Authenticate"))
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

void Gate::expose(Exposition& out) const {
    out.family("streamgauge_requests_refused_total", "counter", "Requests that the gate refused, by reason.");
    out.sample("streamgauge_requests_refused_total", {{"reason", "unauthorized"}},
               unauthorized_.load(std::memory_order_relaxed));
    out.sample("streamgauge_requests_refused_total", {{"reason", "forbidden"}},
               forbidden_.load(std::memory_order_relaxed));
    out.sample("streamgauge_requests_refused_total", {{"reason", "rate_limited"}}, parts_.limits.requests.refusals());
}

}  // namespace streamgauge
