// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/format.h"

#include <QDateTime>

#include <algorithm>
#include <array>
#include <cmath>

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

// Three significant digits; no decimals from 100 on. Precondition: |value| < 1000 after rounding or no larger unit.
QString digits(double value) {
    const double magnitude = std::abs(value);
    const int decimals = magnitude == 0 || magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : 2;
    if (magnitude < 0.005 && magnitude > 0) return (value < 0 ? u"−"_s : QString()) + u"<0.01"_s;
    QString text = QString::number(magnitude, 'f', decimals);
    return value < 0 ? u"−"_s + text : text;
}

struct Scale {
    double factor;
    const char16_t* prefix;
};

Quantity scaled(double value, const QString& unit) {
    if (!std::isfinite(value)) return {none(), {}};
    static constexpr std::array<Scale, 4> kScales{{{1e12, u"T"}, {1e9, u"G"}, {1e6, u"M"}, {1e3, u"k"}}};
    for (const Scale& scale : kScales) {
        // From 999.5 on it would be written as 1000.
        if (std::abs(value) >= scale.factor * 0.9995) {
            return {digits(value / scale.factor), QString::fromUtf16(scale.prefix) + unit};
        }
    }
    const bool whole = value == std::floor(value);
    return {whole ? QString::number(static_cast<qint64>(value)) : digits(value), unit};
}

QDateTime at(std::int64_t millis) {
    return QDateTime::fromMSecsSinceEpoch(millis);
}

}  // namespace

QString none() {
    return u"–"_s;
}

QString Quantity::text() const {
    if (unit.isEmpty()) return number;
    return number + QChar(kNarrowSpace) + unit;
}

QString grouped(std::uint64_t count) {
    QString text = QString::number(static_cast<qulonglong>(count));
    for (qsizetype at = text.size() - 3; at > 0; at -= 3) text.insert(at, QChar(kNarrowSpace));
    return text;
}

QString grouped_signed(std::int64_t count) {
    if (count == 0) return u"0"_s;
    const std::uint64_t magnitude =
        count < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    return (count < 0 ? u"−"_s : u"+"_s) + grouped(magnitude);
}

QString whole_count(std::uint64_t number) {
    return number < 1'000'000 ? grouped(number) : count(static_cast<double>(number)).text();
}

QString trimmed(const Quantity& quantity) {
    Quantity shorter = quantity;
    if (shorter.number.contains(u'.')) {
        while (shorter.number.endsWith(u'0')) shorter.number.chop(1);
        if (shorter.number.endsWith(u'.')) shorter.number.chop(1);
    }
    return shorter.text();
}

Quantity count(double value) {
    return scaled(value, {});
}

Quantity rate(double per_second) {
    return scaled(per_second, u"/s"_s);
}

Quantity milliseconds(double value) {
    if (!std::isfinite(value)) return {none(), {}};
    if (value >= 999.5) return seconds(value / 1000);
    if (value > 0 && value < 0.9995) return {QString::number(std::llround(std::max(value * 1000, 1.0))), u"µs"_s};
    return {digits(value), u"ms"_s};
}

Quantity seconds(double value) {
    if (!std::isfinite(value)) return {none(), {}};
    if (value >= 7200) return {digits(value / 3600), u"h"_s};
    if (value >= 120) return {digits(value / 60), u"min"_s};
    return {digits(value), u"s"_s};
}

Quantity percent(double fraction) {
    if (!std::isfinite(fraction)) return {none(), {}};
    return {digits(fraction * 100), u"%"_s};
}

Quantity bytes(std::uint64_t value) {
    static constexpr std::array<Scale, 4> kScales{
        {{1099511627776.0, u"TiB"}, {1073741824.0, u"GiB"}, {1048576.0, u"MiB"}, {1024.0, u"KiB"}}};
    const double amount = static_cast<double>(value);
    for (const Scale& scale : kScales) {
        if (amount >= scale.factor) return {digits(amount / scale.factor), QString::fromUtf16(scale.prefix)};
    }
    return {QString::number(static_cast<qulonglong>(value)), u"B"_s};
}

QString estimate(double error) {
    return u"estimate ±"_s + QString::number(error * 100, 'f', 1) + kNarrowSpace + u'%';
}

QString duration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return none();
    const auto total = static_cast<qint64>(seconds);
    const auto part = [](qint64 amount, const QString& unit) {
        return QString(QString::number(amount) + QChar(kNarrowSpace) + unit);
    };
    const auto two = [](const QString& large, qint64 rest, const QString& small) {
        return rest == 0 ? large : QString(large + u" "_s + small);
    };
    if (total < 60) return part(total, u"s"_s);
    if (total < 3600) return two(part(total / 60, u"min"_s), total % 60, part(total % 60, u"s"_s));
    if (total < 86400) return two(part(total / 3600, u"h"_s), total % 3600 / 60, part(total % 3600 / 60, u"min"_s));
    return two(part(total / 86400, u"d"_s), total % 86400 / 3600, part(total % 86400 / 3600, u"h"_s));
}

QString age(double seconds) {
    return seconds < 1 ? u"now"_s : QString(duration(seconds) + u" ago"_s);
}

QString clock_time(std::int64_t epoch_seconds) {
    return at(epoch_seconds * 1000).toString(u"HH:mm:ss"_s);
}

QString clock_time_millis(Timestamp t) {
    return at(floor_to(t, 1000).micros / 1000).toString(u"HH:mm:ss.zzz"_s);
}

QString utc_time(Timestamp t) {
    return QString(at(floor_to(t, 1000).micros / 1000).toUTC().toString(u"yyyy-MM-dd HH:mm:ss.zzz"_s) + u" UTC"_s);
}

}  // namespace streamgauge::viewmodels
