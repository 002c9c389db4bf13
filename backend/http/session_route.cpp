// SPDX-License-Identifier: GPL-3.0-or-later
// What is decided of a request when its head is complete: its route, whether it may come from there, what the gate says
// of it, and how its body is read.
#include "http/forwarded.h"
#include "http/hub.h"
#include "http/session.h"

namespace streamgauge::http {
namespace {

constexpr std::size_t kChunkRoom = 4 * 1024;  // to read chunks into, behind the head

}  // namespace

bool Session::begin_request() {
    head_begun_ = false;
    request_.arrived_nanos = hub_.now();
    const std::size_t size = framing_.head_size();
    if (framing_.parse_head(input().substr(0, size), request_, facts_) == Framing::Progress::Refused) {
        request_.method = Method::Other;
        return refuse(framing_.refusal().status, framing_.refusal().reason);
    }
    if (facts_.chunked &&
        capacity_ - begin_ - size < kChunkRoom) {  // the views have to stay where they are from here on
        grow_buffer(std::max(end_ - begin_, size) + kChunkRoom);
        framing_.parse_head(input().substr(0, size), request_, facts_);
    }
    head_end_ = begin_ + size;
    request_.body = {};
    find_client();
    early_ = refuse_early();
    if (facts_.content_length > body_limit_) {
        if (early_) return answer_and_stop(std::move(*early_));
        return refuse(413, "the body is larger than this path takes");
    }
    if (early_ && facts_.expect_continue) return answer_and_stop(std::move(*early_));
    return admit_body();
}

void Session::find_client() {
    request_.remote_address = client_.address;
    request_.secure = client_.secure;
    if (!client_.proxy) return;
    const Forwarded forwarded = read_forwarded(request_, hub_.context().trusted);
    if (forwarded.secure) request_.secure = *forwarded.secure;
    if (!forwarded.client) return;
    forwarded_address_ = to_string(*forwarded.client);
    request_.remote_address = forwarded_address_;
}

std::optional<Response> Session::refuse_early() {
    const EngineContext& context = hub_.context();
    const OriginRules& origins = context.origins;
    route_ = nullptr;
    extra_.clear();
    body_limit_ = limits::kSmallBodyBytes;
    if (const std::string_view refusal = origins.refuse_host(facts_.authority); !refusal.empty())
        return engine_problem(403, refusal);
    RouteTable::Lookup lookup;
    if (request_.path == "*") {
        lookup.match = RouteTable::Match::OtherMethods;
        lookup.allow = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";
    } else {
        lookup = context.table.find(context.plane, request_);
    }
    if (lookup.match == RouteTable::Match::Found) {
        route_ = lookup.route;
        body_limit_ = route_->body_limit;
        return refuse_route();
    }
    const bool cors = !lookup.cors_methods.empty();
    if (facts_.has_origin) {
        const std::string_view refusal = origins.refuse_origin(facts_.origin, cors, context.ports);
        if (!refusal.empty()) return engine_problem(403, refusal);
    }
    if (facts_.unknown_expectation) return engine_problem(417, "only the expectation 100-continue is understood");
    if (lookup.match == RouteTable::Match::NoSuchPath) return engine_problem(404, "there is nothing at this path");
    if (request_.method == Method::Options) {
        if (cors) {
            origins.add_preflight_headers(facts_.has_origin ? std::optional(facts_.origin) : std::nullopt,
                                          lookup.cors_methods, request_.header("Access-Control-Request-Headers"),
                                          extra_);
        }
        return Response{204, {}, {}, {{"Allow", std::move(lookup.allow)}}};
    }
    Response response = engine_problem(405, "this path does not take this method");
    response.headers.emplace_back("Allow", std::move(lookup.allow));
    return response;
}

std::optional<Response> Session::refuse_route() {
    const EngineContext& context = hub_.context();
    if (facts_.has_origin) {
        const std::string_view refusal = context.origins.refuse_origin(facts_.origin, route_->cors, context.ports);
        if (!refusal.empty()) return engine_problem(route_, 403, refusal);
    }
    if (route_->cors) {
        context.origins.add_answer_headers(facts_.has_origin ? std::optional(facts_.origin) : std::nullopt, extra_);
    }
    if (facts_.unknown_expectation)
        return engine_problem(route_, 417, "only the expectation 100-continue is understood");
    if (!context.options.gate) return std::nullopt;
    request_.principal = hub_.anonymous();
    return context.options.gate(*route_, request_, extra_);
}

// Decides how the body is read; a body that is here already is dispatched where it lies.
bool Session::admit_body() {
    const std::size_t here = end_ - head_end_;
    const auto length = static_cast<std::size_t>(facts_.content_length);
    if (!facts_.chunked) {
        if (here >= length) {
            dispatch({buffer_.get() + head_end_, length}, capacity_ + kPadding - head_end_);
            finish_request(head_end_ + length);
            return true;
        }
        if (!early_) {
            if (!hub_.context().admission->reserve_body(length)) {
                state_ = State::WaitingForRoom;
                waiting_since_ = hub_.now();
                return false;
            }
            reserved_ = length;
        }
    }
    start_body();
    return true;
}

}  // namespace streamgauge::http
