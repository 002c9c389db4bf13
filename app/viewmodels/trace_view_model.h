// SPDX-License-Identifier: GPL-3.0-or-later
// "Where is my event?": one event id, and what became of it.
#pragma once

#include <QObject>
#include <QVariantList>

#include <optional>

#include "client/backend_client.h"

namespace streamgauge::viewmodels {

// Whether a text that somebody typed or pasted is most probably an event's id: a UUID, or one word of 12 characters and
// more with a digit in it.
bool looks_like_event_id(const QString& text);

// Lives on: GUI thread. `client` must outlive it.
class TraceViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(bool offered READ offered NOTIFY offeredChanged)  // the backend knows the question
    Q_PROPERTY(bool open READ is_open NOTIFY changed)
    // "asking" (nothing is asked for yet), "loading", "error", "accepted", "rejected", "expired", "unknown".
    Q_PROPERTY(QString phase READ phase NOTIFY changed)
    Q_PROPERTY(QString tone READ tone NOTIFY changed)
    Q_PROPERTY(QString eventId READ event_id NOTIFY changed)
    Q_PROPERTY(QString title READ title NOTIFY changed)
    Q_PROPERTY(QString summary READ summary NOTIFY changed)
    // Of maps with `title` and `rows`, a list of maps with `label`, `value`, `mono`.
    Q_PROPERTY(QVariantList sections READ sections NOTIFY changed)
    // Of maps with `metric`, `window`, `group`, `effect`, `value`, `state`, `tone`, `note`.
    Q_PROPERTY(QVariantList windows READ windows NOTIFY changed)
    Q_PROPERTY(QString windowsNote READ windows_note NOTIFY changed)
    Q_PROPERTY(QStringList lookedAt READ looked_at NOTIFY changed)
    Q_PROPERTY(QStringList hints READ hints NOTIFY changed)
    Q_PROPERTY(QString json READ json NOTIFY changed)  // the whole answer; empty: there is none
public:
    explicit TraceViewModel(client::BackendClient& client, QObject* parent = nullptr);

    bool offered() const;
    bool is_open() const { return open_; }
    QString phase() const;
    QString tone() const;
    QString event_id() const { return event_id_; }
    QString title() const;
    QString summary() const;
    QVariantList sections() const;
    QVariantList windows() const;
    QString windows_note() const;
    QStringList looked_at() const;
    QStringList hints() const;
    QString json() const;

    // Opens the pane, with nothing asked for.
    Q_INVOKABLE void show();
    Q_INVOKABLE void close();
    // Opens the pane and asks for the id, without the spaces around it. Empty: as show().
    Q_INVOKABLE void ask(const QString& event_id);
    Q_INVOKABLE void again() { ask(event_id_); }

Q_SIGNALS:
    void changed();
    void offeredChanged();

private:
    client::BackendClient& client_;
    bool open_ = false, loading_ = false;
    QString event_id_;
    std::uint64_t question_ = 0;  // answers to earlier ones are not shown
    std::optional<api::EventTrace> trace_;
    QString error_;
};

}  // namespace streamgauge::viewmodels
