// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/letter_codec.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "api/json_writer.h"
#include "auth/secrets.h"

namespace streamgauge::api {
namespace {

using nlohmann::json;

Error wrong(const std::string& path, const std::string& what) {
    Error error = Error::make(ErrorCode::InvalidArgument, path.empty() ? what : path + " " + what);
    error.field = path;
    return error;
}

// ---- out ------------------------------------------------------------------------------------------------------------
void write_bytes(JsonWriter& out, std::string_view name, std::string_view bytes) {
    const bool text = valid_utf8(bytes);
    out.key(name).string(text ? std::string(bytes) : auth::base64url(bytes));
    out.key(std::string(name) + "_encoding").string(text ? "utf-8" : "base64url");
}

void write(JsonWriter& out, const Letter& letter, bool whole) {
    const DeadLetter& in = letter.letter;
    out.begin_object().key("id").unsigned_integer(in.id).key("project").string(in.project);
    out.key("state").string(to_string(letter.state)).key("kind").string(letter.kind);
    out.key("received_at").string(format_rfc3339(in.received_at)).key("source").string(in.source);
    out.key("dialect").string(to_string(in.dialect)).key("producer").string(in.producer);
    out.key("reason").string(in.reason).key("field").string(in.field).key("offset").unsigned_integer(in.offset);
    out.key("index").unsigned_integer(in.item).key("event_id").string(in.event_id);
    out.key("bytes").unsigned_integer(letter.bytes).key("raw_cut").boolean(in.raw_cut);
    out.key("resent_at");
    if (letter.state == LetterState::Open)
        out.null();
    else
        out.string(format_rfc3339(letter.resent_at));
    out.key("resent_as");
    if (letter.resent_as == 0)
        out.null();
    else
        out.unsigned_integer(letter.resent_as);
    out.key("was_duplicate").boolean(letter.was_duplicate);
    if (whole) {
        write_bytes(out, "raw", in.raw);
        if (letter.mended)
            write_bytes(out, "mended", *letter.mended);
        else
            out.key("mended").null();
    }
    out.end_object();
}

void write(JsonWriter& out, const ResendResult& result) {
    out.begin_object().key("resent").unsigned_integer(result.resent);
    out.key("duplicates").unsigned_integer(result.duplicates).key("failures").unsigned_integer(result.failures);
    out.key("stopped").boolean(result.stopped).key("failed").begin_array();
    for (const auto& [id, error] : result.failed)
        out.begin_object().key("id").unsigned_integer(id).key("error").string(error).end_object();
    out.end_array().end_object();
}

// ---- in -------------------------------------------------------------------------------------------------------------
// Members of one object; the first fault wins.
class Reader {
public:
    Reader(const json& object, std::string path, std::optional<Error>& fault)
        : object_(object), path_(std::move(path)), fault_(fault) {
        if (!object_.is_object()) fail(path_, "must be an object");
    }

