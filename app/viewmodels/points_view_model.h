// SPDX-License-Identifier: GPL-3.0-or-later
// What a question about points over time came to: drawn, as a table, and what must be known to read it.
#pragma once

#include <QObject>
#include <QTimer>

#include <chrono>
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
    // "loading", "cancelled", "error", "empty", "data"; what was answered last stays until clear().
    Q_PROPERTY(QString phase READ phase NOTIFY changed)
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)  // why the newest question was not answered
    Q_PROPERTY(QString chartKind READ chart_kind NOTIFY changed)  // "line", "rank" (most frequent values), "none"
    Q_PROPERTY(QObject* chart READ chart NOTIFY changed)
    Q_PROPERTY(bool grouped READ is_grouped NOTIFY changed)
    Q_PROPERTY(QObject* points READ points CONSTANT)
    Q_PROPERTY(QObject* top READ top CONSTANT)
    Q_PROPERTY(QStringList labels READ labels NOTIFY changed)  // what must be known to read the numbers
    Q_PROPERTY(bool asking READ asking NOTIFY changed)
    Q_PROPERTY(bool cancelled READ cancelled NOTIFY changed)  // and nothing was asked since
    Q_PROPERTY(bool slow READ slow NOTIFY changed)            // asking for so long that a person wonders
    Q_PROPERTY(double progress READ progress NOTIFY changed)  // 0 to 1; below 0: not known
public:
    static constexpr int kSeries = 6;  // groups that are drawn

    explicit PointsViewModel(client::BackendClient& client, QObject* parent = nullptr);

    // Ends earlier questions, on the server too. Of a grouped one with steps first the groups with most over the whole
    // range are asked for, then these over time. `name`: of the one line without groups.
    void ask(query::PointsQuery query, Aggregate aggregate, const QString& name);
    bool asking() const { return under_way_ != nullptr; }  // the newest question has not been answered
    // Ends the question; what was answered before stays.
    Q_INVOKABLE void cancel();
    bool cancelled() const { return cancelled_; }
    // Has whoever asks here ask anew, about the time that is now: Q_EMIT wanted().
    Q_INVOKABLE void again();
    bool slow() const { return slow_; }
    double progress() const { return progress_; }
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
    void wanted();    // the question, once more

private:
    // So long people wait without asking themselves what is the matter.
    static constexpr std::chrono::milliseconds kPatience{300};
    using Then = std::function<void(query::PointsAnswer)>;
    void end();  // of the question that is under way
    void send(query::PointsQuery query, Then then);
    void ask_series(query::PointsQuery query, const query::PointsAnswer& totals);
    void show(query::PointsAnswer answer);
    void draw();

    client::BackendClient& client_;
    PointListModel points_;
    RankModel top_;
    std::unique_ptr<ChartModel> chart_;
    QString name_, error_;
    std::unique_ptr<QObject> under_way_;  // the question goes with it
    QTimer patience_;
    double first_ = 0, width_ = 1;  // the part of the whole that the question under way is
    double progress_ = -1;
    bool slow_ = false, cancelled_ = false;
    std::optional<query::PointsAnswer> answer_;
};

}  // namespace streamgauge::viewmodels
