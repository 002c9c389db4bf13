// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/request_template.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/limits.h"
#include "loadgen/run_stamp.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::uint32_t kHighestChoice = 1'000'000'000;

// What a small shop's page would send: most events are views. Cumulative weights out of 100.
struct WeightedType {
    std::uint32_t up_to;
    std::string_view quoted;
};
constexpr std::array<WeightedType, 5> kTypes{
    {{70, "\"page_view\""}, {90, "\"click\""}, {95, "\"login\""}, {98, "\"add_to_cart\""}, {100, "\"purchase\""}}};

// "<prefix><n>" and spaces up to `width`.
void put_name(char* out, std::size_t width, std::string_view prefix, std::uint32_t n) {
    char* const end = out + width;
    *out++ = '"';
    std::memcpy(out, prefix.data(), prefix.size());
    out = std::to_chars(out + prefix.size(), end, n).ptr;
    *out++ = '"';
    std::memset(out, ' ', static_cast<std::size_t>(end - out));
}

void put_number(char* out, std::size_t width, std::uint64_t n) {
    char* const end = out + width;
    out = std::to_chars(out, end, n).ptr;
    std::memset(out, ' ', static_cast<std::size_t>(end - out));
}

std::size_t name_width(std::string_view prefix, std::uint32_t choices) {
    return 2 + prefix.size() + std::to_string(choices - 1).size();
}

Error out_of_range(const char* field, const char* message) {
    Error error = Error::make(ErrorCode::InvalidArgument, message);
    error.field = field;
    return error;
}

}  // namespace

Result<RequestTemplate> RequestTemplate::make(const std::string& head, const EventOptions& options) {
    if (options.batch < 1 || options.batch > limits::kEventsPerRequest)
        return out_of_range("batch", "a request carries 1 to 10000 events");
    if (options.users < 1 || options.users > kHighestChoice)
        return out_of_range("users", "there must be 1 to 1000000000 users");
    if (options.pages < 1 || options.pages > kHighestChoice)
        return out_of_range("pages", "there must be 1 to 1000000000 pages");
    return RequestTemplate(head, options);
}

RequestTemplate::RequestTemplate(const std::string& head, const EventOptions& options)
    : options_(options), choices_(options.seed, 2), ids_high_(options.id_salt, 3), ids_low_(options.id_salt, 4) {
    add_event();
    const std::string event = text_;
    stride_ = event.size() + 1;  // and the comma
    const bool array = options.batch > 1;
    const std::size_t body = options.batch * stride_ - 1 + (array ? 2 : 0);
    text_ = head + "Content-Length: " + std::to_string(body) + "\r\n\r\n";
    text_.reserve(text_.size() + body);
    if (array) text_ += '[';
    first_event_ = text_.size();
    for (std::uint32_t i = 0; i < options.batch; ++i) {
        if (i > 0) text_ += ',';
        text_ += event;
    }
    if (array) text_ += ']';
}

void RequestTemplate::add_event() {
    const auto add = [this](std::string_view name, std::size_t width) {
        text_ += name;
        const Slot slot{text_.size(), width};
        text_.append(width, ' ');
        return slot;
    };
    std::size_t widest = 0;
    for (const WeightedType& type : kTypes) widest = std::max(widest, type.quoted.size());
    id_ = add("{\"event_id\":\"", kUuidBytes);
    type_ = add("\",\"event_type\":", widest);
    time_ = add(",\"occurred_at\":\"", TimeText::kBytes);
    user_ = add("\",\"user_id\":", name_width("u_", options_.users));
    session_ = add(",\"session_id\":", name_width("s_", options_.users));
    page_ = add(",\"page_url\":", name_width("/page/", options_.pages));
    if (options_.stamp_stride > 0) {
        text_ += std::string(",\"properties\":{\"") + kStampRun + "\":\"" + run_stamp(options_.id_salt) + "\"";
        stamp_number_ = add(std::string(",\"") + kStampNumber + "\":", kStampDigits);
        stamp_sent_ = add(std::string(",\"") + kStampSent + "\":", kStampDigits);
        stamp_planned_ = add(std::string(",\"") + kStampPlanned + "\":", kStampDigits);
        text_ += '}';
    }
    text_ += '}';
}

void RequestTemplate::initialise(char* buffer) const {
    std::memcpy(buffer, text_.data(), text_.size());
}

void RequestTemplate::fill(char* buffer, std::uint64_t index, Timestamp now, Timestamp planned) {
    const std::string_view time = time_text_.text(now);
    char* event = buffer + first_event_;
    std::uint64_t n = index * options_.batch;
    for (std::uint32_t i = 0; i < options_.batch; ++i, ++n, event += stride_) {
        if (n % 2 == 0) {
            put_uuid4(event + id_.offset, ids_high_.at(n), ids_low_.at(n));
        } else {
            put_uuid7(event + id_.offset, now, ids_high_.at(n), ids_low_.at(n));
        }
        const std::uint64_t choice = choices_.at(n);
        const std::uint32_t weight = below(choice, 100);
        const WeightedType* type = kTypes.data();
        while (weight >= type->up_to) ++type;
        std::memcpy(event + type_.offset, type->quoted.data(), type->quoted.size());
        std::memset(event + type_.offset + type->quoted.size(), ' ', type_.width - type->quoted.size());
        std::memcpy(event + time_.offset, time.data(), time_.width);
        const std::uint64_t second_choice = mix(choice);
        const std::uint32_t user = below(second_choice, options_.users);
        put_name(event + user_.offset, user_.width, "u_", user);
        put_name(event + session_.offset, session_.width, "s_", user);
        put_name(event + page_.offset, page_.width, "/page/", below(mix(second_choice), options_.pages));
        if (options_.stamp_stride > 0) {
            put_number(event + stamp_number_.offset, kStampDigits, index * options_.stamp_stride + i);
            put_number(event + stamp_sent_.offset, kStampDigits, static_cast<std::uint64_t>(now.micros));
            put_number(event + stamp_planned_.offset, kStampDigits, static_cast<std::uint64_t>(planned.micros));
        }
    }
}

}  // namespace streamgauge::loadgen
