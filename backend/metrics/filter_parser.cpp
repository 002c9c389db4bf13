// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/filter_parser.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "event/json_scan.h"

namespace streamgauge {
namespace {

using Kind = FilterNode::Kind;

constexpr std::array<std::string_view, 11> kOperators{
    "=", "!=", "<", "<=", ">", ">=", "contains", "starts_with", "ends_with", "in", "exists"};
constexpr std::array<std::string_view, 8> kWords{"and",    "or",       "not",         "in",
                                                 "exists", "contains", "starts_with", "ends_with"};

constexpr std::string_view kExpectedOperator =
    "expected one of = != < <= > >= contains starts_with ends_with in after the field";
constexpr std::string_view kExpectedComparison = "expected a field, not, exists or (";

bool is_bare(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:@%").find(c) != std::string_view::npos;
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_word(std::string_view text, std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; });
}

bool is_reserved(std::string_view text) {
    return std::any_of(kWords.begin(), kWords.end(), [text](std::string_view word) { return is_word(text, word); });
}

Error fault(std::size_t offset, std::string message) {
    Error error = Error::make(ErrorCode::InvalidArgument, std::move(message));
    error.offset = offset;
    return error;
}

struct Token {
    enum class Kind : std::uint8_t { Bare, Quoted, Sign, Open, Close, Comma, End };
    Kind kind = Kind::End;
    std::size_t offset = 0;
    std::string text;  // without quotes and escapes
};

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    Result<Token> next() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
        Token token;
        token.offset = at_;
        if (at_ == text_.size()) return token;
        const char c = text_[at_];
        if (is_bare(c)) {
            std::size_t end = at_;
            while (end < text_.size() && is_bare(text_[end])) ++end;
            return take(Token::Kind::Bare, end - at_);
        }
        if (c == '"') return quoted();
        if (c == '(') return take(Token::Kind::Open, 1);
        if (c == ')') return take(Token::Kind::Close, 1);
        if (c == ',') return take(Token::Kind::Comma, 1);
        return sign(c);
    }

