// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/filter_completion.h"

#include <algorithm>

#include "metrics/field.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

const QStringList& fields() {
    static const QStringList all{u"event_type"_s,     u"user_id"_s,     u"page_url"_s,   u"session_id"_s,
                                 u"props."_s,         u"event_id"_s,    u"project"_s,    u"bot"_s,
                                 u"schema_version"_s, u"occurred_at"_s, u"received_at"_s};
    return all;
}

const QStringList& operators() {
    static const QStringList all{u"="_s,    u"!="_s, u"contains"_s, u"starts_with"_s, u"ends_with"_s,
                                 u"in ("_s, u"<"_s,  u"<="_s,       u">"_s,           u">="_s};
    return all;
}

enum class Next { Field, Operator, Value, Join };

struct Token {
    QString text;
    int begin = 0;
    bool quoted = false, finished = true;
};

// Up to the end of `text`; the last one may be unfinished.
std::vector<Token> tokens_of(const QString& text) {
    std::vector<Token> all;
    for (int at = 0; at < text.size();) {
        const QChar c = text[at];
        if (c.isSpace()) {
            ++at;
            continue;
        }
        Token token;
        token.begin = at;
        if (c == u'"') {
            token.quoted = true;
            token.finished = false;
            for (++at; at < text.size(); ++at) {
                if (text[at] == u'\\') {
                    ++at;
                } else if (text[at] == u'"') {
                    token.finished = true;
                    ++at;
                    break;
                }
            }
        } else if (u"=!<>"_s.contains(c)) {
            while (at < text.size() && u"=!<>"_s.contains(text[at])) ++at;
        } else if (u"(),"_s.contains(c)) {
            ++at;
        } else {
            while (at < text.size() && !text[at].isSpace() && !u"=!<>(),\""_s.contains(text[at])) ++at;
        }
        at = std::min(at, static_cast<int>(text.size()));
        token.text = text.mid(token.begin, at - token.begin);
        all.push_back(std::move(token));
    }
    return all;
}

bool is_field(const QString& word) {
    return parse_field(word.toStdString()).ok();
}

bool is_word(const QString& text, const QString& word) {
    return text.compare(word, Qt::CaseInsensitive) == 0;
}

}  // namespace

Completions complete_filter(const QString& text, int cursor, const QStringList& event_types) {
    const QString before = text.left(std::clamp(cursor, 0, static_cast<int>(text.size())));
    std::vector<Token> tokens = tokens_of(before);
    Completions out;
    out.from = static_cast<int>(before.size());
    QString word;  // the one that is being typed
    if (!tokens.empty() && !before.back().isSpace()) {
        const Token& last = tokens.back();
        if (!u"(),"_s.contains(last.text)) {
            word = last.text;
            out.from = last.begin;
            tokens.pop_back();
        }
    }
    Next next = Next::Field;
    QString field;
    bool list = false, exists = false;
    for (const Token& token : tokens) {
        const QString& is = token.text;
        switch (next) {
            case Next::Field:
                if (is == u"("_s || is_word(is, u"not"_s)) break;
                if (is_word(is, u"exists"_s)) {
                    exists = true;
                    break;
                }
                field = is;
                next = std::exchange(exists, false) ? Next::Join : Next::Operator;
                break;
            case Next::Operator:
                next = Next::Value;
                list = is_word(is, u"in"_s);
                break;
            case Next::Value:
                if (list && (is == u"("_s || is == u","_s)) break;
                next = Next::Join;
                break;
            case Next::Join:
                if (list && is == u","_s) {
                    next = Next::Value;
                } else if (is == u")"_s) {
                    list = false;
                } else {
                    list = false;
                    next = Next::Field;
                }
                break;
        }
    }
    QStringList candidates;
    switch (next) {
        case Next::Field:
            candidates = fields();
            if (!exists) candidates << u"not"_s << u"exists"_s;
            break;
        case Next::Operator:
            candidates = operators();
            break;
        case Next::Value:
            if (field == u"event_type"_s) candidates = event_types;
            if (field == u"bot"_s) candidates = QStringList{u"true"_s, u"false"_s};
            for (QString& value : candidates) {
                const bool bare = std::all_of(value.begin(), value.end(),
                                              [](QChar c) { return c.isLetterOrNumber() || u"_-./:@%"_s.contains(c); });
                if (!bare) value = u'"' + value.replace(u"\\"_s, u"\\\\"_s).replace(u"\""_s, u"\\\""_s) + u'"';
            }
            break;
        case Next::Join:
            candidates = list ? QStringList{u")"_s} : QStringList{u"and"_s, u"or"_s};
            break;
    }
    for (const QString& candidate : candidates) {
        if (candidate.startsWith(word, Qt::CaseInsensitive) && candidate != word) out.words.append(candidate);
    }
    return out;
}

Completions complete_fields(const QString& text, int cursor) {
    const QString before = text.left(std::clamp(cursor, 0, static_cast<int>(text.size())));
    Completions out;
    out.from = static_cast<int>(std::max(before.lastIndexOf(u','), before.lastIndexOf(u'|'))) + 1;
    while (out.from < before.size() && before[out.from].isSpace()) ++out.from;
    const QString word = before.mid(out.from);
    for (const QString& field : fields())
        if (field.startsWith(word, Qt::CaseInsensitive) && field != word) out.words.append(field);
    return out;
}

bool is_filter(const QString& text) {
    const std::vector<Token> tokens = tokens_of(text);
    if (tokens.empty()) return false;
    const Token& first = tokens.front();
    if (!first.quoted && (is_field(first.text) || first.text == u"("_s || is_word(first.text, u"not"_s) ||
                          is_word(first.text, u"exists"_s) || first.text.startsWith(u"props."_s))) {
        return true;
    }
    return std::any_of(tokens.begin(), tokens.end(),
                       [](const Token& token) { return !token.quoted && u"=!<>"_s.contains(token.text[0]); });
}

std::optional<FilterFault> check_filter(const QString& text) {
    const auto parsed = Filter::parse(text.toStdString());
    if (parsed.ok()) return std::nullopt;
    const QByteArray utf8 = text.toUtf8();
    const auto bytes = static_cast<qsizetype>(
        std::min<std::uint64_t>(parsed.error().offset.value_or(0), static_cast<std::uint64_t>(utf8.size())));
    return FilterFault{QString::fromStdString(parsed.error().message),
                       static_cast<int>(QString::fromUtf8(utf8.left(bytes)).size())};
}

}  // namespace streamgauge::viewmodels
