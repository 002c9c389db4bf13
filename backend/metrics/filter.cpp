// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/filter.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/time.h"
#include "metrics/decimal.h"
#include "metrics/filter_parser.h"

namespace streamgauge {
namespace {

using Kind = FilterNode::Kind;

enum class Truth : std::uint8_t { No, Yes, Unknown };

Truth truth(bool holds) {
    return holds ? Truth::Yes : Truth::No;
}

std::optional<bool> decided(Truth t) {
    if (t == Truth::Unknown) return std::nullopt;
    return t == Truth::Yes;
}

bool is_everything(const FilterNode& node) {
    return node.kind == Kind::And && node.children.empty();
}

bool is_nothing(const FilterNode& node) {
    return node.kind == Kind::Not && is_everything(node.children.front());
}

FilterNode nothing() {
    FilterNode node;
    node.kind = Kind::Not;
    node.children.emplace_back();
    return node;
}

FilterNode simplified(FilterNode node);

FilterNode simplified_chain(FilterNode chain) {
    const bool all = chain.kind == Kind::And;
    FilterNode out;
    out.kind = chain.kind;
    for (FilterNode& part : chain.children) {
        FilterNode child = simplified(std::move(part));
        if (all ? is_nothing(child) : is_everything(child)) return child;
        if (all ? is_everything(child) : is_nothing(child)) continue;
        if (child.kind == chain.kind) {
            for (FilterNode& inner : child.children) out.children.push_back(std::move(inner));
        } else {
            out.children.push_back(std::move(child));
        }
    }
    if (out.children.empty()) return all ? FilterNode{} : nothing();
    if (out.children.size() > 1) return out;
    FilterNode only = std::move(out.children.front());
    return only;
}

FilterNode simplified(FilterNode node) {
    if (node.kind == Kind::Compare) return node;
    if (node.kind != Kind::Not) return simplified_chain(std::move(node));
    FilterNode child = simplified(std::move(node.children.front()));
    if (is_nothing(child)) return {};
    node.children.front() = std::move(child);
    return node;
}

Error invalid(std::string message) {
    return Error::make(ErrorCode::InvalidArgument, std::move(message));
}

bool is_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos && simdjson::validate_utf8(text.data(), text.size());
}

Status check_comparison(const FilterNode& node) {
    if (!node.children.empty()) return invalid("a comparison of a filter has no parts");
    const bool prop = node.field.field == Field::Prop;
    if (node.field.field > Field::ReceivedAt || prop == node.field.prop.empty() || !is_text(node.field.prop))
        return invalid("a filter compares a field that there cannot be");
    if (node.op > Operator::Exists) return invalid("a filter compares by no operator that there is");
    const std::size_t least = node.op == Operator::Exists ? 0 : 1;
    const std::size_t most = node.op == Operator::In ? kFilterBytes : least;
    if (node.values.size() < least || node.values.size() > most)
        return invalid("the operator " + std::string(to_text(node.op)) + " takes " +
                       (node.op == Operator::In       ? "one or more values"
                        : node.op == Operator::Exists ? "no value"
                                                      : "one value"));
    if (!std::all_of(node.values.begin(), node.values.end(), is_text))
        return invalid("a value of a filter is UTF-8 without U+0000");
    return {};
}

Status check_tree(const FilterNode& node, std::size_t depth, std::size_t& nodes) {
    if (depth > kFilterDepth) return invalid("a filter has at most " + std::to_string(kFilterDepth) + " levels");
    if (++nodes > kFilterNodes) return invalid("a filter has at most " + std::to_string(kFilterNodes) + " parts");
    if (node.kind == Kind::Compare) return check_comparison(node);
    if (node.kind > Kind::Compare) return invalid("a part of a filter is and, or, not or a comparison");
    if (node.kind == Kind::Not && node.children.size() != 1) return invalid("not takes one part of a filter");
    for (const FilterNode& child : node.children)
        if (Status checked = check_tree(child, depth + 1, nodes); !checked) return checked;
    return {};
}

// RFC 3339, a date, or epoch seconds and finer.
std::optional<Timestamp> read_instant(std::string_view text) {
    const Result<Timestamp> time = text.size() == 10 && text.find('-') == 4
                                       ? parse_rfc3339(std::string(text) + "T00:00:00Z")
                                       : parse_rfc3339(text);
    if (time) return *time;
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, number);
    if (failed != std::errc{} || stop != end) return std::nullopt;
    const Result<Timestamp> epoch = timestamp_from_epoch(number);
    if (!epoch) return std::nullopt;
    return *epoch;
}

