// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/codec.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "api/codec_fields.h"
#include "api/json_writer.h"

namespace streamgauge::api {

namespace {

using nlohmann::json;

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// ---- out -----------------------------------------------------------------------------------------------------------
class Encoder {
public:
    template <class T>
    void operator()(std::string_view name, const T& member) {
        out_.key(name);
        value(member);
    }

    template <class T>
    void value(const T& x) {
        if constexpr (std::same_as<T, std::string>) {
            out_.string(x);
        } else if constexpr (std::same_as<T, bool>) {
            out_.boolean(x);
        } else if constexpr (std::is_enum_v<T>) {
            out_.string(Words<T>::kAll.at(static_cast<std::size_t>(x)));
        } else if constexpr (std::floating_point<T>) {
            out_.number(x);
        } else if constexpr (std::signed_integral<T>) {
            out_.integer(x);
        } else if constexpr (std::unsigned_integral<T>) {
            out_.unsigned_integer(x);
        } else if constexpr (std::same_as<T, Timestamp>) {
            out_.string(format_rfc3339(x));
        } else if constexpr (kIsOptional<T>) {
            if (x) {
                value(*x);
            } else {
                out_.null();
            }
        } else if constexpr (kIsVector<T>) {
            out_.begin_array();
            for (const auto& element : x) value(element);
            out_.end_array();
        } else {
            out_.begin_object();
            visit(*this, x);
            out_.end_object();
        }
    }

    std::string take() { return out_.take(); }

private:
    JsonWriter out_;
};

template <class T>
std::string encode_value(const T& x) {
    Encoder encoder;
    encoder.value(x);
    return encoder.take();
}

// ---- in
// --------------------------------------------------------------------------------------------------------------- Walks
// one object; the first fault wins and the rest is skipped.
class Decoder {
public:
    Decoder(const json& object, std::string path, std::optional<Error>& fault)
        : object_(object), path_(std::move(path)), fault_(fault) {}

    template <class T>
    void operator()(std::string_view name, T& member) {
        if (fault_) return;
        const std::string at = path_.empty() ? std::string(name) : path_ + "." + std::string(name);
        const auto found = object_.find(name);
        if (found == object_.end()) return fail(at, "is missing");
        read(*found, at, member);
    }

