// SPDX-License-Identifier: GPL-3.0-or-later
// The Events page: what exactly comes in?
#pragma once

#include <QObject>
#include <QVariantMap>

#include <memory>
#include <optional>
#include <vector>

#include "client/backend_client.h"
#include "viewmodels/tail_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` must outlive it.
class EventsViewModel : public QObject {
    Q_OBJECT
    // "loading", "error", "empty" (nothing matches so far), "data".
    Q_PROPERTY(QString phase READ phase NOTIFY phaseChanged)
    Q_PROPERTY(bool stale READ stale NOTIFY phaseChanged)
    Q_PROPERTY(QObject* tail READ tail CONSTANT)
    // What is typed into the field: an event type, or a filter. Empty: everything.
    Q_PROPERTY(QString filterText READ filter_text WRITE set_filter_text NOTIFY eventTypeChanged)
    Q_PROPERTY(QString eventType READ event_type WRITE set_event_type NOTIFY eventTypeChanged)
    Q_PROPERTY(bool filtered READ filtered NOTIFY eventTypeChanged)
    // Why the text is no filter, and from which character on; what is shown is by the last one that was.
    Q_PROPERTY(QString filterError READ filter_error NOTIFY filterErrorChanged)
    Q_PROPERTY(int filterErrorAt READ filter_error_at NOTIFY filterErrorChanged)
    Q_PROPERTY(bool paused READ paused NOTIFY pausedChanged)
    Q_PROPERTY(QString waitingText READ waiting_text NOTIFY waitingChanged)  // what came during the pause
    Q_PROPERTY(QString skippedText READ skipped_text NOTIFY skippedChanged)  // too many for a screen
    Q_PROPERTY(int selectedRow READ selected_row NOTIFY selectionChanged)    // -1: none, or no longer in the list
    Q_PROPERTY(bool hasSelection READ has_selection NOTIFY selectionChanged)
    Q_PROPERTY(QString selectedTitle READ selected_title NOTIFY selectionChanged)
    Q_PROPERTY(QString selectedJson READ selected_json NOTIFY selectionChanged)
    Q_PROPERTY(QString selectedId READ selected_id NOTIFY selectionChanged)
public:
    explicit EventsViewModel(client::BackendClient& client, QObject* parent = nullptr);

    QString phase() const;
    bool stale() const;
    TailModel* tail() { return &tail_; }
    QString event_type() const { return event_type_; }
    void set_event_type(const QString& type);  // empty: every type; also ends a filter
    QString filter_text() const { return filter_text_; }
    void set_filter_text(const QString& text);
    bool filtered() const { return !event_type_.isEmpty() || !filter_.isEmpty(); }
    QString filter_error() const { return filter_error_; }
    int filter_error_at() const { return filter_error_at_; }
    bool paused() const { return paused_; }
    void set_paused(bool paused);
    QString waiting_text() const;
    QString skipped_text() const;
    int selected_row() const { return selected_row_; }
    bool has_selection() const { return selected_.has_value(); }
    QString selected_title() const;
    QString selected_json() const;
    QString selected_id() const;

    // A map with `from`, the place of the first character that is replaced, and `words`, what may stand there.
    Q_INVOKABLE QVariantMap complete(const QString& text, int cursor, const QStringList& event_types) const;
    Q_INVOKABLE void select(int row);
    Q_INVOKABLE void clearSelection();

Q_SIGNALS:
    void phaseChanged();
    void eventTypeChanged();
    void filterErrorChanged();
    void pausedChanged();
    void waitingChanged();
    void skippedChanged();
    void selectionChanged();

private:
    void show_only(const QString& event_type, const QString& filter);
    void set_filter_error(const QString& error, int at);
    void subscribe();
    void receive(const api::LiveMessage& message);
    void show(std::vector<api::TailEvent> events);

    client::BackendClient& client_;
    TailModel tail_;
    QString filter_text_, event_type_, filter_, filter_error_;
    int filter_error_at_ = -1;
    bool paused_ = false;
    bool began_ = false;  // a snapshot of this filter came
    std::vector<api::TailEvent> waiting_;
    std::uint64_t waiting_lost_ = 0;
    std::uint64_t skipped_ = 0;
    std::optional<api::TailEvent> selected_;
    int selected_row_ = -1;
    std::unique_ptr<client::LiveSubscription> subscription_;
};

}  // namespace streamgauge::viewmodels
