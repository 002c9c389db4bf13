// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/scenario_form.h"

#include <QRegularExpression>
#include <QStringList>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "loadgen/duration.h"
#include "loadgen/engine.h"
#include "loadgen/scenario_words.h"
#include "viewmodels/load_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;
using namespace loadgen;

namespace {

QString text_of(const std::string& text) {
    return QString::fromStdString(text);
}

QString number_text(double value) {
    return QString::number(value, 'g', 12);
}

// One member of the form: reads `text`, and says what it takes where it cannot.
class Reader {
public:
    Reader(const QString& text, QString& fault) : text_(text.trimmed()), raw_(text), fault_(fault) {}

    bool to(double& out) {
        QString digits = text_;
        digits.remove(QRegularExpression(u"[\\s\u202f]"_s));
        bool known = false;
        const double value = digits.toDouble(&known);
        if (!known || !std::isfinite(value)) return fail(u"must be a number"_s);
        out = value;
        return true;
    }
    template <class Integer>
    bool to_integer(Integer& out) {
        double value = 0;
        if (!to(value) || value != std::floor(value) || std::abs(value) > 9e15 ||
            value < static_cast<double>(std::numeric_limits<Integer>::min()) ||
            value > static_cast<double>(std::numeric_limits<Integer>::max()))
            return fail(u"must be a whole number"_s);
        out = static_cast<Integer>(value);
        return true;
    }
    bool to_duration(double& out) {
        const Result<double> seconds = parse_duration(text_.toStdString());
        if (!seconds.ok()) return fail(u"must be a duration such as 500ms, 30s, 5m"_s);
        out = *seconds;
        return true;
    }
    bool to(std::string& out) {
        out = raw_.toStdString();
        return true;
    }
    template <class Enum>
    bool to_word(Words<Enum> words, Enum& out) {
        for (const auto& [name, meaning] : words) {
            if (QLatin1StringView(name.data(), static_cast<qsizetype>(name.size())) != text_) continue;
            out = meaning;
            return true;
        }
        return fail(u"is not one of the words"_s);
    }
    bool to(bool& out) {
        out = text_ == "true"_L1;
        return true;
    }
    // Nothing is 0.
    bool to_duration_or_none(double& out) {
        if (!text_.isEmpty()) return to_duration(out);
        out = 0;
        return true;
    }
    bool to_micros(std::int64_t& out) {
        double seconds = 0;
        if (!to_duration(seconds)) return false;
        if (seconds > 1e9) return fail(u"is too long"_s);
        out = std::llround(seconds * 1e6);
        return true;
    }
    bool to_share(double& out) {
        QString text = text_;
        const std::optional<double> share =
            parse_share(text.remove(QRegularExpression(u"[\\s\u202f]"_s)).toStdString());
        if (!share) return fail(u"must be a share such as 99.9%"_s);
        out = *share;
        return true;
    }
    bool empty() const { return text_.isEmpty(); }
    bool to_statuses(std::vector<int>& out) {
        std::vector<int> statuses;
        for (const QString& one : text_.split(u',', Qt::SkipEmptyParts)) {
            bool known = false;
            statuses.push_back(one.trimmed().toInt(&known));
            if (!known) return fail(u"must be statuses such as 200, 201"_s);
        }
        out = std::move(statuses);
        return true;
    }
    bool to_texts(std::vector<std::string>& out) {
        out.clear();
        for (const QString& one : text_.split(u',', Qt::SkipEmptyParts)) out.push_back(one.trimmed().toStdString());
        return true;
    }
    bool to_threshold(Threshold& out) {
        const Result<Threshold> threshold = parse_threshold(text_.toStdString());
        if (!threshold.ok()) return fail(text_of(threshold.error().message));
        out = *threshold;
        return true;
    }
    bool fail(const QString& what) {
        fault_ = what;
        return false;
    }

private:
    const QString text_, raw_;
    QString& fault_;
};

bool set_stage(Stage& stage, const QString& member, Reader& in) {
    if (member == "shape"_L1) {
        if (!in.to_word(kShapes, stage.shape)) return false;
        if (stage.shape == Stage::Shape::Steps && stage.steps < 2) stage.steps = 5;
        if (stage.shape == Stage::Shape::Spike && stage.spike_seconds <= 0) stage.spike_seconds = 5;
        if (stage.shape == Stage::Shape::Sine && stage.period_seconds <= 0) stage.period_seconds = 20;
        return true;
    }
    if (member == "name"_L1) return in.to(stage.name);
    if (member == "rate"_L1) return in.to(stage.rate);
    if (member == "to"_L1) return in.to(stage.to);
    if (member == "after"_L1) return in.to(stage.after);
    if (member == "amplitude"_L1) return in.to(stage.amplitude);
    if (member == "steps"_L1) return in.to_integer(stage.steps);
    if (member == "for"_L1) return in.to_duration(stage.seconds);
    if (member == "spike_for"_L1) return in.to_duration(stage.spike_seconds);
    if (member == "after_for"_L1) return in.to_duration(stage.after_seconds);
    if (member == "period"_L1) return in.to_duration(stage.period_seconds);
    return in.fail(u"there is no such member"_s);
}

bool set_header(Header& header, const QString& member, Reader& in) {
    if (member == "name"_L1) return in.to(header.name);
    if (member == "value"_L1) return in.to(header.value);
    return in.fail(u"there is no such member"_s);
}

bool set_request(RequestKind& kind, const QString& member, Reader& in) {
    static const QRegularExpression header_path(u"^headers\\[(\\d+)\\]\\.(\\w+)$"_s);
    if (const auto match = header_path.match(member); match.hasMatch()) {
        const auto row = match.captured(1).toULongLong();
        if (row >= kind.headers.size()) return in.fail(u"there is no such row"_s);
        return set_header(kind.headers[row], match.captured(2), in);
    }
    if (member == "name"_L1) return in.to(kind.name);
    if (member == "weight"_L1) return in.to(kind.weight);
    if (member == "method"_L1) return in.to(kind.method);
    if (member == "path"_L1) return in.to(kind.path);
    if (member == "batch"_L1) return in.to_integer(kind.batch);
    if (member == "expect"_L1) return in.to_statuses(kind.expect);
    if (member == "body"_L1) return in.to(kind.body);
    return in.fail(u"there is no such member"_s);
}

bool set_field(GeneratedField& field, const QString& member, Reader& in) {
    using Kind = GeneratedField::Kind;
    if (member == "name"_L1) return in.to(field.name);
    if (member == "kind"_L1) {
        GeneratedField fresh;
        fresh.name = field.name;
        if (!in.to_word(kFieldKinds, fresh.kind)) return false;
        switch (fresh.kind) {
            case Kind::Sequence:
                fresh.from = 1;
                break;
            case Kind::Integer:
            case Kind::Decimal:
                fresh.from = 1;
                fresh.to = 100;
                break;
            case Kind::Hex:
                fresh.to = 16;
                break;
            case Kind::Zipf:
                fresh.text = field.name + "-";
                fresh.to = 100;
                break;
            case Kind::Choice:
                fresh.values = {"a", "b"};
                break;
            case Kind::Column:
                fresh.text = field.name;
                break;
            default:
                break;
        }
        field = fresh;
        return true;
    }
    if (member == "text"_L1 || member == "prefix"_L1 || member == "column"_L1) return in.to(field.text);
    if (member == "from"_L1) return in.to_integer(field.from);
    if (member == "to"_L1 || member == "length"_L1 || member == "ranks"_L1) return in.to_integer(field.to);
    if (member == "digits"_L1) return in.to_integer(field.digits);
    if (member == "exponent"_L1) return in.to(field.exponent);
    if (member == "values"_L1) {
        field.weights.clear();
        return in.to_texts(field.values);
    }
    return in.fail(u"there is no such member"_s);
}

// Of another kind they begin anew: with a variable, as the secret itself is never in a scenario.
bool set_credentials(Credentials& credentials, const QString& member, Reader& in) {
    if (member == "kind"_L1) {
        Credentials fresh;
        if (!in.to_word(kCredentialKinds, fresh.kind)) return false;
        if (fresh.kind != Credentials::Kind::None) {
            fresh.environment = credentials.environment;
            fresh.file = credentials.file;
            if (fresh.environment.empty() && fresh.file.empty()) fresh.environment = "LOAD_SECRET";
        }
        if (fresh.kind == Credentials::Kind::Basic) fresh.user = "load";
        if (fresh.kind == Credentials::Kind::Header) fresh.header = "X-API-Key";
        if (fresh.kind != credentials.kind) credentials = fresh;
        return true;
    }
    if (member == "header"_L1) return in.to(credentials.header);
    if (member == "user"_L1) return in.to(credentials.user);
    if (member == "environment"_L1) return in.to(credentials.environment);
    if (member == "file"_L1) return in.to(credentials.file);
    return in.fail(u"there is no such member"_s);
}

bool set_tls(TlsChoices& tls, const QString& member, Reader& in) {
    if (member == "verify"_L1) return in.to(tls.verify);
    if (member == "server_name"_L1) return in.to(tls.server_name);
    if (member == "ca_file"_L1) return in.to(tls.ca_file);
    if (member == "certificate_file"_L1) return in.to(tls.certificate_file);
    if (member == "key_file"_L1) return in.to(tls.key_file);
    return in.fail(u"there is no such member"_s);
}

bool set_objective(LabObjective& lab, const QString& member, Reader& in) {
    slo::Objective& objective = lab.objective;
    slo::Indicator& indicator = objective.indicator;
    if (member == "name"_L1) {
        in.to(objective.name);
        if (in.empty()) objective.name = kind_text(indicator.kind);  // as a file that says none
        return true;
    }
    if (member == "kind"_L1) {
        const bool named_so = objective.name == kind_text(indicator.kind);
        if (!in.to_word(kIndicators, indicator.kind)) return false;
        if (named_so) objective.name = kind_text(indicator.kind);
        return true;
    }
    if (member == "target"_L1) return in.to_share(objective.target);
    if (member == "threshold"_L1) {
        std::int64_t micros = 0;
        if (!in.to_micros(micros)) return false;
        indicator.threshold_ms = static_cast<double>(micros) / 1000;
        return true;
    }
    if (member == "request"_L1) return in.to(indicator.route);
    if (member == "limited_is_bad"_L1) return in.to(indicator.limited_is_bad);
    if (member == "window"_L1) return in.to_micros(objective.window.micros);
    if (member == "scaled_to"_L1) return in.to_duration_or_none(lab.scaled_to_seconds);
    if (member == "usual_rate"_L1) {
        if (!in.empty()) return in.to(lab.usual_rate);
        lab.usual_rate = 0;
        return true;
    }
    return in.fail(u"there is no such member"_s);
}

bool set_replay(Replay& replay, const QString& member, Reader& in) {
    // One of the two: what is typed takes the place of the other.
    if (member == "journal"_L1) {
        if (!in.empty()) {
            replay.access_log.clear();
            replay.methods = Replay().methods;
        }
        return in.to(replay.journal);
    }
    if (member == "access_log"_L1) {
        if (!in.empty()) {
            replay.journal.clear();
            replay.project.clear();
            replay.keep_ids = replay.keep_times = false;
        }
        return in.to(replay.access_log);
    }
    if (member == "speed"_L1) return in.to(replay.speed);
    if (member == "from"_L1) return in.to(replay.from);
    if (member == "to"_L1) return in.to(replay.to);
    if (member == "project"_L1) return in.to(replay.project);
    if (member == "keep_ids"_L1) return in.to(replay.keep_ids);
    if (member == "keep_times"_L1) return in.to(replay.keep_times);
    return in.fail(u"there is no such member"_s);
}

bool set_scalar(Scenario& scenario, const QString& member, Reader& in) {
    const auto within = [&](QLatin1StringView section) { return member.startsWith(section); };
    if (within("credentials."_L1)) return set_credentials(scenario.credentials, member.mid(12), in);
    if (within("replay."_L1)) return set_replay(scenario.replay, member.mid(7), in);
    if (within("tls."_L1)) return set_tls(scenario.tls, member.mid(4), in);
    if (within("end_to_end.credentials."_L1))
        return set_credentials(scenario.end_to_end.credentials, member.mid(23), in);
    if (member == "name"_L1) return in.to(scenario.name);
    if (member == "url"_L1) return in.to(scenario.url);
    if (member == "loop"_L1) return in.to_word(kLoops, scenario.closed_loop);
    if (member == "arrivals"_L1) return in.to_word(kSpacings, scenario.spacing);
    if (member == "seed"_L1) return in.to_integer(scenario.seed);
    if (member == "jitter_percent"_L1) return in.to(scenario.jitter_percent);
    if (member == "think"_L1) return in.to_duration(scenario.think_seconds);
    if (member == "think_random"_L1) return in.to(scenario.think_random);
    if (member == "max_in_flight"_L1) return in.to_integer(scenario.max_in_flight);
    if (member == "pipeline"_L1) return in.to_integer(scenario.pipeline);
    if (member == "when_full"_L1) return in.to_word(kWhenFull, scenario.when_full);
    if (member == "connections"_L1) return in.to_word(kConnectionUses, scenario.connections);
    if (member == "timeout"_L1) return in.to_duration(scenario.timeout_seconds);
    if (member == "grace"_L1) return in.to_duration(scenario.grace_seconds);
    if (member == "error_brake"_L1) return in.to(scenario.error_brake);
    if (member == "users"_L1) return in.to_integer(scenario.users);
    if (member == "pages"_L1) return in.to_integer(scenario.pages);
    if (member == "feeder.file"_L1) return in.to(scenario.feeder.file);
    if (member == "feeder.random"_L1) return in.to(scenario.feeder.random);
    if (member == "end_to_end.check"_L1) return in.to(scenario.end_to_end.check);
    if (member == "end_to_end.query_url"_L1) return in.to(scenario.end_to_end.query_url);
    if (member == "end_to_end.settle"_L1) return in.to_duration(scenario.end_to_end.settle_seconds);
    return in.fail(u"there is no such member"_s);
}

QVariantMap arg(const char16_t* key, const char16_t* label, const QString& value, const char16_t* unit = u"") {
    return {{u"key"_s, QString::fromUtf16(key)},
            {u"label"_s, QString::fromUtf16(label)},
            {u"unit"_s, QString::fromUtf16(unit)},
            {u"value"_s, value}};
}

QVariantList stage_args(const Stage& stage, bool closed) {
    const char16_t* const unit = closed ? u"users" : u"/s";
    const char16_t* const rate = closed ? u"Users" : u"Rate";
    QVariantList args;
    using Shape = Stage::Shape;
    if (stage.shape != Shape::Pause)
        args += arg(u"rate", stage.shape == Shape::Ramp || stage.shape == Shape::Steps ? u"From" : rate,
                    number_text(stage.rate), unit);
    if (stage.shape == Shape::Ramp || stage.shape == Shape::Steps)
        args += arg(u"to", u"To", number_text(stage.to), unit);
    if (stage.shape == Shape::Steps) args += arg(u"steps", u"Steps", QString::number(stage.steps));
    if (stage.shape == Shape::Sine) {
        args += arg(u"amplitude", u"± by", number_text(stage.amplitude), unit);
        args += arg(u"period", u"Wave each", duration_text(stage.period_seconds));
    }
    args += arg(u"for", u"For", duration_text(stage.seconds));
    if (stage.shape == Shape::Spike) {
        args += arg(u"to", u"Spike", number_text(stage.to), unit);
        args += arg(u"spike_for", u"For", duration_text(stage.spike_seconds));
        args += arg(u"after", u"Cooldown", number_text(stage.after), unit);
        args += arg(u"after_for", u"For", duration_text(stage.after_seconds));
    }
    return args;
}

QVariantList field_args(const GeneratedField& field) {
    using Kind = GeneratedField::Kind;
    switch (field.kind) {
        case Kind::Constant:
            return {arg(u"text", u"Text", text_of(field.text))};
        case Kind::Sequence:
            return {arg(u"from", u"From", QString::number(field.from))};
        case Kind::Integer:
            return {arg(u"from", u"From", QString::number(field.from)), arg(u"to", u"To", QString::number(field.to))};
        case Kind::Decimal:
            return {arg(u"from", u"From", QString::number(field.from)), arg(u"to", u"To", QString::number(field.to)),
                    arg(u"digits", u"Digits", QString::number(field.digits))};
        case Kind::Choice: {
            QStringList values;
            for (const std::string& value : field.values) values += text_of(value);
            return {arg(u"values", u"One of", values.join(u", "_s))};
        }
        case Kind::Zipf:
            return {arg(u"prefix", u"Prefix", text_of(field.text)), arg(u"ranks", u"Ranks", QString::number(field.to)),
                    arg(u"exponent", u"Exponent", number_text(field.exponent))};
        case Kind::Hex:
            return {arg(u"length", u"Digits", QString::number(field.to))};
        case Kind::Column:
            return {arg(u"column", u"Column", text_of(field.text))};
        default:
            return {};
    }
}

template <class Enum>
QString word(Words<Enum> words, Enum value) {
    const std::string_view text = word_of(words, value);
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

void add_credentials(QVariantMap& members, const QString& section, const Credentials& credentials) {
    members[section + u".kind"_s] = word(kCredentialKinds, credentials.kind);
    members[section + u".header"_s] = text_of(credentials.header);
    members[section + u".user"_s] = text_of(credentials.user);
    members[section + u".environment"_s] = text_of(credentials.environment);
    members[section + u".file"_s] = text_of(credentials.file);
}

// The kind of request whose headers a list's name means: "requests[1].headers".
RequestKind* headers_of(Scenario& scenario, const QString& list) {
    static const QRegularExpression path(u"^requests\\[(\\d+)\\]\\.headers$"_s);
    const auto match = path.match(list);
    const auto row = match.captured(1).toULongLong();
    return match.hasMatch() && row < scenario.requests.size() ? &scenario.requests[row] : nullptr;
}

template <class T>
bool remove_at(std::vector<T>& list, int row) {
    if (row < 0 || row >= static_cast<int>(list.size())) return false;
    list.erase(list.begin() + row);
    return true;
}

}  // namespace

QString duration_text(double seconds) {
    if (seconds >= 172'800 && std::fmod(seconds, 86'400) == 0) return QString::number(seconds / 86'400) + u'd';
    if (seconds >= 60 && std::fmod(seconds, 3600) == 0) return QString::number(seconds / 3600) + u'h';
    if (seconds >= 120 && std::fmod(seconds, 60) == 0) return QString::number(seconds / 60) + u'm';
    if (seconds > 0 && seconds < 1) return QString::number(seconds * 1000, 'g', 12) + u"ms"_s;
    return QString::number(seconds, 'g', 12) + u's';
}

bool set_member(Scenario& scenario, const QString& path, const QString& text, QString& fault) {
    static const QRegularExpression row_path(u"^(\\w+)\\[(\\d+)\\](?:\\.(.+))?$"_s);
    Reader in(text, fault);
    const QRegularExpressionMatch match = row_path.match(path);
    if (!match.hasMatch()) return set_scalar(scenario, path, in);
    const QString list = match.captured(1);
    const auto row = match.captured(2).toULongLong();
    const QString member = match.captured(3);
    if (list == "stages"_L1 && row < scenario.stages.size()) return set_stage(scenario.stages[row], member, in);
    if (list == "requests"_L1 && row < scenario.requests.size()) return set_request(scenario.requests[row], member, in);
    if (list == "fields"_L1 && row < scenario.fields.size()) return set_field(scenario.fields[row], member, in);
    if (list == "thresholds"_L1 && row < scenario.thresholds.size()) return in.to_threshold(scenario.thresholds[row]);
    if (list == "objectives"_L1 && row < scenario.objectives.size())
        return set_objective(scenario.objectives[row], member, in);
    return in.fail(u"there is no such row"_s);
}

namespace {

bool shows_of_row(const Scenario& scenario, const QString& list, std::size_t row, const QString& member) {
    const auto has_arg = [&member](const QVariantList& args) {
        return std::any_of(args.begin(), args.end(),
                           [&](const QVariant& one) { return one.toMap()[u"key"_s].toString() == member; });
    };
    if (list == "stages"_L1)
        return row < scenario.stages.size() &&
               (member == "shape"_L1 || has_arg(stage_args(scenario.stages[row], scenario.closed_loop)));
    if (list == "fields"_L1)
        return row < scenario.fields.size() &&
               (member == "name"_L1 || member == "kind"_L1 || has_arg(field_args(scenario.fields[row])));
    if (list == "objectives"_L1)
        return row < scenario.objectives.size() &&
               (member != "threshold"_L1 ||
                scenario.objectives[row].objective.indicator.kind == slo::Indicator::Kind::Latency);
    return true;
}

bool shows_of_credentials(const Credentials& credentials, const QString& member) {
    using Kind = Credentials::Kind;
    if (member == "user"_L1) return credentials.kind == Kind::Basic;
    if (member == "header"_L1) return credentials.kind == Kind::Header;
    return member == "kind"_L1 || credentials.kind != Kind::None;
}

}  // namespace

bool shows_member(const Scenario& scenario, const QString& member) {
    static const QRegularExpression row_path(u"^(\\w+)\\[(\\d+)\\](?:\\.(.+))?$"_s);
    if (const auto match = row_path.match(member); match.hasMatch())
        return shows_of_row(scenario, match.captured(1), match.captured(2).toULongLong(), match.captured(3));
    if (member == "think"_L1) return scenario.closed_loop;
    if (member == "pipeline"_L1) return !scenario.closed_loop;
    if (member.startsWith("replay."_L1)) return scenario.replays();
    if (member.startsWith("credentials."_L1)) return shows_of_credentials(scenario.credentials, member.mid(12));
    if (!member.startsWith("end_to_end."_L1) || member == "end_to_end.check"_L1) return true;
    if (!scenario.end_to_end.check) return false;
    return !member.startsWith("end_to_end.credentials."_L1) ||
           shows_of_credentials(scenario.end_to_end.credentials, member.mid(23));
}

bool reset_member(Scenario& scenario, const QString& member) {
    if (member == "end_to_end.credentials"_L1) {
        scenario.end_to_end.credentials = Credentials();
        return true;
    }
    const QVariantMap usual = scalar_members(Scenario());
    QString fault;
    return usual.contains(member) && set_member(scenario, member, usual[member].toString(), fault);
}

QVariantMap scalar_members(const Scenario& scenario) {
    QVariantMap members{{u"name"_s, text_of(scenario.name)},
                        {u"url"_s, text_of(scenario.url)},
                        {u"loop"_s, word(kLoops, scenario.closed_loop)},
                        {u"arrivals"_s, word(kSpacings, scenario.spacing)},
                        {u"seed"_s, QString::number(scenario.seed)},
                        {u"jitter_percent"_s, number_text(scenario.jitter_percent)},
                        {u"think"_s, duration_text(scenario.think_seconds)},
                        {u"think_random"_s, scenario.think_random},
                        {u"max_in_flight"_s, QString::number(scenario.max_in_flight)},
                        {u"pipeline"_s, QString::number(scenario.pipeline)},
                        {u"when_full"_s, word(kWhenFull, scenario.when_full)},
                        {u"connections"_s, word(kConnectionUses, scenario.connections)},
                        {u"timeout"_s, duration_text(scenario.timeout_seconds)},
                        {u"grace"_s, duration_text(scenario.grace_seconds)},
                        {u"error_brake"_s, number_text(scenario.error_brake)},
                        {u"users"_s, QString::number(scenario.users)},
                        {u"pages"_s, QString::number(scenario.pages)},
                        {u"feeder.file"_s, text_of(scenario.feeder.file)},
                        {u"feeder.random"_s, scenario.feeder.random},
                        {u"tls.verify"_s, scenario.tls.verify},
                        {u"tls.server_name"_s, text_of(scenario.tls.server_name)},
                        {u"tls.ca_file"_s, text_of(scenario.tls.ca_file)},
                        {u"tls.certificate_file"_s, text_of(scenario.tls.certificate_file)},
                        {u"tls.key_file"_s, text_of(scenario.tls.key_file)},
                        {u"replay.journal"_s, text_of(scenario.replay.journal)},
                        {u"replay.access_log"_s, text_of(scenario.replay.access_log)},
                        {u"replay.speed"_s, number_text(scenario.replay.speed)},
                        {u"replay.from"_s, text_of(scenario.replay.from)},
                        {u"replay.to"_s, text_of(scenario.replay.to)},
                        {u"replay.project"_s, text_of(scenario.replay.project)},
                        {u"replay.keep_ids"_s, scenario.replay.keep_ids},
                        {u"replay.keep_times"_s, scenario.replay.keep_times},
                        {u"end_to_end.check"_s, scenario.end_to_end.check},
                        {u"end_to_end.query_url"_s, text_of(scenario.end_to_end.query_url)},
                        {u"end_to_end.settle"_s, duration_text(scenario.end_to_end.settle_seconds)}};
    add_credentials(members, u"credentials"_s, scenario.credentials);
    add_credentials(members, u"end_to_end.credentials"_s, scenario.end_to_end.credentials);
    return members;
}

namespace {

// Of "fields.user.to": the row of the field, and the word that the form has for the member.
QString field_member(const Scenario& scenario, const QString& field) {
    const QString rest = field.mid(7);
    for (std::size_t i = 0; i < scenario.fields.size(); ++i) {
        const GeneratedField& one = scenario.fields[i];
        const QString name = text_of(one.name), row = u"fields[%1]."_s.arg(i);
        if (rest == name) return row + u"name"_s;
        if (!rest.startsWith(name + u'.')) continue;
        const QString member = rest.mid(name.size() + 1);
        if (member != "to"_L1) return row + member;
        if (one.kind == GeneratedField::Kind::Zipf) return row + u"ranks"_s;
        return row + (one.kind == GeneratedField::Kind::Hex ? u"length"_s : u"to"_s);
    }
    return field;
}

}  // namespace

QString form_member(const Scenario& scenario, const QString& field) {
    static const QRegularExpression path(u"^requests\\[(\\d+)\\]\\.headers\\.(.*)$"_s);
    if (field.startsWith("fields."_L1)) return field_member(scenario, field);
    const auto match = path.match(field);
    const auto row = match.captured(1).toULongLong();
    if (!match.hasMatch() || row >= scenario.requests.size()) return field;
    const std::vector<Header>& headers = scenario.requests[row].headers;
    const std::string name = match.captured(2).toStdString();
    for (std::size_t i = 0; i < headers.size(); ++i) {
        // A name that cannot be one is not repeated in the field.
        const bool nameless = name.empty() && !std::all_of(headers[i].name.begin(), headers[i].name.end(), [](char c) {
                                  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
                              });
        if ((name.empty() && (nameless || headers[i].name.empty())) || (!name.empty() && headers[i].name == name))
            return u"requests[%1].headers[%2].%3"_s.arg(row).arg(i).arg(name.empty() ? u"name"_s : u"value"_s);
    }
    return field;
}

QVariantList stage_rows(const Scenario& scenario) {
    QVariantList rows;
    for (const Stage& stage : scenario.stages)
        rows += QVariantMap{{u"shape"_s, word(kShapes, stage.shape)},
                            {u"name"_s, text_of(stage.name)},
                            {u"args"_s, stage_args(stage, scenario.closed_loop)}};
    return rows;
}

QVariantList field_rows(const Scenario& scenario) {
    QVariantList rows;
    for (const GeneratedField& field : scenario.fields)
        rows += QVariantMap{{u"name"_s, text_of(field.name)},
                            {u"kind"_s, word(kFieldKinds, field.kind)},
                            {u"args"_s, field_args(field)}};
    return rows;
}

QVariantList request_rows(const Scenario& scenario) {
    QVariantList rows;
    for (const RequestKind& kind : scenario.requests) {
        QStringList expect;
        for (const int status : kind.expect) expect += QString::number(status);
        QVariantList headers;
        for (const Header& header : kind.headers)
            headers += QVariantMap{{u"name"_s, text_of(header.name)}, {u"value"_s, text_of(header.value)}};
        rows += QVariantMap{{u"name"_s, text_of(kind.name)},         {u"headers"_s, headers},
                            {u"weight"_s, number_text(kind.weight)}, {u"method"_s, text_of(kind.method)},
                            {u"path"_s, text_of(kind.path)},         {u"batch"_s, QString::number(kind.batch)},
                            {u"expect"_s, expect.join(u", "_s)},     {u"body"_s, text_of(kind.body)}};
    }
    return rows;
}

QVariantList threshold_rows(const Scenario& scenario) {
    QVariantList rows;
    for (const Threshold& threshold : scenario.thresholds)
        rows += QVariantMap{{u"text"_s, text_of(to_text(threshold))}, {u"words"_s, threshold_words(threshold)}};
    return rows;
}

QVariantList objective_rows(const Scenario& scenario) {
    QVariantList rows;
    for (const LabObjective& lab : scenario.objectives) {
        const slo::Objective& objective = lab.objective;
        rows +=
            QVariantMap{{u"name"_s, text_of(objective.name)},
                        {u"kind"_s, word(kIndicators, objective.indicator.kind)},
                        {u"target"_s, text_of(share_text(objective.target))},
                        {u"threshold"_s, duration_text(objective.indicator.threshold_ms / 1000)},
                        {u"request"_s, text_of(objective.indicator.route)},
                        {u"limited_is_bad"_s, objective.indicator.limited_is_bad},
                        {u"window"_s, duration_text(static_cast<double>(objective.window.micros) / 1e6)},
                        {u"scaled_to"_s, lab.scaled_to_seconds > 0 ? duration_text(lab.scaled_to_seconds) : QString()},
                        {u"usual_rate"_s, lab.usual_rate > 0 ? number_text(lab.usual_rate) : QString()},
                        {u"alerts"_s, static_cast<int>(objective.rules.size())}};
    }
    return rows;
}

QString profile_of(const Scenario& scenario) {
    if (scenario.replays()) return u"replay"_s;
    if (scenario.stages.size() != 1) return u"custom"_s;
    const Stage& stage = scenario.stages.front();
    if (stage.shape == Stage::Shape::Constant && stage.name == "soak") return u"soak"_s;
    return stage.shape == Stage::Shape::Pause ? u"custom"_s : word(kShapes, stage.shape);
}

// What a replay cannot have goes; what it needs is there: the journal of the server that runs it.
void choose_replay(Scenario& scenario) {
    if (scenario.replays()) return;
    RequestKind events;
    if (!scenario.requests.empty()) {
        events.name = scenario.requests.front().name;
        events.path = scenario.requests.front().path;
        events.headers = scenario.requests.front().headers;
        events.expect = scenario.requests.front().expect;
    }
    scenario.requests = {std::move(events)};
    scenario.stages.clear();
    scenario.closed_loop = false;
    scenario.jitter_percent = 0;
    scenario.end_to_end.check = false;
    scenario.spacing = Spacing::Recorded;
    scenario.replay.journal = kOwnJournal;
}

void choose_profile(Scenario& scenario, const QString& profile) {
    if (profile == "replay"_L1) return choose_replay(scenario);
    const double before = scenario.stages.empty() ? 0 : std::max(scenario.stages[0].rate, scenario.stages[0].to);
    const double highest = scenario.closed_loop ? double{EngineOptions::kMostConnections} : ArrivalPlan::kHighestRate;
    const double rate = before > 0 ? std::min(before, highest) : scenario.closed_loop ? 10 : 1000;
    const bool several = profile == "custom"_L1 && scenario.replays();  // otherwise they are there
    Stage stage;
    stage.rate = rate;
    if (profile == "ramp"_L1) {
        stage.shape = Stage::Shape::Ramp;
        stage.rate = 0;
        stage.to = rate;
        stage.seconds = 60;
    } else if (profile == "spike"_L1) {
        stage.shape = Stage::Shape::Spike;
        stage.seconds = 10;
        stage.to = std::min(rate * 10, highest);
        stage.spike_seconds = 5;
        stage.after = rate;
        stage.after_seconds = 20;
    } else if (profile == "steps"_L1) {
        stage.shape = Stage::Shape::Steps;
        stage.rate = rate / 5;
        stage.to = rate;
        stage.steps = 5;
        stage.seconds = 50;
    } else if (profile == "soak"_L1) {
        stage.name = "soak";
        stage.seconds = 600;
    } else if (profile == "sine"_L1) {
        stage.shape = Stage::Shape::Sine;
        stage.amplitude = rate / 2;
        stage.period_seconds = 20;
        stage.seconds = 60;
    } else if (profile != "constant"_L1 && !several) {
        return;
    }
    scenario.stages = {stage};
    if (several) scenario.stages.push_back(stage);
    scenario.replay = {};
    if (scenario.spacing == Spacing::Recorded) scenario.spacing = Spacing::Even;
}

namespace {

// One of those of a fresh server that is not there yet; then one with a name of its own.
LabObjective another_objective(const Scenario& scenario) {
    const auto taken = [&](const std::string& name) {
        return std::any_of(scenario.objectives.begin(), scenario.objectives.end(),
                           [&](const LabObjective& one) { return one.objective.name == name; });
    };
    LabObjective next;
    for (const LabObjective& usual : default_lab_objectives()) {
        next = usual;
        if (!taken(usual.objective.name)) return next;
    }
    for (std::size_t i = scenario.objectives.size() + 1;; ++i) {
        next.objective.name = "objective-" + std::to_string(i);
        if (!taken(next.objective.name)) return next;
    }
}

}  // namespace

bool add_row(Scenario& scenario, const QString& list) {
    if (list == "stages"_L1) {
        Stage stage;
        const double last = scenario.stages.empty() ? 0 : scenario.stages.back().rate;
        stage.rate = last > 0 ? last : 100;
        scenario.stages.push_back(stage);
    } else if (list == "requests"_L1) {
        RequestKind kind;
        kind.name = "kind-" + std::to_string(scenario.requests.size() + 1);
        if (!scenario.requests.empty()) kind.method = "GET";
        scenario.requests.push_back(kind);
    } else if (list == "fields"_L1) {
        GeneratedField field;
        field.name = "field" + std::to_string(scenario.fields.size() + 1);
        field.kind = GeneratedField::Kind::Integer;
        field.from = 1;
        field.to = 100;
        scenario.fields.push_back(field);
    } else if (list == "thresholds"_L1) {
        Threshold threshold;
        threshold.percentile = 95;
        threshold.value = 300;
        scenario.thresholds.push_back(threshold);
    } else if (list == "objectives"_L1) {
        scenario.objectives.push_back(another_objective(scenario));
    } else if (list == "objectives.default"_L1) {
        scenario.objectives = default_lab_objectives();
    } else if (RequestKind* const kind = headers_of(scenario, list)) {
        kind->headers.push_back({"X-Header-" + std::to_string(kind->headers.size() + 1), ""});
    } else {
        return false;
    }
    return true;
}

bool remove_row(Scenario& scenario, const QString& list, int row) {
    if (list == "stages"_L1) return scenario.stages.size() > 1 && remove_at(scenario.stages, row);
    if (list == "requests"_L1) return scenario.requests.size() > 1 && remove_at(scenario.requests, row);
    if (list == "fields"_L1) return remove_at(scenario.fields, row);
    if (list == "thresholds"_L1) return remove_at(scenario.thresholds, row);
    if (list == "objectives"_L1) return remove_at(scenario.objectives, row);
    if (RequestKind* const kind = headers_of(scenario, list)) return remove_at(kind->headers, row);
    return false;
}

}  // namespace streamgauge::viewmodels
