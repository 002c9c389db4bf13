// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/annotation_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/json_writer.h"
#include "base/limits.h"
#include "schema/schema_document.h"

namespace streamgauge::api {
namespace {

using nlohmann::json;

constexpr std::size_t kDepth = 4;
constexpr std::size_t kKindBytes = 32;
constexpr std::size_t kTextBytes = 500;
constexpr std::size_t kTags = 10;
constexpr std::size_t kTagBytes = 64;

Error wrong(std::string field, std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.field = std::move(field);
    return error;
}

void write_asked(JsonWriter& out, const Annotation& one) {
    out.key("at").string(format_rfc3339(one.at)).key("until");
    if (one.until) {
        out.string(format_rfc3339(*one.until));
    } else {
        out.null();
    }
    out.key("kind").string(one.kind).key("text").string(one.text).key("project").string(one.project);
    out.key("tags").begin_array();
    for (const std::string& tag : one.tags) out.string(tag);
    out.end_array();
}

void write(JsonWriter& out, const Annotation& one) {
    out.begin_object().key("id").string(one.id);
    write_asked(out, one);
    out.key("by").string(one.by).end_object();
}

// What is wrong first is kept; then everything else reads as missing.
class AnnotationReader {
public:
    explicit AnnotationReader(const json& object) : object_(object) {
        if (!object.is_object()) fault_ = wrong("", "an annotation must be an object");
    }

    std::string text(const char* name) {
        const json* const found = find(name);
        if (found == nullptr) return {};
        if (found->is_string()) return found->get<std::string>();
        fail(name, "must be a text");
        return {};
    }
    std::optional<Timestamp> time(const char* name) {
        const json* const found = find(name);
        if (found == nullptr) return std::nullopt;
        Result<Timestamp> read = Error{};
        if (found->is_string()) {
            read = parse_rfc3339(found->get_ref<const std::string&>());
        } else if (found->is_number_integer()) {
            read = timestamp_from_epoch(found->get<std::int64_t>());
        } else if (found->is_number()) {
            read = timestamp_from_epoch(found->get<double>());
        }
        if (read) return *read;
        fail(name, "must be a time in RFC 3339, or seconds or milliseconds since 1970");
        return std::nullopt;
    }
    std::vector<std::string> texts(const char* name) {
        const json* const found = find(name);
        std::vector<std::string> out;
        if (found == nullptr) return out;
        if (!found->is_array()) {
            fail(name, "must be an array of texts");
            return out;
        }
        for (const json& one : *found) {
            if (!one.is_string()) {
                fail(name, "must be an array of texts");
                return out;
            }
            out.push_back(one.get<std::string>());
        }
        return out;
    }
    void know_only(std::initializer_list<std::string_view> names) {
        if (fault_) return;
        for (const auto& [name, value] : object_.items())
            if (std::find(names.begin(), names.end(), name) == names.end()) return fail(name, "is no member here");
    }
    const std::optional<Error>& fault() const { return fault_; }

private:
    const json* find(const char* name) const {
        if (fault_) return nullptr;
        const auto found = object_.find(name);
        return found == object_.end() || found->is_null() ? nullptr : &*found;
    }
    void fail(std::string name, std::string message) {
        if (!fault_) fault_ = wrong(name, name + " " + std::move(message));
    }

    const json& object_;
    std::optional<Error> fault_;
};

Annotation read_members(AnnotationReader& in) {
    Annotation out;
    out.at = in.time("at").value_or(Timestamp{});
    out.until = in.time("until");
    out.kind = in.text("kind");
    out.text = in.text("text");
    out.project = in.text("project");
    out.tags = in.texts("tags");
    return out;
}

Result<Annotation> read_told(const json& object) {
    AnnotationReader in(object);
    Annotation out = read_members(in);
    out.id = in.text("id");
    out.by = in.text("by");
    if (in.fault()) return *in.fault();
    return out;
}

Result<json> parse(std::string_view text, std::size_t depth) {
    if (schema::is_nested_deeper(text, depth)) return wrong("", "the body is nested too deeply");
    json value = json::parse(text, nullptr, false);
    if (value.is_discarded()) return wrong("", "the body is not JSON");
    return value;
}

}  // namespace

std::string encode(const Annotation& annotation) {
    JsonWriter out;
    write(out, annotation);
    return out.take();
}

std::string encode_new(const Annotation& annotation) {
    JsonWriter out;
    out.begin_object();
    write_asked(out, annotation);
    out.end_object();
    return out.take();
}

std::string encode(const std::vector<Annotation>& annotations) {
    JsonWriter out;
    out.begin_object().key("annotations").begin_array();
    for (const Annotation& one : annotations) write(out, one);
    out.end_array().end_object();
    return out.take();
}

Result<Annotation> read_new_annotation(std::string_view text, Timestamp now) {
    const Result<json> document = parse(text, kDepth);
    if (!document) return document.error();
    AnnotationReader in(*document);
    in.know_only({"at", "until", "kind", "text", "project", "tags"});
    const std::optional<Timestamp> at = in.time("at");
    Annotation out = read_members(in);
    if (in.fault()) return *in.fault();
    out.at = at.value_or(now);
    if (out.kind.empty()) out.kind = "note";
    if (Status right = check(out); !right) return right.error();
    return out;
}

Result<Annotation> decode_annotation(std::string_view text) {
    const Result<json> document = parse(text, kDepth);
    if (!document) return document.error();
    return read_told(*document);
}

Result<std::vector<Annotation>> decode_annotations(std::string_view text) {
    const Result<json> document = parse(text, kDepth + 2);
    if (!document) return document.error();
    const auto all = document->is_object() ? document->find("annotations") : document->end();
    if (all == document->end() || !all->is_array()) return wrong("annotations", "annotations must be an array");
    std::vector<Annotation> out;
    for (const json& one : *all) {
        Result<Annotation> read = read_told(one);
        if (!read) return read.error();
        out.push_back(std::move(read).value());
    }
    return out;
}

Status check(const Annotation& one) {
    const auto right_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    if (one.kind.empty() || one.kind.size() > kKindBytes ||
        !std::all_of(one.kind.begin(), one.kind.end(), right_letter))
        return wrong("kind", "kind must be 1 to 32 of a to z and _, such as deploy, fault, load_run, alert or note");
    const auto wrong_text = [](const std::string& text, std::size_t most) {
        return text.empty() || text.size() > most || !valid_utf8(text) || text.find('\0') != std::string::npos;
    };
    if (wrong_text(one.text, kTextBytes)) return wrong("text", "text must be 1 to 500 bytes without U+0000");
    if (!one.project.empty() && wrong_text(one.project, limits::kEventTypeBytes))
        return wrong("project", "project must be the name of a project, or empty for all");
    if (one.until && *one.until < one.at) return wrong("until", "until must not be before at");
    if (one.tags.size() > kTags) return wrong("tags", "there may be 10 tags");
    for (const std::string& tag : one.tags)
        if (wrong_text(tag, kTagBytes)) return wrong("tags", "a tag must be 1 to 64 bytes without U+0000");
    return {};
}

}  // namespace streamgauge::api
