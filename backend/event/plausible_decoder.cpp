// SPDX-License-Identifier: GPL-3.0-or-later
#include "event/plausible_decoder.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/limits.h"

namespace streamgauge {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using Text = SdkEvent::Text;

constexpr std::size_t kAmountBytes = 40;

EventFault fault(std::string reason, std::string member) {
    return {std::move(reason), std::move(member)};
}

struct Named {
    std::string_view name;
    element value;
};

// The first of `names` that is there and not null.
std::optional<Named> first_of(object o, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names)
        if (const auto value = member_of(o, name)) return Named{name, *value};
    return std::nullopt;
}

// What has a place of its own in the event, in every spelling.
constexpr std::array<std::string_view, 23> kKnown{
    "n", "name", "u", "url",   "d",           "domain", "r",       "referrer", "w", "h",  "hashMode", "screen_width",
    "m", "meta", "p", "props", "interactive", "i",      "revenue", "$",        "v", "sd", "e"};

std::string_view trim(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

bool may_name_a_site(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\\'; });
}

// "0019.90" -> "19.90": a number as JSON writes it; empty when it is none.
std::string_view decimal(std::string& room, std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto digits = [](std::string_view t) {
        return !t.empty() && std::all_of(t.begin(), t.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    const std::size_t point = text.find('.');
    std::string_view whole = text.substr(0, point);
    if (text.size() > kAmountBytes || !digits(whole)) return {};
    if (point != std::string_view::npos && !digits(text.substr(point + 1))) return {};
    whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size() - 1));
    room.assign(negative ? "-" : "").append(whole);
    if (point != std::string_view::npos) room.append(text.substr(point));
    return room;
}

// An object, or a string that holds one: parsed by `parser`, whose document it then is.
std::optional<object> object_of(element value, simdjson::dom::parser& parser) {
    object found;
    if (value.get_object().get(found) == simdjson::SUCCESS) return found;
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    if (parser.parse(text.data(), text.size()).get_object().get(found) != simdjson::SUCCESS) return std::nullopt;
    return found;
}

}  // namespace

PlausibleDecoder::PlausibleDecoder(const DecoderSecrets& secrets) : SdkDecoder({}, {}), visitor_(secrets) {}

Status PlausibleDecoder::begin(const DecodeInput& input, std::optional<object>, bool lone) {
    if (!lone) return Error::make(ErrorCode::InvalidArgument, "an event is a JSON object, a list of them is not taken");
    visitor_.begin(input);
    return {};
}

SdkEvent::Fault PlausibleDecoder::read_name(object o, SdkEvent& event) {
    const auto name = first_of(o, {"n", "name"});
    if (!name) return fault("the event's name is missing", "name");
    std::string_view text;
    if (name->value.get_string().get(text) != simdjson::SUCCESS || text.empty())
        return fault("must be a text that is not empty", std::string(name->name));
    return event.set(Text::EventType, text == "pageview" ? "page_view" : text, name->name);
}

SdkEvent::Fault PlausibleDecoder::read_sites(object o, SdkEvent& event) {
    sites_.clear();
    const auto domain = first_of(o, {"d", "domain"});
    if (!domain) return fault("the site is missing", "domain");
    std::string_view list;
    if (domain->value.get_string().get(list) != simdjson::SUCCESS)
        return fault("must be a string", std::string(domain->name));
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        const std::string_view site = trim(list.substr(0, comma));
        list.remove_prefix(std::min(comma + 1, list.size()));
        if (site.empty() || std::find(sites_.begin(), sites_.end(), site) != sites_.end()) continue;
        if (site.size() > limits::kSiteBytes || !may_name_a_site(site))
            return fault("holds a name that can be no domain's", std::string(domain->name));
        if (sites_.size() == limits::kSitesPerEvent)
            return fault("names more than " + std::to_string(limits::kSitesPerEvent) + " sites",
                         std::string(domain->name));
        sites_.push_back(site);
    }
    if (sites_.empty()) return fault("the site is missing", std::string(domain->name));
    widest_ = *std::max_element(sites_.begin(), sites_.end(),
                                [](std::string_view a, std::string_view b) { return a.size() < b.size(); });
    return event.add_prop("domain", widest_, domain->name);
}

SdkEvent::Fault PlausibleDecoder::read_page(object o, SdkEvent& event) {
    const auto url = first_of(o, {"u", "url"});
    if (!url) return fault("the page's URL is missing", "url");
    std::string_view text;
    if (url->value.get_string().get(text) != simdjson::SUCCESS || text.empty())
        return fault("must be a text that is not empty", std::string(url->name));
    return event.set(Text::PageUrl, text, url->name);
}