private:
    Token take(Token::Kind kind, std::size_t size) {
        Token token{kind, at_, std::string(text_.substr(at_, size))};
        at_ += size;
        return token;
    }

    Result<Token> sign(char c) {
        const std::string_view rest = text_.substr(at_);
        if (rest.starts_with("==")) return fault(at_, "write = instead of ==");
        if (rest.starts_with("<>")) return fault(at_, "write != instead of <>");
        if (rest.starts_with("!=") || rest.starts_with("<=") || rest.starts_with(">="))
            return take(Token::Kind::Sign, 2);
        if (c == '=' || c == '<' || c == '>') return take(Token::Kind::Sign, 1);
        switch (c) {
            case '!':
                return fault(at_, "write not instead of !");
            case '&':
                return fault(at_, "write and instead of &");
            case '|':
                return fault(at_, "write or instead of |");
            case '\'':
                return fault(at_, "texts are in double quotes");
            default:
                return fault(at_,
                             "this character is only allowed in double quotes; without them a value has letters, "
                             "digits and _ - . / : @ %");
        }
    }

    // JSON's strings, checked and read by what reads events.
    Result<Token> quoted() {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2U : 1U;
        if (end >= text_.size()) return fault(at_, "the closing double quote is missing");
        ++end;
        const std::string_view piece = text_.substr(at_, end - at_);
        if (const std::optional<JsonFault> found = find_json_fault(piece, 1))
            return fault(at_ + found->offset, found->reason);
        simdjson::dom::parser parser;
        std::string_view value;
        if (parser.parse(piece).get_string().get(value)) return fault(at_, "this is not a text");
        if (value.find('\0') != std::string_view::npos) return fault(at_, "U+0000 is in no event");
        Token token{Token::Kind::Quoted, at_, std::string(value)};
        at_ = end;
        return token;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

// Recursive descent: or_chain := and_chain {or and_chain}; and_chain := factor {and factor};
// factor := not factor | ( or_chain ) | ( ) | exists FIELD | FIELD OPERATOR VALUE | FIELD in ( VALUE {, VALUE} )
class Parser {
public:
    explicit Parser(std::string_view text) : lexer_(text) {}

    Result<FilterNode> parse() {
        if (Status read = advance(); !read) return read.error();
        if (token_.kind == Token::Kind::End) return FilterNode{};
        Result<FilterNode> tree = chain(Kind::Or, 0);
        if (!tree) return tree;
        if (token_.kind == Token::Kind::Close) return fault(token_.offset, "there is no ( for this )");
        if (token_.kind != Token::Kind::End) return fault(token_.offset, "expected and, or, or the end");
        return tree;
    }

private:
    Status advance() {
        Result<Token> next = lexer_.next();
        if (!next) return next.error();
        token_ = std::move(next).value();
        return {};
    }

    bool at_word(std::string_view word) const { return token_.kind == Token::Kind::Bare && is_word(token_.text, word); }

    Status count() {
        if (++nodes_ > kFilterNodes)
            return fault(token_.offset, "a filter has at most " + std::to_string(kFilterNodes) + " parts");
        return {};
    }

    Result<FilterNode> chain(Kind kind, std::size_t depth) {
        const auto part = [&] { return kind == Kind::Or ? chain(Kind::And, depth) : factor(depth); };
        Result<FilterNode> first = part();
        const std::string_view word = kind == Kind::Or ? "or" : "and";
        if (!first || !at_word(word)) return first;
        FilterNode node;
        node.kind = kind;
        if (Status counted = count(); !counted) return counted.error();
        node.children.push_back(std::move(first).value());
        while (at_word(word)) {
            if (Status read = advance(); !read) return read.error();
            Result<FilterNode> next = part();
            if (!next) return next;
            node.children.push_back(std::move(next).value());
        }
        return node;
    }

    Result<FilterNode> factor(std::size_t depth) {
        const bool opens = token_.kind == Token::Kind::Open, negates = at_word("not");
        if (!opens && !negates) return comparison();
        if (depth + 1 >= kFilterDepth)
            return fault(token_.offset, "more than " + std::to_string(kFilterDepth) + " levels");
        const std::size_t begin = token_.offset;
        if (Status read = advance(); !read) return read.error();
        if (negates) {
            if (Status counted = count(); !counted) return counted.error();
            Result<FilterNode> child = factor(depth + 1);
            if (!child) return child;
            FilterNode node;
            node.kind = Kind::Not;
            node.children.push_back(std::move(child).value());
            return node;
        }
        FilterNode everything;
        Result<FilterNode> inner = everything;
        if (token_.kind != Token::Kind::Close) inner = chain(Kind::Or, depth + 1);
        if (!inner) return inner;
        if (token_.kind == Token::Kind::End) return fault(begin, "there is no ) for this (");
        if (token_.kind != Token::Kind::Close) return fault(token_.offset, "expected and, or, or )");
        if (Status read = advance(); !read) return read.error();
        return inner;
    }

    Result<FilterNode> comparison() {
        if (Status counted = count(); !counted) return counted.error();
        FilterNode node;
        node.kind = Kind::Compare;
        if (at_word("exists")) {
            if (Status read = advance(); !read) return read.error();
            node.op = Operator::Exists;
            if (Status read = take_field(node, "expected a field after exists"); !read) return read.error();
            return node;
        }
        if (Status read = take_field(node, kExpectedComparison); !read) return read.error();
        if (Status read = take_operator(node); !read) return read.error();
        if (node.op == Operator::In) {
            if (Status read = take_list(node); !read) return read.error();
            return node;
        }
        if (Status read = take_value(node, "expected a value after the operator"); !read) return read.error();
        return node;
    }

    Status take_field(FilterNode& node, std::string_view expected) {
        const bool bare = token_.kind == Token::Kind::Bare;
        if (!bare && token_.kind != Token::Kind::Quoted) return fault(token_.offset, std::string(expected));
        if (bare && is_reserved(token_.text))
            return fault(token_.offset, std::string(expected) + ", and " + token_.text + " is a word of the language");
        Result<FieldPath> path = parse_field(token_.text);
        if (!path) return fault(token_.offset, path.error().message);
        node.field = std::move(path).value();
        return advance();
    }

    Status take_operator(FilterNode& node) {
        if (token_.kind != Token::Kind::Sign && token_.kind != Token::Kind::Bare)
            return fault(token_.offset, std::string(kExpectedOperator));
        if (at_word("not")) return fault(token_.offset, "not is written before the field");
        for (std::size_t i = 0; i < kOperators.size(); ++i) {
            if (!is_word(token_.text, kOperators[i]) || static_cast<Operator>(i) == Operator::Exists) continue;
            node.op = static_cast<Operator>(i);
            return advance();
        }
        return fault(token_.offset, std::string(kExpectedOperator));
    }

    Status take_list(FilterNode& node) {
        if (token_.kind != Token::Kind::Open) return fault(token_.offset, "expected ( after in");
        const std::size_t begin = token_.offset;
        do {
            if (Status read = advance(); !read) return read;
            if (Status read = take_value(node, "expected a value of the list"); !read) return read;
        } while (token_.kind == Token::Kind::Comma);
        if (token_.kind == Token::Kind::End) return fault(begin, "there is no ) for this (");
        if (token_.kind != Token::Kind::Close) return fault(token_.offset, "expected , or ) in the list");
        return advance();
    }

    Status take_value(FilterNode& node, std::string_view expected) {
        const bool bare = token_.kind == Token::Kind::Bare;
        if (!bare && token_.kind != Token::Kind::Quoted) return fault(token_.offset, std::string(expected));
        if (bare && is_reserved(token_.text))
            return fault(token_.offset,
                         std::string(expected) + "; the word " + token_.text + " is one only in double quotes");
        node.values.push_back(std::move(token_.text));
        return advance();
    }

    Lexer lexer_;
    Token token_;
    std::size_t nodes_ = 0;
};

void append_quoted(std::string& out, std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20) {
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_comparison(std::string& out, const FilterNode& node) {
    if (node.op == Operator::Exists) {
        out += "exists ";
        append_value(out, to_text(node.field));
        return;
    }
    append_value(out, to_text(node.field));
    out += ' ';
    out += to_text(node.op);
    out += ' ';
    if (node.op != Operator::In) {
        append_value(out, node.values.front());
        return;
    }
    out += '(';
    for (std::size_t i = 0; i < node.values.size(); ++i) {
        if (i > 0) out += ", ";
        append_value(out, node.values[i]);
    }
    out += ')';
}

}  // namespace

std::string_view to_text(Operator op) {
    return kOperators[static_cast<std::size_t>(op)];
}

void append_value(std::string& out, std::string_view text) {
    if (!text.empty() && std::all_of(text.begin(), text.end(), is_bare) && !is_reserved(text)) {
        out += text;
    } else {
        append_quoted(out, text);
    }
}

Result<FilterNode> parse_filter(std::string_view text) {
    if (text.size() > kFilterBytes)
        return fault(kFilterBytes, "a filter has at most " + std::to_string(kFilterBytes) + " bytes");
    return Parser(text).parse();
}

void append_filter(std::string& out, const FilterNode& node) {
    const auto inside = [&out](const FilterNode& child) {
        const bool chain = child.kind == Kind::And || child.kind == Kind::Or;
        if (chain) out += '(';
        append_filter(out, child);
        if (chain) out += ')';
    };
    if (node.kind == Kind::Compare) {
        append_comparison(out, node);
    } else if (node.kind == Kind::Not) {
        out += "not ";
        inside(node.children.front());
    } else {
        for (std::size_t i = 0; i < node.children.size(); ++i) {
            if (i > 0) out += node.kind == Kind::And ? " and " : " or ";
            inside(node.children[i]);
        }
    }
}

}  // namespace streamgauge