    std::string text(const char* name) {
        const json* value = member(name);
        if (value == nullptr) return {};
        if (!value->is_string()) return fail(at(name), "must be a string"), std::string();
        return value->get<std::string>();
    }
    std::uint64_t number(const char* name) {
        const json* value = member(name);
        if (value == nullptr) return 0;
        if (!value->is_number_unsigned()) return fail(at(name), "must be a whole number"), 0;
        return value->get<std::uint64_t>();
    }
    bool truth(const char* name) {
        const json* value = member(name);
        if (value == nullptr) return false;
        if (!value->is_boolean()) return fail(at(name), "must be true or false"), false;
        return value->get<bool>();
    }
    Timestamp time(const char* name) {
        const std::string value = text(name);
        if (fault_) return {};
        const auto parsed = parse_rfc3339(value);
        if (!parsed.ok()) return fail(at(name), "must be an RFC 3339 time"), Timestamp{};
        return *parsed;
    }
    template <class Find>
    auto word(const char* name, Find find) {
        const std::string value = text(name);
        const auto found = find(value);
        if (!found && !fault_) fail(at(name), "is no word that is known");
        return found;
    }
    std::string bytes(const char* name) {
        std::string value = text(name);
        const std::string encoding = text((std::string(name) + "_encoding").c_str());
        if (fault_ || encoding == "utf-8") return value;
        auto decoded = auth::from_base64url(value);
        if (encoding != "base64url" || !decoded) return fail(at(name), "is in no known encoding"), std::string();
        return *std::move(decoded);
    }
    // The member when it is there and not null; absent is a fault unless `optional`.
    const json* given(const char* name, bool optional = false) {
        if (fault_) return nullptr;
        const auto found = object_.find(name);
        if (found == object_.end()) {
            if (!optional) fail(at(name), "is missing");
            return nullptr;
        }
        return found->is_null() ? nullptr : &*found;
    }
    std::string at(const char* name) const { return path_.empty() ? name : path_ + "." + name; }
    void fail(const std::string& path, const std::string& what) {
        if (!fault_) fault_ = wrong(path, what);
    }

private:
    const json* member(const char* name) {
        const json* value = given(name);
        if (value == nullptr && !fault_) fail(at(name), "must not be null");
        return value;
    }
    const json& object_;
    const std::string path_;
    std::optional<Error>& fault_;
};

Letter read_letter(const json& in, const std::string& path, std::optional<Error>& fault, bool whole) {
    Letter out;
    Reader reader(in, path, fault);
    if (fault) return out;
    DeadLetter& letter = out.letter;
    letter.id = reader.number("id");
    letter.project = reader.text("project");
    out.state = reader.word("state", letter_state_from).value_or(LetterState::Open);
    out.kind = reader.text("kind");
    letter.received_at = reader.time("received_at");
    letter.source = reader.text("source");
    letter.dialect = reader.word("dialect", dialect_from).value_or(Dialect::Generic);
    letter.producer = reader.text("producer");
    letter.reason = reader.text("reason");
    letter.field = reader.text("field");
    letter.offset = reader.number("offset");
    letter.item = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(reader.number("index"), std::numeric_limits<std::uint32_t>::max()));
    letter.event_id = reader.text("event_id");
    out.bytes = reader.number("bytes");
    letter.raw_cut = reader.truth("raw_cut");
    if (reader.given("resent_at") != nullptr) out.resent_at = reader.time("resent_at");
    if (reader.given("resent_as") != nullptr) out.resent_as = reader.number("resent_as");
    out.was_duplicate = reader.truth("was_duplicate");
    if (!whole) return out;
    letter.raw = reader.bytes("raw");
    if (reader.given("mended") != nullptr) out.mended = reader.bytes("mended");
    return out;
}

ResendResult read_result(const json& in, const std::string& path, std::optional<Error>& fault) {
    ResendResult out;
    Reader reader(in, path, fault);
    if (fault) return out;
    out.resent = reader.number("resent");
    out.duplicates = reader.number("duplicates");
    out.failures = reader.number("failures");
    out.stopped = reader.truth("stopped");
    const json* failed = reader.given("failed");
    if (failed == nullptr || !failed->is_array()) return reader.fail(reader.at("failed"), "must be an array"), out;
    for (const json& one : *failed) {
        Reader item(one, reader.at("failed"), fault);
        if (fault) return out;
        const std::uint64_t id = item.number("id");
        out.failed.emplace_back(id, item.text("error"));
    }
    return out;
}

// The whole text by `read`, which leaves its fault in the second argument.
template <class T, class Read>
Result<T> decoded(std::string_view text, Read read) {
    const json document = json::parse(text.begin(), text.end(), nullptr, false);
    if (document.is_discarded()) return wrong({}, "not valid JSON");
    std::optional<Error> fault;
    T out = read(document, fault);
    if (fault) return *std::move(fault);
    return out;
}

const json* array_of(const json& document, const char* name, std::optional<Error>& fault) {
    Reader reader(document, {}, fault);
    if (fault) return nullptr;
    const json* array = reader.given(name);
    if (array == nullptr || !array->is_array()) return reader.fail(name, "must be an array"), nullptr;
    return array;
}

std::optional<Timestamp> read_optional_time(Reader& reader, const char* name) {
    if (reader.given(name, true) == nullptr) return std::nullopt;
    return reader.time(name);
}

void refuse_others(const json& object, const std::string& path, std::initializer_list<std::string_view> known,
                   std::optional<Error>& fault) {
    for (const auto& [name, value] : object.items())
        if (!fault && std::find(known.begin(), known.end(), name) == known.end())
            fault = wrong(path.empty() ? name : path + "." + name, "is not known here");
}

LetterFilter read_filter(const json& in, std::optional<Error>& fault) {
    LetterFilter out;
    Reader reader(in, "filter", fault);
    if (fault) return out;
    refuse_others(in, "filter", {"project", "state", "kind", "reason", "source", "dialect", "event_id", "from", "to"},
                  fault);
    const auto text = [&](const char* name, std::string& into) {
        if (reader.given(name, true) != nullptr) into = reader.text(name);
    };
    text("project", out.project);
    text("kind", out.kind);
    text("reason", out.reason);
    text("source", out.source);
    text("event_id", out.event_id);
    if (reader.given("dialect", true) != nullptr)
        out.dialect = to_string(reader.word("dialect", dialect_from).value_or(Dialect::Generic));
    if (reader.given("state", true) != nullptr) out.state = reader.word("state", letter_state_from);
    out.from = read_optional_time(reader, "from");
    out.to = read_optional_time(reader, "to");
    return out;
}

}  // namespace