bool holds(Operator op, std::strong_ordering order) {
    switch (op) {
        case Operator::Less:
            return order < 0;
        case Operator::LessOrEqual:
            return order <= 0;
        case Operator::Greater:
            return order > 0;
        default:
            return order >= 0;
    }
}

}  // namespace

// The tree once more, in the order it is walked in, with literals read. Its views point into `tree`.
struct Filter::Compiled {
    struct Literal {
        std::string_view text;
        std::optional<DecimalText> number;
        std::optional<Timestamp> instant;
    };
    struct Step {
        Kind kind = Kind::And;
        Operator op = Operator::Equal;
        Field field = Field::EventType;
        std::uint32_t value = 0;               // of the field
        std::uint32_t end = 0;                 // the step behind this one's children
        std::uint32_t numbers = 0, texts = 0;  // In: literals that are numbers, in their order; then those of the rest
        std::uint32_t first = 0;               // literal
    };

    FilterNode tree;
    std::vector<FieldPath> fields;
    std::vector<Step> steps;
    std::vector<Literal> literals;

    void compile(const FilterNode& node) {
        const std::size_t at = steps.size();
        steps.emplace_back();
        steps[at].kind = node.kind;
        if (node.kind == Kind::Compare) compile_comparison(node, steps[at]);
        for (const FilterNode& child : node.children) compile(child);
        steps[at].end = static_cast<std::uint32_t>(steps.size());
    }

    void compile_comparison(const FilterNode& node, Step& step) {
        step.op = node.op;
        step.field = node.field.field;
        const auto known = std::find(fields.begin(), fields.end(), node.field);
        step.value = static_cast<std::uint32_t>(known - fields.begin());
        if (known == fields.end()) fields.push_back(node.field);
        step.first = static_cast<std::uint32_t>(literals.size());
        for (const std::string& value : node.values) {
            literals.push_back({value, DecimalText::read(value), {}});
            if (step.field == Field::OccurredAt || step.field == Field::ReceivedAt)
                literals.back().instant = read_instant(value);
        }
        const auto begin = literals.begin() + step.first;
        const auto texts =
            std::partition(begin, literals.end(), [](const Literal& literal) { return literal.number.has_value(); });
        std::sort(begin, texts, [](const Literal& a, const Literal& b) { return *a.number < *b.number; });
        std::sort(texts, literals.end(), [](const Literal& a, const Literal& b) { return a.text < b.text; });
        step.numbers = static_cast<std::uint32_t>(texts - begin);
        step.texts = static_cast<std::uint32_t>(literals.end() - texts);
    }

    bool is_one_of(const Step& step, std::string_view value) const {
        const auto begin = literals.begin() + step.first, texts = begin + step.numbers;
        if (step.numbers > 0) {
            if (const std::optional<DecimalText> number = DecimalText::read(value)) {
                const auto found = std::lower_bound(
                    begin, texts, *number, [](const Literal& l, const DecimalText& n) { return *l.number < n; });
                return found != texts && *found->number == *number;
            }
        }
        const auto end = texts + step.texts;
        const auto found =
            std::lower_bound(texts, end, value, [](const Literal& l, std::string_view v) { return l.text < v; });
        return found != end && found->text == value;
    }

