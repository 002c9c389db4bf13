// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/marks_view_model.h"

#include <algorithm>

#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr std::int64_t kUsualMicros = 86'400'000'000;
constexpr std::int64_t kAheadMicros = 60'000'000;  // the server's clock may be ahead of ours
constexpr double kMicros = 1e6;

bool has_tag(const api::Annotation& mark, const char* tag) {
    return std::find(mark.tags.begin(), mark.tags.end(), tag) != mark.tags.end();
}

QString tone_of(const api::Annotation& mark) {
    if (mark.kind == "alert") return has_tag(mark, "resolved") ? u"good"_s : u"bad"_s;
    return mark.kind == "fault" ? u"warning"_s : u"accent"_s;
}

QString label_of(const api::Annotation& mark) {
    if (mark.kind == "load_run") return u"Load run"_s;
    QString label = QString::fromStdString(mark.kind);
    if (!label.isEmpty()) label[0] = label[0].toUpper();
    return label.replace(u'_', u' ');
}

}  // namespace

MarksViewModel::MarksViewModel(client::BackendClient& client, const Clock& clock, QObject* parent)
    : QObject(parent), client_(client), clock_(clock) {
    timer_.setInterval(kInterval);
    connect(&timer_, &QTimer::timeout, this, [this] { ask(); });
    timer_.start();
    connect(&client, &client::BackendClient::stateChanged, this, [this] { refresh(); });
}

void MarksViewModel::refresh() {
    if (client_.state() == client::ConnectionState::Live) ask();
}

void MarksViewModel::ask() {
    if (asking_ || client_.state() != client::ConnectionState::Live || !client_.has_feature("annotations")) return;
    asking_ = true;
    const Timestamp now = clock_.now();
    if (!told_from_) told_from_ = now;
    asked_ = {now.plus_micros(-kUsualMicros), now.plus_micros(kAheadMicros)};
    if (wanted_) {
        asked_.from = std::min(asked_.from, wanted_->from);
        asked_.to = std::max(asked_.to, wanted_->to.plus_micros(kAheadMicros));
    }
    client_.annotations().list_annotations(asked_, this, [this](Result<std::vector<api::Annotation>> found) {
        asking_ = false;
        if (found) take(std::move(found).value());
    });
}

void MarksViewModel::take(std::vector<api::Annotation> found) {
    for (const api::Annotation& mark : found) {
        if (!has_tag(mark, "desktop") || mark.at < *told_from_ || !told_.insert(mark.id).second) continue;
        const bool resolved = has_tag(mark, "resolved");
        const QString name = mark.tags.empty() ? QString() : QString::fromStdString(mark.tags.front());
        Q_EMIT desktopAlert(name + (resolved ? u" is well again"_s : u" burns its budget"_s),
                            QString::fromStdString(mark.text), resolved);
    }
    if (marks_ == found) return;
    marks_ = std::move(found);
    ++revision_;
    Q_EMIT changed();
}

QVariantList MarksViewModel::within(double from, double to) {
    QVariantList out;
    if (!(to > from)) return out;
    const Timestamp begin{static_cast<std::int64_t>(from * kMicros)}, end{static_cast<std::int64_t>(to * kMicros)};
    if (begin < asked_.from || end > asked_.to) {
        if (!wanted_) wanted_ = query::TimeRange{begin, end};
        wanted_->from = std::min(wanted_->from, begin);
        wanted_->to = std::max(wanted_->to, end);
        QMetaObject::invokeMethod(
            this, [this] { refresh(); }, Qt::QueuedConnection);
    }
    for (const api::Annotation& mark : marks_) {
        const Timestamp until = mark.until.value_or(mark.at);
        if (mark.at >= end || until < begin) continue;
        const double first = std::max(static_cast<double>(mark.at.micros) / kMicros, from);
        const double last = std::min(static_cast<double>(until.micros) / kMicros, to);
        const QString time = clock_time(mark.at.seconds());
        out.push_back(QVariantMap{
            {u"position"_s, (first - from) / (to - from)},
            {u"width"_s, std::max(0.0, last - first) / (to - from)},
            {u"kind"_s, QString::fromStdString(mark.kind)},
            {u"tone"_s, tone_of(mark)},
            {u"label"_s, QString(label_of(mark) + u' ' + time)},
            {u"text"_s, QString::fromStdString(mark.text)},
        });
    }
    return out;
}

}  // namespace streamgauge::viewmodels
