// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/objective_models.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "viewmodels/format.h"
#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

bool matches(const api::ObjectiveStatus& status, const QStringList& words) {
    const slo::Objective& objective = status.objective;
    const QString text = text_of(objective.name) + u' ' + text_of(objective.title) + u' ' + text_of(objective.service) +
                         u' ' + word_of(status).word;
    return std::all_of(words.begin(), words.end(),
                       [&](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

QList<qreal> day_of(const api::ObjectiveStatus& status) {
    QList<qreal> day;
    for (const std::optional<double>& left : status.day)
        day.append(left ? std::max(0.0, *left) : std::numeric_limits<double>::quiet_NaN());
    return day;
}

}  // namespace

void ObjectiveListModel::update(const std::vector<api::ObjectiveStatus>& all, const QString& filter) {
    const QStringList words = filter.simplified().split(u' ', Qt::SkipEmptyParts);
    std::vector<api::ObjectiveStatus> rows;
    std::copy_if(all.begin(), all.end(), std::back_inserter(rows),
                 [&](const api::ObjectiveStatus& one) { return matches(one, words); });
    const bool same = std::equal(rows.begin(), rows.end(), rows_.begin(), rows_.end(),
                                 [](const auto& a, const auto& b) { return a.objective.name == b.objective.name; });
    if (same) {
        rows_ = std::move(rows);
        if (!rows_.empty()) Q_EMIT dataChanged(index(0), index(count() - 1));
        return;
    }
    beginResetModel();
    rows_ = std::move(rows);
    endResetModel();
    Q_EMIT countChanged();
}

const api::ObjectiveStatus* ObjectiveListModel::at(int row) const {
    return row >= 0 && row < count() ? &rows_[static_cast<std::size_t>(row)] : nullptr;
}

int ObjectiveListModel::row_of(const QString& name) const {
    const std::string wanted = name.toStdString();
    const auto found =
        std::find_if(rows_.begin(), rows_.end(), [&](const auto& row) { return row.objective.name == wanted; });
    return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

QVariant ObjectiveListModel::data(const QModelIndex& index, int role) const {
    const api::ObjectiveStatus* status = at(index.row());
    if (!status) return {};
    switch (role) {
        case Name:
            return text_of(status->objective.name);
        case Title:
            return title_of(status->objective);
        case Word:
            return word_of(*status).word;
        case Tone:
            return word_of(*status).tone;
        case LeftText:
            return left_of(status->budget.left);
        case Left:
            return std::clamp(status->budget.left.value_or(0), 0.0, 1.0);
        case BurnText:
            return burn_of(status->burn_now);
        case ExhaustionText:
            return exhaustion_of(*status);
        case Day:
            return QVariant::fromValue(day_of(*status));
        default:
            return {};
    }
}

QHash<int, QByteArray> ObjectiveListModel::roleNames() const {
    return {{Name, "name"},
            {Title, "title"},
            {Word, "word"},
            {Tone, "tone"},
            {LeftText, "leftText"},
            {Left, "leftShare"},
            {BurnText, "burnText"},
            {ExhaustionText, "exhaustionText"},
            {Day, "day"}};
}

void AlertRuleModel::update(const api::ObjectiveStatus& status) {
    std::vector<Row> rows;
    for (const slo::RuleState& rule : status.alerts) {
        const StateWord state = word_of(rule.state, rule.rule.severity);
        rows.push_back({rule.rule.severity == slo::Severity::Page ? u"Page"_s : u"Ticket"_s,
                        span_of(rule.rule.long_micros), span_of(rule.rule.short_micros), burn_of(rule.long_burn),
                        burn_of(rule.short_burn), burn_of(rule.rule.factor), state.word, state.tone,
                        sentence_of(status, rule)});
    }
    const bool same = rows.size() == rows_.size();
    if (!same) beginResetModel();
    rows_ = std::move(rows);
    if (!same) {
        endResetModel();
        Q_EMIT countChanged();
    } else if (!rows_.empty()) {
        Q_EMIT dataChanged(index(0), index(count() - 1));
    }
}

QVariant AlertRuleModel::data(const QModelIndex& index, int role) const {
    if (index.row() < 0 || index.row() >= count()) return {};
    const Row& row = rows_[static_cast<std::size_t>(index.row())];
    switch (role) {
        case SeverityText:
            return row.severity;
        case LongText:
            return row.long_text;
        case ShortText:
            return row.short_text;
        case LongBurn:
            return row.long_burn;
        case ShortBurn:
            return row.short_burn;
        case Threshold:
            return row.threshold;
        case State:
            return row.state;
        case Tone:
            return row.tone;
        case Sentence:
            return row.sentence;
        default:
            return {};
    }
}

QHash<int, QByteArray> AlertRuleModel::roleNames() const {
    return {{SeverityText, "severityText"}, {LongText, "longText"},   {ShortText, "shortText"},
            {LongBurn, "longBurn"},         {ShortBurn, "shortBurn"}, {Threshold, "threshold"},
            {State, "stateText"},           {Tone, "tone"},           {Sentence, "sentence"}};
}

void FiringModel::update(const std::vector<api::ObjectiveStatus>& all) {
    std::vector<Row> rows;
    for (const api::ObjectiveStatus& status : all)
        for (const slo::RuleState& rule : status.alerts) {
            if (rule.state != slo::AlertState::Firing) continue;
            rows.push_back({rule.rule.severity == slo::Severity::Page, text_of(status.objective.name),
                            title_of(status.objective),
                            QString(span_of(rule.rule.long_micros) + u": burns "_s + burn_of(rule.long_burn) +
                                    u", limit "_s + burn_of(rule.rule.factor)),
                            rule.since ? clock_time(rule.since->seconds()) : none()});
        }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.page && !b.page; });
    if (rows == rows_) return;
    beginResetModel();
    rows_ = std::move(rows);
    endResetModel();
    Q_EMIT countChanged();
}

int FiringModel::pages() const {
    return static_cast<int>(std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.page; }));
}

QVariant FiringModel::data(const QModelIndex& index, int role) const {
    if (index.row() < 0 || index.row() >= count()) return {};
    const Row& row = rows_[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Name:
            return row.name;
        case Title:
            return row.title;
        case Text:
            return row.text;
        case Tone:
            return row.page ? u"bad"_s : u"warning"_s;
        case Since:
            return row.since;
        default:
            return {};
    }
}

QHash<int, QByteArray> FiringModel::roleNames() const {
    return {{Name, "name"}, {Title, "title"}, {Text, "text"}, {Tone, "tone"}, {Since, "since"}};
}

}  // namespace streamgauge::viewmodels
