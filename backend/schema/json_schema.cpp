// SPDX-License-Identifier: GPL-3.0-or-later
// The adapter to valijson. Patterns and formats are not left to it: it matches with std::regex, whose time and stack
// grow without bound with what is sent. RE2 takes linear time.
#include "schema/json_schema.h"

#include <re2/re2.h>

#include <nlohmann/json.hpp>
#include <unordered_map>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/constraint_builder.hpp>
#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validation_visitor.hpp>

#include "schema/schema_document.h"

namespace streamgauge::schema {

namespace {

using nlohmann::json;
using valijson::adapters::Adapter;
using valijson::adapters::NlohmannJsonAdapter;

// Under these names the two keywords reach the constraints below, and not valijson's own.
constexpr const char* kPatternKeyword = "x-checked-pattern";
constexpr const char* kFormatKeyword = "x-checked-format";

// What both have to say to valijson.
template <class Own>
class TextConstraint : public valijson::constraints::PolyConstraint {
public:
    bool validate(const Adapter& target, const std::vector<std::string>& context,
                  valijson::ValidationResults* results) const override {
        if (!target.isString()) return true;
        const std::string text = target.asString();
        std::string reason = static_cast<const Own*>(this)->fault_of(text);
        if (reason.empty()) return true;
        if (results != nullptr) results->pushError(context, reason);
        return false;
    }

private:
    valijson::constraints::Constraint* cloneInto(void* memory) const override {
        return new (memory) Own(*static_cast<const Own*>(this));
    }
    size_t sizeOf() const override { return sizeof(Own); }
};

class MatchesPattern final : public TextConstraint<MatchesPattern> {
public:
    explicit MatchesPattern(const std::string& pattern) {
        RE2::Options options(RE2::Quiet);
        options.set_max_mem(1 << 20);
        pattern_ = std::make_shared<const RE2>(pattern, options);
    }
    std::string fault_of(const std::string& text) const {
        if (text.size() > kMatchedBytes) {
            return "is longer than the " + std::to_string(kMatchedBytes) + " bytes that a pattern is tried on";
        }
        return RE2::PartialMatch(text, *pattern_) ? "" : "does not match the pattern " + pattern_->pattern();
    }

private:
    std::shared_ptr<const RE2> pattern_;
};

class HasFormat final : public TextConstraint<HasFormat> {
public:
    explicit HasFormat(std::string format) : format_(std::move(format)) {}
    std::string fault_of(const std::string& text) const {
        return has_format(format_, text) ? "" : "is not of the format " + format_;
    }

private:
    std::string format_;
};

template <class Made>
class Builder final : public valijson::ConstraintBuilder {
public:
    valijson::constraints::Constraint* make(const Adapter& value) const override { return new Made(value.asString()); }
};

// The document in valijson's words.
void rename_keywords(json& schema) {
    if (schema.is_array()) {
        for (json& one : schema) rename_keywords(one);
        return;
    }
    if (!schema.is_object()) return;
    for (const auto& [keyword, own] : {std::pair("pattern", kPatternKeyword), std::pair("format", kFormatKeyword)}) {
        if (const auto found = schema.find(keyword); found != schema.end()) {
            schema[own] = *found;
            schema.erase(keyword);
        }
    }
    for (const char* const one : {"additionalProperties", "additionalItems", "contains", "propertyNames", "not", "if",
                                  "then", "else", "items", "allOf", "anyOf", "oneOf"}) {
        if (const auto found = schema.find(one); found != schema.end()) rename_keywords(*found);
    }
    for (const char* const one : {"properties", "dependencies"}) {
        const auto found = schema.find(one);
        if (found == schema.end()) continue;
        for (auto& [name, value] : found->items()) {
            if (!value.is_array()) rename_keywords(value);
        }
    }
}

// From valijson's context: "<root>", "[amount]", "[0]".
std::string pointer_of(const std::vector<std::string>& context) {
    std::string pointer = "/props";
    for (std::size_t i = 1; i < context.size(); ++i) {
        std::string_view token = context[i];
        if (token.size() >= 2 && token.front() == '[' && token.back() == ']') token = token.substr(1, token.size() - 2);
        append_pointer(pointer, token);
    }
    return pointer;
}

}  // namespace

struct JsonSchema::Compiled {
    json document;
    valijson::Schema schema;

    bool accepts(const json& value, valijson::ValidationResults* results) const {
        std::unordered_map<std::string, std::regex> unused;  // patterns are ours
        const NlohmannJsonAdapter target(value);
        valijson::ValidationVisitor<NlohmannJsonAdapter> visitor(target, {"<root>"}, true, results, unused);
        return visitor.validateSchema(schema);
    }
};

JsonSchema::JsonSchema(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
JsonSchema::~JsonSchema() = default;

const json& JsonSchema::document() const {
    return compiled_->document;
}

Result<std::shared_ptr<const JsonSchema>> JsonSchema::compile(std::string_view text) {
    auto document = read_schema_document(text);
    if (!document.ok()) return document.error();
    auto compiled = std::make_unique<Compiled>();
    compiled->document = std::move(document).value();
    json renamed = compiled->document;
    rename_keywords(renamed);
    try {
        valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
        // The parser owns them.
        parser.addConstraintBuilder(kPatternKeyword, new Builder<MatchesPattern>);
        parser.addConstraintBuilder(kFormatKeyword, new Builder<HasFormat>);
        parser.populateSchema(NlohmannJsonAdapter(renamed), compiled->schema);
    } catch (const std::exception& refused) {
        return Error::make(ErrorCode::InvalidArgument, std::string("the schema cannot be used: ") + refused.what());
    }
    return std::shared_ptr<const JsonSchema>(new JsonSchema(std::move(compiled)));
}

bool JsonSchema::accepts(const json& value) const {
    try {
        json copy = value;
        std::size_t left = kCheckedValues;
        return make_integers(copy, left) && compiled_->accepts(copy, nullptr);
    } catch (const std::exception&) {
        return false;
    }
}

std::optional<SchemaFault> JsonSchema::check(std::string_view props) const {
    json value = json::parse(props.begin(), props.end(), nullptr, false);
    if (value.is_discarded()) return SchemaFault{"/props", "is not valid JSON"};
    try {
        std::size_t left = kCheckedValues;
        if (!make_integers(value, left)) {
            return SchemaFault{"/props",
                               "has more than the " + std::to_string(kCheckedValues) + " values that are checked"};
        }
        if (compiled_->accepts(value, nullptr)) return std::nullopt;
        // Again, and slower, for where and why.
        valijson::ValidationResults results;
        compiled_->accepts(value, &results);
        valijson::ValidationResults::Error first;
        if (!results.popError(first)) return SchemaFault{"/props", "does not follow the schema"};
        return SchemaFault{pointer_of(first.context), std::move(first.description)};
    } catch (const std::exception& failed) {
        return SchemaFault{"/props", std::string("cannot be checked: ") + failed.what()};
    }
}

}  // namespace streamgauge::schema
