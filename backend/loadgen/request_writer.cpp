// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/request_writer.h"

#include <algorithm>
#include <charconv>

#include "loadgen/run_stamp.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::uint64_t kIdsHigh = 3, kIdsLow = 4;  // random streams
constexpr std::string_view kLengthName = "Content-Length: ";
constexpr std::size_t kLengthBytes = kLengthName.size() + 20 + 4;  // number, line break, empty line

bool same_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

const Header* find(const RequestKind& kind, std::string_view name) {
    for (const Header& header : kind.headers)
        if (same_ignoring_case(header.name, name)) return &header;
    return nullptr;
}

bool takes_body(const RequestKind& kind) {
    return !kind.body.empty() || kind.method == "POST" || kind.method == "PUT" || kind.method == "PATCH";
}

// Everything but Content-Length, before fields are looked for in it. The path is compiled apart: text is written
// differently there.
std::string header_lines(const RequestKind& kind, const Url& url, const WriterOptions& options, ConnectionUse use) {
    std::string lines = " HTTP/1.1\r\n";
    if (find(kind, "host") == nullptr) lines += "Host: " + url.authority + "\r\n";
    if (find(kind, "user-agent") == nullptr) lines += "User-Agent: streamgauge-load/" STREAMGAUGE_VERSION "\r\n";
    if (takes_body(kind) && find(kind, "content-type") == nullptr) lines += "Content-Type: application/json\r\n";
    for (const Header& header : kind.headers) lines += header.name + ": " + header.value + "\r\n";
    lines += options.credentials;
    if (use == ConnectionUse::NewEachRequest) lines += "Connection: close\r\n";
    return lines;
}

}  // namespace

Result<RequestWriter> RequestWriter::make(const Scenario& scenario, std::size_t endpoint, const Url& url,
                                          const WriterOptions& options) {
    const RequestKind& kind = scenario.requests[endpoint];
    const std::string at = "requests[" + std::to_string(endpoint) + "]";
    const std::string path = kind.path.empty() ? url.target : kind.path;
    RequestWriter writer;
    writer.batch_ = kind.batch;
    // Credentials are no template: what is in a secret stays as it is.
    WriterOptions without = options;
    without.credentials.clear();
    const std::string lines = header_lines(kind, url, without, scenario.connections);
    if (scenario.recording) {
        if (path.find("{{") != std::string::npos || lines.find("{{") != std::string::npos) {
            Error error = Error::make(ErrorCode::InvalidArgument, "what is recorded has no fields");
            error.field = at + ".path";
            return error;
        }
        writer.recording_ = scenario.recording;
        writer.own_target_ = path;
        writer.lines_ = lines + options.credentials;
        writer.ids_high_.emplace(options.id_salt, kIdsHigh);
        writer.ids_low_.emplace(options.id_salt, kIdsLow);
        for (const RecordedRequest& request : scenario.recording->requests)
            writer.recorded_widest_ = std::max(
                writer.recorded_widest_, request.method.size() + 1 + std::max(request.target.size(), path.size()) +
                                             writer.lines_.size() + kLengthBytes + request.body.size());
        return writer;
    }
    if (writes_events(kind)) {
        if (path.find("{{") != std::string::npos || lines.find("{{") != std::string::npos) {
            Error error = Error::make(ErrorCode::InvalidArgument,
                                      "a request without a body of its own has no fields in its path and headers");
            error.field = at + ".body";
            return error;
        }
        EventOptions events;
        events.batch = kind.batch;
        events.users = scenario.users;
        events.pages = scenario.pages;
        events.seed = scenario.seed;
        events.id_salt = options.id_salt;
        if (scenario.end_to_end.check) events.stamp_stride = stamp_stride(scenario);
        Result<RequestTemplate> made = RequestTemplate::make("POST " + path + lines + options.credentials, events);
        if (!made) return made.error();
        writer.events_ = std::move(made).value();
        return writer;
    }
    const Header* const type = find(kind, "content-type");
    const Place place = type == nullptr || type->value.find("json") != std::string::npos ? Place::Json : Place::Plain;
    std::vector<Part> rest;
    if (Status s =
            writer.compile(scenario, kind.method + " " + path, at + ".path", Place::Target, options, writer.head_);
        !s)
        return s.error();
    if (Status s = writer.compile(scenario, lines, at + ".headers", Place::Header, options, rest); !s) return s.error();
    if (Status s = writer.compile(scenario, kind.body, at + ".body", place, options, writer.body_); !s)
        return s.error();
    std::move(rest.begin(), rest.end(), std::back_inserter(writer.head_));
    writer.head_.push_back({options.credentials, Part::kNone});
    writer.has_length_ = takes_body(kind);
    writer.head_widest_ = writer.widest(writer.head_) + kLengthBytes;
    writer.body_widest_ = writer.widest(writer.body_);
    return writer;
}

