// SPDX-License-Identifier: GPL-3.0-or-later
// The Objectives page: every objective, least budget first, and one of them in detail.
#pragma once

#include <QObject>

#include <cstdint>

#include "base/clock.h"
#include "client/backend_client.h"
#include "viewmodels/objective_detail_view_model.h"
#include "viewmodels/objective_editor_view_model.h"
#include "viewmodels/objective_exchange_view_model.h"
#include "viewmodels/objective_models.h"
#include "viewmodels/objectives_store.h"

namespace streamgauge::viewmodels {

// While active (looked at) and connected it asks for the history of the selected one: at once when something is chosen
// or an alert changes, then every thousandth of the range (2 s to a minute) and so that answering takes at most a fifth
// of the time. Lives on: GUI thread. `client`, `clock` and `store` must outlive it.
class ObjectivesViewModel : public QObject {
    Q_OBJECT
    // "loading", "error", "none" (this backend has no objectives to ask for), "empty", "data".
    Q_PROPERTY(QString phase READ phase NOTIFY changed)
    Q_PROPERTY(QString errorText READ error_text NOTIFY changed)
    Q_PROPERTY(bool stale READ stale NOTIFY changed)
    Q_PROPERTY(QObject* objectives READ objectives CONSTANT)
    Q_PROPERTY(QString filter READ filter WRITE set_filter NOTIFY changed)
    Q_PROPERTY(QString selected READ selected WRITE select NOTIFY changed)
    Q_PROPERTY(QObject* detail READ detail CONSTANT)
    Q_PROPERTY(QObject* editor READ editor CONSTANT)
    Q_PROPERTY(QObject* exchange READ exchange CONSTANT)
    Q_PROPERTY(QString historyError READ history_error NOTIFY changed)  // why the charts are old, or not there
    Q_PROPERTY(int range READ range WRITE set_range NOTIFY changed)     // seconds; 0: the objective's window
    Q_PROPERTY(bool canChange READ can_change NOTIFY changed)           // one is selected
    Q_PROPERTY(QString notice READ notice NOTIFY changed)               // why the last command did not work
    Q_PROPERTY(QString removing READ removing NOTIFY changed)           // whose removal has to be confirmed
public:
    ObjectivesViewModel(client::BackendClient& client, const Clock& clock, ObjectivesStore& store,
                        QObject* parent = nullptr);

    QString phase() const;
    QString error_text() const { return store_.error_text(); }
    bool stale() const { return store_.stale(); }
    bool offered() const { return store_.offered(); }
    void set_active(bool active);
    void set_paused(bool paused);
    ObjectiveListModel* objectives() { return &objectives_; }
    QString filter() const { return filter_; }
    void set_filter(const QString& filter);
    QString selected() const { return selected_; }
    void select(const QString& name);
    ObjectiveDetailViewModel* detail() { return &detail_; }
    ObjectiveEditorViewModel* editor() { return &editor_; }
    ObjectiveExchangeViewModel* exchange() { return &exchange_; }
    QString history_error() const { return history_error_; }
    int range() const { return range_; }
    void set_range(int seconds);
    bool can_change() const { return offered() && store_.find(selected_) != nullptr; }
    QString notice() const { return notice_; }
    QString removing() const { return removing_; }

    Q_INVOKABLE void refresh();
    Q_INVOKABLE void define();  // a new one
    Q_INVOKABLE void change();  // the selected one
    Q_INVOKABLE void askRemove();
    Q_INVOKABLE void keep();
    Q_INVOKABLE void remove();  // what askRemove() asked about

Q_SIGNALS:
    void changed();

private:
    void follow();
    void show();
    void ask_history();
    std::int64_t range_micros() const;

    client::BackendClient& client_;
    const Clock& clock_;
    ObjectivesStore& store_;
    ObjectiveListModel objectives_;
    ObjectiveDetailViewModel detail_;
    ObjectiveEditorViewModel editor_;
    ObjectiveExchangeViewModel exchange_;
    QString filter_, selected_, wanted_, history_error_, notice_, removing_;
    int range_ = 86'400;
    bool active_ = false, paused_ = false, asking_ = false;
    std::uint64_t question_ = 0;                     // answers to earlier ones are not shown
    std::int64_t asked_at_ = 0, next_question_ = 0;  // monotonic
};

}  // namespace streamgauge::viewmodels
