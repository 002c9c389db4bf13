// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/metric_models.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <limits>

#include "metrics/decimal.h"
#include "metrics/definition_text.h"
#include "query/steps.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

QString value_text(const query::Value& value) {
    if (value.text) return QString::fromStdString(*value.text);
    if (!value.top.empty())
        return grouped(value.top.front().count) + u" × "_s + QString::fromStdString(value.top.front().value);
    if (!value.number) return none();
    const std::int64_t number = *value.number;
    const std::int64_t whole = value.micros ? number / kMicrosPerUnit : number;
    const auto magnitude = whole < 0 ? ~static_cast<std::uint64_t>(whole) + 1 : static_cast<std::uint64_t>(whole);
    QString text = (number < 0 ? u"−"_s : QString()) + grouped(magnitude);
    if (value.micros && number % kMicrosPerUnit != 0) {
        std::string decimal;
        append_decimal_micros(decimal, number);
        text += QString::fromStdString(decimal.substr(decimal.find('.')));
    }
    return value.exact ? text : u"≈ "_s + text;
}

double value_number(const query::Value& value) {
    if (!value.number) return std::numeric_limits<double>::quiet_NaN();
    return static_cast<double>(*value.number) / (value.micros ? static_cast<double>(kMicrosPerUnit) : 1.0);
}

QString group_text(const std::vector<std::string>& group) {
    QStringList parts;
    for (const std::string& part : group) parts.append(part.empty() ? none() : QString::fromStdString(part));
    return parts.join(u", "_s);
}

QString marks_of(const query::Point& point) {
    QStringList marks;
    if (point.open) marks.append(u"open"_s);
    if (point.corrected > 0) marks.append(grouped(point.corrected) + u" late"_s);
    if (!point.value.exact && point.value.relative_error > 0) marks.append(estimate(point.value.relative_error));
    if (point.value.missing_at_most > 0) marks.append(u"others at most "_s + grouped(point.value.missing_at_most));
    if (point.value.saturated) marks.append(u"beyond what can be counted"_s);
    return marks.join(u", "_s);
}

QString step_time(Timestamp start, std::int64_t step_micros) {
    if (start == query::kAllTime.from) return u"since the beginning"_s;
    const QDateTime at = QDateTime::fromMSecsSinceEpoch(start.micros / 1000);
    if (step_micros >= kDayMicros) return QLocale::c().toString(at.toUTC(), u"ddd d MMM"_s);
    return QLocale::c().toString(at, step_micros % kMinuteMicros == 0 ? u"d MMM HH:mm"_s : u"d MMM HH:mm:ss"_s);
}

void MetricListModel::update(std::vector<api::MetricStatus> metrics) {
    const bool same = std::equal(metrics.begin(), metrics.end(), rows_.begin(), rows_.end(),
                                 [](const auto& a, const auto& b) { return a.definition.name == b.definition.name; });
    if (same) {
        rows_ = std::move(metrics);
        if (!rows_.empty()) Q_EMIT dataChanged(index(0), index(count() - 1));
        return;
    }
    beginResetModel();
    rows_ = std::move(metrics);
    endResetModel();
    Q_EMIT countChanged();
}

const api::MetricStatus* MetricListModel::at(int row) const {
    return row >= 0 && row < count() ? &rows_[static_cast<std::size_t>(row)] : nullptr;
}

int MetricListModel::row_of(const QString& name) const {
    const std::string wanted = name.toStdString();
    const auto found =
        std::find_if(rows_.begin(), rows_.end(), [&](const auto& row) { return row.definition.name == wanted; });
    return found == rows_.end() ? -1 : static_cast<int>(found - rows_.begin());
}

bool MetricListModel::is_filling() const {
    return std::any_of(rows_.begin(), rows_.end(), [](const auto& row) { return row.backfill.has_value(); });
}

QVariant MetricListModel::data(const QModelIndex& index, int role) const {
    const api::MetricStatus* status = at(index.row());
    if (!status) return {};
    const MetricDefinition& definition = status->definition;
    const double done =
        status->backfill && status->backfill->end > 0
            ? std::min(1.0, static_cast<double>(status->backfill->next) / static_cast<double>(status->backfill->end))
            : 0;
    switch (role) {
        case Name:
            return QString::fromStdString(definition.name);
        case Detail: {
            QString text = QString::fromStdString(aggregate_text(definition));
            for (std::size_t i = 0; i < definition.group_by.size(); ++i)
                text += (i == 0 ? u" by "_s : u", "_s) + QString::fromStdString(to_text(definition.group_by[i]));
            return text;
        }
        case Filling:
            return status->backfill.has_value();
        case Progress:
            return done;
        case ProgressText:
            if (!status->backfill) return QString();
            if (status->backfill->failure)
                return QString((status->backfill->failed ? u"failed: "_s : u"waits: "_s) +
                               QString::fromStdString(status->backfill->failure->message));
            return QString(u"filling, "_s + percent(done).text() + u", "_s +
                           rate(status->backfill->events_per_second).text());
        case Owner:
            return definition.built_in() ? u"built in"_s : status->from_file ? u"metrics.toml"_s : QString();
        default:
            return {};
    }
}

QHash<int, QByteArray> MetricListModel::roleNames() const {
    return {{Name, "name"},
            {Detail, "detail"},
            {Filling, "filling"},
            {Progress, "progress"},
            {ProgressText, "progressText"},
            {Owner, "owner"}};
}

void PointListModel::set(const query::PointsAnswer& answer) {
    beginResetModel();
    rows_.clear();
    for (const query::Point& point : answer.points)
        rows_.push_back({step_time(point.start, answer.step_micros), group_text(point.group), value_text(point.value),
                         marks_of(point), point.other});
    // The answer goes up in time; rows of one step keep their order.
    std::vector<Row> newest_first;
    newest_first.reserve(rows_.size());
    for (std::size_t end = answer.points.size(); end > 0;) {
        std::size_t begin = end - 1;
        while (begin > 0 && answer.points[begin - 1].start == answer.points[end - 1].start) --begin;
        for (std::size_t i = begin; i < end; ++i) newest_first.push_back(std::move(rows_[i]));
        end = begin;
    }
    rows_ = std::move(newest_first);
    endResetModel();
    Q_EMIT countChanged();
}

QVariant PointListModel::data(const QModelIndex& index, int role) const {
    if (index.row() < 0 || index.row() >= count()) return {};
    const Row& row = rows_[static_cast<std::size_t>(index.row())];
    switch (role) {
        case Time:
            return row.time;
        case Group:
            return row.group;
        case ValueText:
            return row.value;
        case Marks:
            return row.marks;
        case Other:
            return row.other;
        default:
            return {};
    }
}

QHash<int, QByteArray> PointListModel::roleNames() const {
    return {{Time, "time"}, {Group, "group"}, {ValueText, "valueText"}, {Marks, "marks"}, {Other, "other"}};
}

}  // namespace streamgauge::viewmodels