SdkEvent::Fault PlausibleDecoder::read_props(object o, SdkEvent& event) {
    const auto add = [&](std::initializer_list<std::string_view> names, std::string_view prop) -> SdkEvent::Fault {
        const auto found = first_of(o, names);
        return found ? event.add_prop(prop, found->value, found->name) : std::nullopt;
    };
    if (auto found = add({"r", "referrer"}, "referrer")) return found;
    if (auto found = add({"w", "screen_width"}, "screen_width")) return found;
    if (auto found = add({"h", "hashMode"}, "hash_mode")) return found;
    if (auto found = add({"i", "interactive"}, "interactive")) return found;
    if (auto found = add({"v"}, "tracker_version")) return found;
    if (auto found = add({"sd"}, "scroll_depth")) return found;
    return add({"e"}, "engagement_time");
}

SdkEvent::Fault PlausibleDecoder::read_revenue(object o, SdkEvent& event) {
    const auto revenue = first_of(o, {"revenue", "$"});
    if (!revenue) return std::nullopt;
    const auto members = object_of(revenue->value, revenue_parser_);
    if (!members) return fault("must be an object with amount and currency", std::string(revenue->name));
    const std::string pointer = '/' + std::string(revenue->name);
    const auto amount = member_of(*members, "amount");
    if (!amount) return fault("the amount is missing", pointer + "/amount");
    std::string_view text;
    std::string room;
    if (amount->is_number()) {
        if (auto found = event.add_prop("revenue", *amount, pointer + "/amount")) return found;
    } else if (amount->get_string().get(text) == simdjson::SUCCESS && !decimal(room, text).empty()) {
        if (auto found = event.add_json_prop("revenue", room, pointer + "/amount")) return found;
    } else {
        return fault("must be a decimal number such as 19.90", pointer + "/amount");
    }
    const auto currency = member_of(*members, "currency");
    if (!currency) return std::nullopt;
    if (currency->get_string().get(text) != simdjson::SUCCESS) return fault("must be a string", pointer + "/currency");
    return event.add_prop("currency", text, pointer + "/currency");
}

// The site's own props, and members that this decoder does not know.
SdkEvent::Fault PlausibleDecoder::read_custom(object o, SdkEvent& event) {
    if (const auto custom = first_of(o, {"m", "meta", "p", "props"})) {
        if (const auto members = object_of(custom->value, custom_parser_)) {
            for (const auto [name, value] : *members)
                if (auto found = event.add_prop(name, value, custom->name, 3)) return found;
        } else if (auto found = event.add_prop("props", custom->value, custom->name)) {
            return found;
        }
    }
    for (const auto [name, value] : o) {
        if (value.is_null() || name == WebVisitor::kMember ||
            std::find(kKnown.begin(), kKnown.end(), name) != kKnown.end())
            continue;
        if (auto found = event.add_prop(name, value, name)) return found;
    }
    return std::nullopt;
}

SdkEvent::Fault PlausibleDecoder::read(object o, SdkEvent& event) {
    visitor_.read(o);
    event.set_bot(visitor_.bot());
    SdkEvent::Fault found = read_event(o, event);
    if (found) supply(visitor_.kept());
    return found;
}

SdkEvent::Fault PlausibleDecoder::read_event(object o, SdkEvent& event) {
    if (auto found = read_name(o, event)) return found;
    if (auto found = read_sites(o, event)) return found;
    if (auto found = read_page(o, event)) return found;
    if (auto found = read_props(o, event)) return found;
    if (auto found = read_revenue(o, event)) return found;
    return read_custom(o, event);
}

// One event for each site: a visitor of two sites is another one in each.
void PlausibleDecoder::deliver(std::size_t index, const EventView& read) {
    constexpr std::string_view kBegin = R"({"domain":")";
    const std::string_view rest = read.props.substr(kBegin.size() + widest_.size());
    for (const std::string_view site : sites_) {
        EventView event = read;
        props_.assign(kBegin).append(site).append(rest);
        event.props = props_;
        VisitorHasher::Text visitor;
        if (visitor_.known()) {
            visitor = visitor_.visitor(site);
            event.user_id = {visitor.data(), visitor.size()};
        }
        if (!out().batch.empty()) {
            event_id_.clear();
            uuids_.append_v7(event_id_, received_at());
            event.event_id = event_id_;
        }
        SdkDecoder::deliver(index, event);
        out().sites.emplace_back(site);
    }
}

}  // namespace streamgauge
