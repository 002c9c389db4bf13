// SPDX-License-Identifier: GPL-3.0-or-later
// The frame of decoders whose requests are one event, a list of events, or an object that holds such a list: finds the
// events, saves the good ones next to broken ones, and turns what is wrong into rejections.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/dialect.h"
#include "event/sdk_event.h"

namespace streamgauge {

// Not thread-safe.
class SdkDecoder : public DialectDecoder {
public:
    Result<DecodedRequest> decode(const DecodeInput& input) final;

protected:
    // `list_member`: what the list is called in the object that holds it; empty: there is no such form. `id_member`:
    // an event's id, so that an event that is no JSON can still be named. An empty list is an error unless allowed.
    enum class EmptyList { Error, Allowed };
    SdkDecoder(std::string_view list_member, std::string_view id_member, EmptyList empty = EmptyList::Error)
        : list_member_(list_member), id_member_(id_member), empty_list_(empty) {}

    // For bodies that are no plain JSON: true when `out` is to be read instead.
    virtual Result<bool> unwrap(const DecodeInput& input, std::string& out);
    // Once for each request, before its events. `envelope` holds the list; when `lone`, it is the one event; none when
    // the body is an array. An error ends the request.
    virtual Status begin(const DecodeInput& input, std::optional<simdjson::dom::object> envelope, bool lone) = 0;
    // One event; `event` has begun, and is finished by the caller. An error that ends the request: end_request().
    virtual SdkEvent::Fault read(simdjson::dom::object object, SdkEvent& event) = 0;

    // Takes the finished event, which was item number `index`, into the batch: as one event, unless overridden.
    virtual void deliver(std::size_t index, const EventView& event);

    void end_request(Error error) { ended_ = std::move(error); }
    // `member` (`"name":"value"`, JSON) is not in the event's text but came from the path: its rejection has it.
    void supply(std::string member) { supplied_ = std::move(member); }
    // When the request was sent, by the sender's clock. Rejections that do not say so themselves have it as their
    // member `name`, from which begin() must read it.
    void supply_sent_at(std::string_view name, std::optional<Timestamp> sent_at);
    // The credential in the body. It is cut out of what rejections keep.
    void set_key(std::string_view key) {
        out_.key = key;
        key_of_all_ = !key.empty();
    }
    // An event names its own, which counts when the envelope names none; all events that name one must name the same.
    // False when they do not: the request is ended.
    bool share_key(std::string_view key, std::string_view member);
    const std::string& key() const { return out_.key; }
    Timestamp received_at() const { return received_at_; }
    DecodedRequest& out() { return out_; }

private:
    class Place;
    Status whole(std::string_view text, const DecodeInput& input);
    Status list(simdjson::dom::array items, std::string_view text, std::size_t array_index);
    Status broken(std::string_view text, simdjson::error_code error, const DecodeInput& input);
    Status broken_list(std::string_view text, const std::vector<TextSpan>& items);
    Status read_body(std::string_view body, std::size_t padded_capacity, const DecodeInput& input);
    void release_memory();
    void item(std::size_t index, simdjson::dom::element value, Place& place);
    void reject(std::size_t index, EventFault fault, std::string_view raw, std::size_t offset);
    std::size_t offset_of(std::string_view text) const;

    const std::string_view list_member_, id_member_;
    const EmptyList empty_list_;
    simdjson::dom::parser parser_, envelope_parser_;
    SdkEvent event_;
    std::string padded_, unwrapped_, envelope_text_;

    // The request at hand.
    DecodedRequest out_;
    std::string_view body_;
    bool offsets_known_ = false;  // what is read is the body as it came
    Timestamp received_at_;
    bool key_of_all_ = false;  // the envelope named it
    std::optional<Error> ended_;
    std::string supplied_;                         // to the event at hand
    std::string sent_at_name_, supplied_sent_at_;  // to all; empty: nothing
};

}  // namespace streamgauge
