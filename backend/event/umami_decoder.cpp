// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/umami_decoder.h"

#include <arpa/inet.h>

#include "base/limits.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using Text = SdkEvent::Text;

EventFault fault(std::string reason, std::string_view member) {
    return {std::move(reason), std::string(member)};
}

bool is_address(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return false;
    const std::string copy(text);
    in6_addr room{};
    return inet_pton(AF_INET, copy.c_str(), &room) == 1 || inet_pton(AF_INET6, copy.c_str(), &room) == 1;
}

}  // namespace

UmamiDecoder::UmamiDecoder(const DecoderSecrets& secrets) : SdkDecoder({}, {}), visitor_(secrets) {}

Status UmamiDecoder::begin(const DecodeInput& input, std::optional<object>, bool) {
    visitor_.begin(input);
    return {};
}

SdkEvent::Fault UmamiDecoder::read_type(object item, object payload, SdkEvent& event) {
    std::string_view type = "event";
    if (const auto value = member_of(item, "type"); value && value->get_string().get(type) != simdjson::SUCCESS)
        return fault("must be event, identify or performance", "type");
    name_taken_ = false;
    if (type == "identify" || type == "performance") return event.set(Text::EventType, type, "type");
    if (type != "event") return fault("must be event, identify or performance", "type");
    const auto name = member_of(payload, "name");
    if (!name) return event.set(Text::EventType, "page_view", "type");
    std::string_view text;
    if (name->get_string().get(text) != simdjson::SUCCESS) return fault("must be a string", "/payload/name");
    name_taken_ = true;
    return event.set(Text::EventType, text.empty() ? "page_view" : text, "/payload/name");
}

SdkEvent::Fault UmamiDecoder::read_site(object payload) {
    const std::string_view site = text_of(payload, "website");
    if (site.empty()) return fault("the website's id is missing", "/payload/website");
    if (site.size() > limits::kSiteBytes)
        return fault("longer than " + std::to_string(limits::kSiteBytes) + " bytes", "/payload/website");
    site_ = site;
    return std::nullopt;
}

// A path is led by its host; the scheme is not known. What names its scheme already stays as it is.
SdkEvent::Fault UmamiDecoder::read_page(object payload, SdkEvent& event) {
    const auto value = member_of(payload, "url");
    if (!value) return std::nullopt;
    std::string_view url;
    if (value->get_string().get(url) != simdjson::SUCCESS) return fault("must be a string", "/payload/url");
    const std::string_view host = text_of(payload, "hostname");
    if (host.empty() || url.find("://") != std::string_view::npos) return event.set(Text::PageUrl, url, "/payload/url");
    std::string page(host);
    if (!url.starts_with('/')) page += '/';
    page += url;
    return event.set_copy(Text::PageUrl, std::move(page), "/payload/url");
}

SdkEvent::Fault UmamiDecoder::read_visitor(object payload, SdkEvent& event) {
    event.set_bot(visitor_.bot());
    if (const auto id = member_of(payload, "id"))
        if (auto found = event.set(Text::UserId, *id, "/payload/id")) return found;
    if (!event.has(Text::UserId)) {
        if (!visitor_.known()) return std::nullopt;
        const auto visitor = visitor_.visitor(site_);
        if (auto found = event.set_copy(Text::UserId, {visitor.data(), visitor.size()}, "/payload")) return found;
    }
    const auto session = visitor_.session(event.occurred_at(), site_, event.text(Text::UserId));
    return event.set_copy(Text::SessionId, {session.data(), session.size()}, "/payload");
}

SdkEvent::Fault UmamiDecoder::read_props(object payload, SdkEvent& event) {
    for (const auto [name, value] : payload) {
        if (name == "data" || name == "ip" || name == "userAgent" || name == "id" || name == "timestamp" ||
            name == "url" || value.is_null() || (name == "name" && name_taken_))
            continue;
        if (auto found = event.add_prop(name, value, "/payload")) return found;
    }
    const auto data = member_of(payload, "data");
    if (!data) return std::nullopt;
    auto found = event.add_contents("data", *data);
    if (found) found->member = "/payload/data";
    return found;
}

SdkEvent::Fault UmamiDecoder::read_event(object item, object payload, SdkEvent& event) {
    if (auto found = read_type(item, payload, event)) return found;
    if (auto found = read_site(payload)) return found;
    if (const auto time = member_of(payload, "timestamp"))
        if (auto found = event.set_time(*time, "/payload/timestamp")) return found;
    if (auto found = read_page(payload, event)) return found;
    if (auto found = read_visitor(payload, event)) return found;
    return read_props(payload, event);
}

// A server that reports for its visitors names their address and browser in the payload.
SdkEvent::Fault UmamiDecoder::read(object item, SdkEvent& event) {
    object payload;
    const bool has_payload = item.at_key("payload").get_object().get(payload) == simdjson::SUCCESS;
    const std::string_view address = has_payload ? text_of(payload, "ip") : std::string_view();
    const std::string_view agent = has_payload ? text_of(payload, "userAgent") : std::string_view();
    visitor_.read(item, is_address(address) ? address : std::string_view(), agent);
    SdkEvent::Fault found = has_payload ? read_event(item, payload, event) : fault("must be an object", "payload");
    if (found) supply(visitor_.kept());
    return found;
}

void UmamiDecoder::deliver(std::size_t index, const EventView& event) {
    SdkDecoder::deliver(index, event);
    out().sites.push_back(site_);
}

}  // namespace streamgauge