    template <class T>
    void read(const json& in, const std::string& at, T& out) {
        if constexpr (std::same_as<T, std::string>) {
            if (!in.is_string()) return fail(at, "must be a string");
            out = in.get_ref<const std::string&>();
        } else if constexpr (std::same_as<T, bool>) {
            if (!in.is_boolean()) return fail(at, "must be true or false");
            out = in.get<bool>();
        } else if constexpr (std::is_enum_v<T>) {
            read_word(in, at, out);
        } else if constexpr (std::floating_point<T>) {
            if (!in.is_number()) return fail(at, "must be a number");
            out = in.get<T>();
            if (!std::isfinite(out)) return fail(at, "is out of range");
        } else if constexpr (std::integral<T>) {
            read_integer(in, at, out);
        } else if constexpr (std::same_as<T, Timestamp>) {
            if (!in.is_string()) return fail(at, "must be an RFC 3339 time");
            auto parsed = parse_rfc3339(in.get_ref<const std::string&>());
            if (!parsed.ok()) return fail(at, "must be an RFC 3339 time: " + parsed.error().message);
            out = parsed.value();
        } else if constexpr (kIsOptional<T>) {
            out.reset();
            if (in.is_null()) return;
            read(in, at, out.emplace());
        } else if constexpr (kIsVector<T>) {
            if (!in.is_array()) return fail(at, "must be an array");
            out.clear();
            out.reserve(in.size());
            for (const json& element : in) {
                if (fault_) return;
                const std::string position = at + "[" + std::to_string(out.size()) + "]";
                read(element, position, out.emplace_back());
            }
        } else {
            if (!in.is_object()) return fail(at, "must be an object");
            Decoder inner(in, at, fault_);
            visit(inner, out);
        }
    }

private:
    template <class E>
    void read_word(const json& in, const std::string& at, E& out) {
        constexpr auto& words = Words<E>::kAll;
        if (in.is_string()) {
            for (std::size_t i = 0; i < words.size(); ++i) {
                if (in.get_ref<const std::string&>() == words[i]) {
                    out = static_cast<E>(i);
                    return;
                }
            }
        }
        std::string all;
        for (const std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
        fail(at, "must be one of " + all);
    }

    template <class T>
    void read_integer(const json& in, const std::string& at, T& out) {
        if (in.is_number_unsigned()) {
            const auto wide = in.get<std::uint64_t>();
            if (wide > static_cast<std::uint64_t>(std::numeric_limits<T>::max())) return fail(at, "is out of range");
            out = static_cast<T>(wide);
        } else if (in.is_number_integer()) {  // negative
            const auto wide = in.get<std::int64_t>();
            if constexpr (std::unsigned_integral<T>) {
                return fail(at, "must not be negative");
            } else {
                if (wide < std::numeric_limits<T>::min()) return fail(at, "is out of range");
                out = static_cast<T>(wide);
            }
        } else {
            fail(at, "must be an integer");
        }
    }

    void fail(const std::string& at, std::string_view what) {
        if (fault_) return;
        const std::string name = at.empty() ? "the document" : at;
        fault_ = Error{ErrorCode::InvalidArgument, name + " " + std::string(what), at, {}, {}};
    }

    const json& object_;
    std::string path_;
    std::optional<Error>& fault_;
};

// The parser's callbacks tell where a document breaks; nlohmann's own exception would say it only in prose.
class Checker : public json::json_sax_t {
public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return deeper(); }
    bool key(string_t&) override { return true; }
    bool end_object() override { return shallower(); }
    bool start_array(std::size_t) override { return deeper(); }
    bool end_array() override { return shallower(); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        fault_at = position == 0 ? 0 : position - 1;  // it counts from 1
        return false;
    }
    std::optional<std::size_t> fault_at;
    bool too_deep = false;

private:
    bool deeper() {
        too_deep = ++depth_ > 16;  // the deepest type of the wire has four levels
        return !too_deep;
    }
    bool shallower() {
        --depth_;
        return true;
    }
    int depth_ = 0;
};

template <class T>
Result<T> decode_value(std::string_view text) {
    Checker checker;
    if (!json::sax_parse(text.begin(), text.end(), &checker)) {
        if (checker.too_deep) return Error::make(ErrorCode::InvalidArgument, "the document is nested too deeply");
        return Error{
            ErrorCode::InvalidArgument, "the document is not valid JSON", {}, checker.fault_at.value_or(0), {}};
    }
    const json document = json::parse(text.begin(), text.end(), nullptr, false);
    if (document.is_discarded()) return Error::make(ErrorCode::InvalidArgument, "the document is not valid JSON");
    std::optional<Error> fault;
    T out;
    Decoder decoder(document, "", fault);
    decoder.read(document, "", out);
    if (fault) return *std::move(fault);
    return out;
}

template <class T>
Result<std::shared_ptr<const T>> share(Result<T> decoded) {
    if (!decoded.ok()) return decoded.error();
    return std::make_shared<const T>(std::move(decoded).value());
}

bool parse_decimal(std::string_view text, std::uint64_t& out) {
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    return !text.empty() && end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

}  // namespace

std::string encode(const Hello& x) {
    return encode_value(x);
}
std::string encode(const Health& x) {
    return encode_value(x);
}
std::string encode(const Overview& x) {
    return encode_value(x);
}
std::string encode(const EventTail& x) {
    return encode_value(x);
}
std::string encode(const EventTrace& x) {
    return encode_value(x);
}
std::string encode(const LoadPlan& x) {
    return encode_value(x);
}
std::string encode(const LoadStatus& x) {
    return encode_value(x);
}
std::string encode(const CapacityAsk& x) {
    return encode_value(x);
}
std::string encode(const StoredLoadRun& x) {
    return encode_value(x);
}
std::string encode(const StoredLoadRuns& x) {
    return encode_value(x);
}
std::string encode(const loadgen::RunComparison& x) {
    return encode_value(x);
}

Result<Hello> decode_hello(std::string_view text) {
    return decode_value<Hello>(text);
}
Result<Health> decode_health(std::string_view text) {
    return decode_value<Health>(text);
}
Result<Overview> decode_overview(std::string_view text) {
    return decode_value<Overview>(text);
}
Result<EventTail> decode_event_tail(std::string_view text) {
    return decode_value<EventTail>(text);
}
Result<EventTrace> decode_event_trace(std::string_view text) {
    return decode_value<EventTrace>(text);
}
Result<LoadPlan> decode_load_plan(std::string_view text) {
    return decode_value<LoadPlan>(text);
}
Result<LoadStatus> decode_load_status(std::string_view text) {
    return decode_value<LoadStatus>(text);
}
Result<CapacityAsk> decode_capacity_ask(std::string_view text) {
    return decode_value<CapacityAsk>(text);
}
Result<StoredLoadRuns> decode_load_runs(std::string_view text) {
    return decode_value<StoredLoadRuns>(text);
}
Result<loadgen::RunComparison> decode_run_comparison(std::string_view text) {
    return decode_value<loadgen::RunComparison>(text);
}

std::string to_sse(const LiveMessage& message) {
    std::string out = "id: " + std::to_string(message.epoch) + ":" + std::to_string(message.seq);
    out += message.snapshot ? "\nevent: snapshot\ndata: " : "\nevent: delta\ndata: ";
    if (message.overview) {
        out += encode(*message.overview);
    } else if (message.events) {
        out += encode(*message.events);
    } else if (message.load) {
        out += encode(*message.load);
    }
    out += "\n\n";
    return out;
}

Result<ResumePoint> parse_resume_point(std::string_view id) {
    const std::size_t colon = id.find(':');
    ResumePoint point;
    if (colon == std::string_view::npos || !parse_decimal(id.substr(0, colon), point.epoch) ||
        !parse_decimal(id.substr(colon + 1), point.seq)) {
        return Error{
            ErrorCode::InvalidArgument, "an event id has the form epoch:seq, two decimal numbers", "id", {}, {}};
    }
    return point;
}

Result<LiveMessage> from_sse(Topic topic, std::string_view id, std::string_view event, std::string_view data) {
    const auto point = parse_resume_point(id);
    if (!point.ok()) return point.error();
    if (event != "snapshot" && event != "delta") {
        return Error{ErrorCode::InvalidArgument, "event must be one of snapshot, delta", "event", {}, {}};
    }
    LiveMessage message;
    message.topic = topic;
    message.epoch = point->epoch;
    message.seq = point->seq;
    message.snapshot = event == "snapshot";
    const auto settle = [&](auto shared, auto& member) -> std::optional<Error> {
        if (!shared.ok()) return shared.error();
        member = std::move(shared).value();
        return std::nullopt;
    };
    std::optional<Error> fault;
    switch (topic) {
        case Topic::Overview:
            fault = settle(share(decode_overview(data)), message.overview);
            break;
        case Topic::Events:
            fault = settle(share(decode_event_tail(data)), message.events);
            break;
        case Topic::Load:
            fault = settle(share(decode_load_status(data)), message.load);
            break;
    }
    if (fault) return *std::move(fault);
    return message;
}

std::string_view to_string(Topic topic) {
    switch (topic) {
        case Topic::Overview:
            return "overview";
        case Topic::Events:
            return "events";
        case Topic::Load:
            return "load";
    }
    return "overview";
}

std::optional<Topic> topic_from(std::string_view name) {
    for (const Topic topic : {Topic::Overview, Topic::Events, Topic::Load}) {
        if (name == to_string(topic)) return topic;
    }
    return std::nullopt;
}

}  // namespace streamgauge::api
