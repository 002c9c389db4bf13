// SPDX-License-Identifier: GPL-3.0-or-later
// What a question about points over time came to: drawn, as a table, and what must be known to read it.
#pragma once

#include <QObject>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "client/backend_client.h"
#include "viewmodels/chart_model.h"
#include "viewmodels/metric_models.h"
#include "viewmodels/rank_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` must outlive it.
class PointsViewModel : public QObject {
    Q_OBJECT
    // "loading", "error", "empty", "data"; what was answered last stays until clear().
    Q_PROPERTY(QString phase READ phase NOTIFY changed)
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)  // why the newest question was not answered
    Q_PROPERTY(QString chartKind READ chart_kind NOTIFY changed)  // "line", "rank" (most frequent values), "none"
    Q_PROPERTY(QObject* chart READ chart NOTIFY changed)
    Q_PROPERTY(bool grouped READ is_grouped NOTIFY changed)
    Q_PROPERTY(QObject* points READ points CONSTANT)
    Q_PROPERTY(QObject* top READ top CONSTANT)
    Q_PROPERTY(QStringList labels READ labels NOTIFY changed)  // what must be known to read the numbers
    Q_PROPERTY(bool asking READ asking NOTIFY changed)
public:
    static constexpr int kSeries = 6;  // groups that are drawn

    explicit PointsViewModel(client::BackendClient& client, QObject* parent = nullptr);

    // Answers to earlier questions are not shown. Of a grouped one with steps first the groups with most over the whole
    // range are asked for, then these over time. `name`: of the one line without groups.
    void ask(query::PointsQuery query, Aggregate aggregate, const QString& name);
    bool asking() const { return asking_; }  // the newest question has not been answered
    // Nothing is shown and no answer waited for: "loading" until the next question is answered.
    void clear();

    QString phase() const;
    QString error_text() const { return error_; }
    QString chart_kind() const;
    ChartModel* chart() { return chart_.get(); }
    bool is_grouped() const { return answer_ && !answer_->group_by.empty(); }
    PointListModel* points() { return &points_; }
    RankModel* top() { return &top_; }
    QStringList labels() const;

Q_SIGNALS:
    void changed();
    void answered();  // the newest question, in whatever way

private:
    using Then = std::function<void(query::PointsAnswer)>;
    void send(query::PointsQuery query, Then then);
    void ask_series(query::PointsQuery query, const query::PointsAnswer& totals);
    void show(query::PointsAnswer answer);
    void draw();

    client::BackendClient& client_;
    PointListModel points_;
    RankModel top_;
    std::unique_ptr<ChartModel> chart_;
    QString name_, error_;
    std::uint64_t question_ = 0;
    bool asking_ = false;
    std::optional<query::PointsAnswer> answer_;
};

}  // namespace streamgauge::viewmodels