Result<std::size_t> RequestWriter::value_of(const Scenario& scenario, std::size_t field, Place place,
                                            const WriterOptions& options) {
    for (std::size_t i = 0; i < values_.size(); ++i)
        if (values_[i].field == field && values_[i].place == place) return i;
    Result<FieldValue> value = FieldValue::make(scenario.fields[field], field, place, scenario.seed, options.id_salt,
                                                options.rows, scenario.feeder.random);
    if (!value) return value.error();
    const std::size_t bytes = value->memory_bytes();
    if (options.memory_left != nullptr && bytes > *options.memory_left) {
        Error error = Error::make(ErrorCode::InvalidArgument, "the fields need more than 512 MiB");
        error.field = "fields." + scenario.fields[field].name;
        return error;
    }
    if (options.memory_left != nullptr) *options.memory_left -= bytes;
    values_.push_back({field, place, std::move(value).value()});
    return values_.size() - 1;
}

Status RequestWriter::compile(const Scenario& scenario, const std::string& text, const std::string& member, Place place,
                              const WriterOptions& options, std::vector<Part>& parts) {
    std::size_t at = 0;
    while (true) {
        const std::size_t open = text.find("{{", at);
        const std::size_t close = open == std::string::npos ? open : text.find("}}", open);
        if (close == std::string::npos) break;
        const std::string_view name(text.data() + open + 2, close - open - 2);
        const auto field = std::find_if(scenario.fields.begin(), scenario.fields.end(),
                                        [&](const GeneratedField& f) { return f.name == name; });
        if (field == scenario.fields.end()) {
            Error error =
                Error::make(ErrorCode::InvalidArgument, "there is no field " + std::string(name.substr(0, 100)));
            error.field = member;
            return error;
        }
        const Result<std::size_t> value =
            value_of(scenario, static_cast<std::size_t>(field - scenario.fields.begin()), place, options);
        if (!value) return value.error();
        parts.push_back({text.substr(at, open - at), *value});
        at = close + 2;
    }
    parts.push_back({text.substr(at), Part::kNone});
    return {};
}

std::size_t RequestWriter::widest(const std::vector<Part>& parts) const {
    std::size_t sum = 0;
    for (const Part& part : parts)
        sum += part.text.size() + (part.value == Part::kNone ? 0 : values_[part.value].value.widest());
    return sum;
}

std::size_t RequestWriter::capacity() const {
    if (events_) return events_->size();
    if (recording_) return recorded_widest_;
    return head_widest_ + batch_ * (body_widest_ + 1) + 2;
}

void RequestWriter::initialise(char* buffer) const {
    if (events_) events_->initialise(buffer);
}

char* RequestWriter::write(const std::vector<Part>& parts, char* out, const EventMoment& moment) {
    for (const Part& part : parts) {
        std::memcpy(out, part.text.data(), part.text.size());
        out += part.text.size();
        if (part.value != Part::kNone) out = values_[part.value].value.write(out, moment);
    }
    return out;
}

std::string_view RequestWriter::fill_recorded(char* buffer, std::uint64_t index, Timestamp now) {
    const RecordedRequest& request = recording_->requests[static_cast<std::size_t>(index)];
    char* out = buffer;
    const auto put = [&out](std::string_view text) {
        std::memcpy(out, text.data(), text.size());
        out += text.size();
    };
    put(request.method);
    *out++ = ' ';
    put(request.target.empty() ? std::string_view(own_target_) : request.target);
    put(lines_);
    if (request.method != "GET") {
        put(kLengthName);
        out = std::to_chars(out, out + 20, request.body.size()).ptr;
        put("\r\n");
    }
    put("\r\n");
    char* const body = out;
    put(request.body);
    std::uint64_t number = request.first_event;
    for (std::uint32_t i = 0; i < request.slots; ++i) {
        const RecordedSlot& slot = recording_->slots[request.first_slot + i];
        if (slot.kind == RecordedSlot::Kind::Id) {
            put_uuid4(body + slot.offset, ids_high_->at(number), ids_low_->at(number));
            ++number;
        } else {
            const std::string_view time = time_text_.text(Timestamp{now.micros - slot.lag_micros});
            std::memcpy(body + slot.offset, time.data(), time.size());
        }
    }
    return {buffer, static_cast<std::size_t>(out - buffer)};
}

std::string_view RequestWriter::fill(char* buffer, std::uint64_t index, Timestamp now, Timestamp planned) {
    if (events_) {
        events_->fill(buffer, index, now, planned);
        return {buffer, events_->size()};
    }
    if (recording_) return fill_recorded(buffer, index, now);
    EventMoment moment{index * batch_, now, planned};
    char* const body = buffer + head_widest_;
    char* out = body;
    if (batch_ > 1) *out++ = '[';
    for (std::uint32_t i = 0; i < batch_; ++i, ++moment.number) {
        if (i > 0) *out++ = ',';
        out = write(body_, out, moment);
    }
    if (batch_ > 1) *out++ = ']';
    moment.number = index * batch_;
    // The head is as long as its values; it is moved to where the body begins.
    char* head = write(head_, buffer, moment);
    if (has_length_) {
        std::memcpy(head, kLengthName.data(), kLengthName.size());
        head = std::to_chars(head + kLengthName.size(), head + kLengthBytes, out - body).ptr;
        *head++ = '\r';
        *head++ = '\n';
    }
    *head++ = '\r';
    *head++ = '\n';
    const auto size = static_cast<std::size_t>(head - buffer);
    char* const begin = body - size;
    std::memmove(begin, buffer, size);
    return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace streamgauge::loadgen