std::string encode(const Letter& letter, bool whole) {
    JsonWriter out;
    write(out, letter, whole);
    return out.take();
}

std::string encode(const LetterPage& page) {
    JsonWriter out;
    out.begin_object().key("letters").begin_array();
    for (const Letter& letter : page.letters) write(out, letter, false);
    out.end_array().key("cursor");
    if (page.cursor)
        out.unsigned_integer(*page.cursor);
    else
        out.null();
    out.key("total").unsigned_integer(page.total).end_object();
    return out.take();
}

std::string encode(const std::vector<ReasonCount>& reasons) {
    JsonWriter out;
    out.begin_object().key("reasons").begin_array();
    for (const ReasonCount& one : reasons) {
        out.begin_object().key("project").string(one.project).key("source").string(one.source);
        out.key("kind").string(one.kind).key("open").unsigned_integer(one.open);
        out.key("resending").unsigned_integer(one.resending).key("resent").unsigned_integer(one.resent);
        out.key("bytes").unsigned_integer(one.bytes).key("newest").string(format_rfc3339(one.newest)).end_object();
    }
    out.end_array().end_object();
    return out.take();
}

std::string encode(const ResendResult& result) {
    JsonWriter out;
    write(out, result);
    return out.take();
}

std::string encode(const ResendProgress& progress) {
    JsonWriter out;
    out.begin_object().key("running").boolean(progress.running).key("total").unsigned_integer(progress.total);
    out.key("so_far");
    write(out, progress.so_far);
    out.end_object();
    return out.take();
}

std::string encode(const std::vector<LetterUsage>& usage) {
    JsonWriter out;
    out.begin_object().key("projects").begin_array();
    for (const LetterUsage& one : usage) {
        out.begin_object().key("project").string(one.project).key("open").unsigned_integer(one.open);
        out.key("resending").unsigned_integer(one.resending).key("resent").unsigned_integer(one.resent);
        out.key("bytes").unsigned_integer(one.bytes).key("cap_bytes").unsigned_integer(one.cap_bytes);
        out.key("not_kept").unsigned_integer(one.not_kept).end_object();
    }
    out.end_array().end_object();
    return out.take();
}

std::string encode(const ResendRequest& request) {
    JsonWriter out;
    out.begin_object();
    if (!request.filter) {
        out.key("ids").begin_array();
        for (const std::uint64_t id : request.ids) out.unsigned_integer(id);
        out.end_array();
    } else {
        const LetterFilter& f = *request.filter;
        out.key("filter").begin_object();
        const auto text = [&](std::string_view name, const std::string& value) {
            if (!value.empty()) out.key(name).string(value);
        };
        text("project", f.project);
        text("kind", f.kind);
        text("reason", f.reason);
        text("source", f.source);
        text("dialect", f.dialect);
        text("event_id", f.event_id);
        if (f.state) out.key("state").string(to_string(*f.state));
        if (f.from) out.key("from").string(format_rfc3339(*f.from));
        if (f.to) out.key("to").string(format_rfc3339(*f.to));
        out.end_object();
    }
    out.end_object();
    return out.take();
}