    bool compare(const Step& step, std::string_view value) const {
        if (value.empty()) return false;
        if (step.op == Operator::Exists) return true;
        if (step.op == Operator::In) return is_one_of(step, value);
        const Literal& literal = literals[step.first];
        switch (step.op) {
            case Operator::Equal:
            case Operator::NotEqual: {
                bool equal = value == literal.text;
                if (!equal && literal.number) {
                    const std::optional<DecimalText> number = DecimalText::read(value);
                    equal = number && *number == *literal.number;
                }
                return equal == (step.op == Operator::Equal);
            }
            case Operator::Contains:
                return value.find(literal.text) != std::string_view::npos;
            case Operator::StartsWith:
                return value.starts_with(literal.text);
            case Operator::EndsWith:
                return value.ends_with(literal.text);
            default:
                break;
        }
        if (step.field == Field::OccurredAt || step.field == Field::ReceivedAt) {
            if (!literal.instant) return false;
            const Result<Timestamp> time = parse_rfc3339(value);
            return time && holds(step.op, *time <=> *literal.instant);
        }
        if (!literal.number) return false;
        const std::optional<DecimalText> number = DecimalText::read(value);
        return number && holds(step.op, *number <=> *literal.number);
    }

    // Kleene's logic. `leaf` says what is known of a comparison.
    template <class Leaf>
    Truth evaluate(std::uint32_t at, const Leaf& leaf) const {
        const Step& step = steps[at];
        if (step.kind == Kind::Compare) return leaf(step);
        if (step.kind == Kind::Not) {
            const Truth inner = evaluate(at + 1, leaf);
            return inner == Truth::Unknown ? inner : truth(inner == Truth::No);
        }
        const Truth deciding = truth(step.kind == Kind::Or);
        Truth result = truth(step.kind == Kind::And);
        for (std::uint32_t child = at + 1; child < step.end; child = steps[child].end) {
            const Truth inner = evaluate(child, leaf);
            if (inner == deciding) return deciding;
            if (inner == Truth::Unknown) result = Truth::Unknown;
        }
        return result;
    }
};

Result<Filter> Filter::parse(std::string_view text) {
    Result<FilterNode> tree = parse_filter(text);
    if (!tree) return tree.error();
    Result<Filter> filter = from_tree(std::move(tree).value());
    if (filter) return filter;
    Error error = filter.error();
    error.offset = text.size();  // only known once all of it is read
    return error;
}

Result<Filter> Filter::from_tree(FilterNode tree) {
    std::size_t nodes = 0;
    if (Status checked = check_tree(tree, 1, nodes); !checked) return checked.error();
    auto compiled = std::make_shared<Compiled>();
    compiled->tree = simplified(std::move(tree));
    Filter filter;
    if (is_everything(compiled->tree)) return filter;
    compiled->compile(compiled->tree);
    filter.compiled_ = std::move(compiled);
    if (filter.text().size() > kFilterBytes)
        return invalid("a filter has at most " + std::to_string(kFilterBytes) + " bytes in its normal form");
    return filter;
}

bool Filter::takes_everything() const {
    return compiled_ == nullptr;
}

const FilterNode& Filter::tree() const {
    static const FilterNode everything;
    return compiled_ ? compiled_->tree : everything;
}

std::string Filter::text() const {
    std::string out;
    if (compiled_) append_filter(out, compiled_->tree);
    return out;
}

const std::vector<FieldPath>& Filter::fields() const {
    static const std::vector<FieldPath> none;
    return compiled_ ? compiled_->fields : none;
}

bool Filter::matches(const std::string_view* values) const {
    if (!compiled_) return true;
    return compiled_->evaluate(0, [&](const Compiled::Step& step) {
        return truth(compiled_->compare(step, values[step.value]));
    }) == Truth::Yes;
}

std::optional<bool> Filter::decided_by_type(std::string_view event_type) const {
    if (!compiled_) return true;
    return decided(compiled_->evaluate(0, [&](const Compiled::Step& step) {
        return step.field == Field::EventType ? truth(compiled_->compare(step, event_type)) : Truth::Unknown;
    }));
}

std::optional<bool> Filter::decided_without_props(const std::string_view* values) const {
    if (!compiled_) return true;
    return decided(compiled_->evaluate(0, [&](const Compiled::Step& step) {
        return step.field == Field::Prop ? Truth::Unknown : truth(compiled_->compare(step, values[step.value]));
    }));
}

}  // namespace streamgauge