Result<Letter> decode_letter(std::string_view text) {
    return decoded<Letter>(text, [](const json& in, auto& fault) { return read_letter(in, {}, fault, true); });
}

Result<LetterPage> decode_letter_page(std::string_view text) {
    return decoded<LetterPage>(text, [](const json& in, auto& fault) {
        LetterPage page;
        const json* letters = array_of(in, "letters", fault);
        if (letters == nullptr) return page;
        for (const json& one : *letters) page.letters.push_back(read_letter(one, "letters", fault, false));
        Reader reader(in, {}, fault);
        if (reader.given("cursor") != nullptr) page.cursor = reader.number("cursor");
        page.total = reader.number("total");
        return page;
    });
}

Result<std::vector<ReasonCount>> decode_reasons(std::string_view text) {
    return decoded<std::vector<ReasonCount>>(text, [](const json& in, auto& fault) {
        std::vector<ReasonCount> out;
        const json* reasons = array_of(in, "reasons", fault);
        if (reasons == nullptr) return out;
        for (const json& one : *reasons) {
            Reader reader(one, "reasons", fault);
            if (fault) return out;
            ReasonCount count;
            count.project = reader.text("project");
            count.source = reader.text("source");
            count.kind = reader.text("kind");
            count.open = reader.number("open");
            count.resending = reader.number("resending");
            count.resent = reader.number("resent");
            count.bytes = reader.number("bytes");
            count.newest = reader.time("newest");
            out.push_back(std::move(count));
        }
        return out;
    });
}

Result<ResendResult> decode_resend_result(std::string_view text) {
    return decoded<ResendResult>(text, [](const json& in, auto& fault) { return read_result(in, {}, fault); });
}

Result<ResendProgress> decode_resend_progress(std::string_view text) {
    return decoded<ResendProgress>(text, [](const json& in, auto& fault) {
        ResendProgress out;
        Reader reader(in, {}, fault);
        if (fault) return out;
        out.running = reader.truth("running");
        out.total = reader.number("total");
        const json* so_far = reader.given("so_far");
        if (so_far != nullptr) out.so_far = read_result(*so_far, "so_far", fault);
        return out;
    });
}

Result<std::vector<LetterUsage>> decode_letter_usage(std::string_view text) {
    return decoded<std::vector<LetterUsage>>(text, [](const json& in, auto& fault) {
        std::vector<LetterUsage> out;
        const json* projects = array_of(in, "projects", fault);
        if (projects == nullptr) return out;
        for (const json& one : *projects) {
            Reader reader(one, "projects", fault);
            if (fault) return out;
            LetterUsage usage;
            usage.project = reader.text("project");
            usage.open = reader.number("open");
            usage.resending = reader.number("resending");
            usage.resent = reader.number("resent");
            usage.bytes = reader.number("bytes");
            usage.cap_bytes = reader.number("cap_bytes");
            usage.not_kept = reader.number("not_kept");
            out.push_back(std::move(usage));
        }
        return out;
    });
}

Result<ResendRequest> decode_resend_request(std::string_view text) {
    return decoded<ResendRequest>(text, [](const json& in, auto& fault) {
        ResendRequest out;
        Reader reader(in, {}, fault);
        if (fault) return out;
        refuse_others(in, {}, {"ids", "filter"}, fault);
        const json* ids = reader.given("ids", true);
        const json* filter = reader.given("filter", true);
        if (!fault && (ids == nullptr) == (filter == nullptr)) {
            reader.fail("ids", "or filter: one of the two says what to resend");
            return out;
        }
        if (filter != nullptr) out.filter = read_filter(*filter, fault);
        if (ids == nullptr) return out;
        if (!ids->is_array() || ids->empty() || ids->size() > DeadLetterService::kMostIds) {
            reader.fail("ids", "must be an array of 1 to " + std::to_string(DeadLetterService::kMostIds) + " numbers");
            return out;
        }
        for (const json& id : *ids) {
            if (!id.is_number_unsigned() || id.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
                reader.fail("ids", "must be an array of numbers of letters");
                return out;
            }
            out.ids.push_back(id.get<std::uint64_t>());
        }
        return out;
    });
}

}  // namespace streamgauge::api
