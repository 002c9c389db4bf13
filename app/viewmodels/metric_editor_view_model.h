// SPDX-License-Identifier: GPL-3.0-or-later
// The editor of the Metrics page: the form of one definition, what is wrong with it, and what it would show.
#pragma once

#include <QObject>
#include <QSet>
#include <QTimer>
#include <QVariantMap>

#include <optional>

#include "base/clock.h"
#include "client/backend_client.h"
#include "viewmodels/metric_form.h"
#include "viewmodels/metric_models.h"
#include "viewmodels/points_view_model.h"

namespace streamgauge::viewmodels {

// While it is open each text is read as it is typed; when typing rests the server is asked whether it would take the
// definition, and what it would have shown lately: one question over stored events at a time. Lives on: GUI thread.
// `client`, `clock` and `metrics` must outlive it.
class MetricEditorViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(bool open READ is_open NOTIFY changed)
    Q_PROPERTY(bool existing READ existing NOTIFY changed)  // one is changed: its name stays
    Q_PROPERTY(QString title READ title NOTIFY changed)
    Q_PROPERTY(QVariantMap faults READ faults NOTIFY changed)  // by key; only of what was typed in, or saved
    Q_PROPERTY(QString fault READ fault NOTIFY changed)        // what belongs to no key
    Q_PROPERTY(bool dirty READ dirty NOTIFY changed)
    Q_PROPERTY(bool saving READ saving NOTIFY changed)
    Q_PROPERTY(bool canSave READ can_save NOTIFY changed)
    Q_PROPERTY(QString kind READ kind NOTIFY changed)
    Q_PROPERTY(bool takesField READ takes_a_field NOTIFY changed)
    Q_PROPERTY(bool keepsValues READ keeps_some_values NOTIFY changed)
    Q_PROPERTY(QVariantList kinds READ kinds CONSTANT)               // {value, text}
    Q_PROPERTY(QString usual READ usual NOTIFY changed)              // the wider windows that come by themselves
    Q_PROPERTY(QString consequence READ consequence NOTIFY changed)  // what saving does
    Q_PROPERTY(QObject* preview READ preview CONSTANT)
    Q_PROPERTY(QString previewNote READ preview_note NOTIFY changed)
public:
    MetricEditorViewModel(client::BackendClient& client, const Clock& clock, const MetricListModel& metrics,
                          QObject* parent = nullptr);

    void start_new();
    void start_change(const MetricDefinition& definition);

    bool is_open() const { return open_; }
    bool existing() const { return original_.has_value(); }
    QString title() const;
    QVariantMap faults() const;
    QString fault() const;
    bool dirty() const { return form_ != started_with_; }
    bool saving() const { return saving_; }
    bool can_save() const { return open_ && !saving_ && reading_.definition.has_value() && (dirty() || !original_); }
    QString kind() const { return form_[QStringLiteral("kind")]; }
    bool takes_a_field() const { return takes_field(kind()); }
    bool keeps_some_values() const { return keeps_values(kind()); }
    QVariantList kinds() const;
    QString usual() const;
    QString consequence() const;
    PointsViewModel* preview() { return &preview_; }
    QString preview_note() const;

    Q_INVOKABLE QString value(const QString& key) const { return form_[key]; }
    Q_INVOKABLE void set(const QString& key, const QString& value);
    // Of a filter, or with `names` of a list of fields: as EventsViewModel::complete().
    Q_INVOKABLE QVariantMap complete(const QString& text, int cursor, const QStringList& event_types) const;
    Q_INVOKABLE QVariantMap completeNames(const QString& text, int cursor) const;
    Q_INVOKABLE void save();  // shows every fault where there are some
    Q_INVOKABLE void close();

Q_SIGNALS:
    void loaded();  // the form has other texts: read them with value()
    void changed();
    void saved(const QString& name);

private:
    void start(FormTexts form);
    void read();
    void rested();
    void check();
    void ask_preview();   // where the form has another one
    void send_preview();  // of `previewed_`, up to now

    client::BackendClient& client_;
    const Clock& clock_;
    const MetricListModel& metrics_;
    PointsViewModel preview_;
    QTimer rest_;
    bool open_ = false, saving_ = false;
    FormTexts form_, started_with_;
    std::optional<MetricDefinition> original_;
    QSet<QString> touched_;
    FormReading reading_;
    std::optional<FormFault> refused_;  // by the server, what is in the form now
    std::uint64_t check_ = 0;           // answers to earlier ones do not count
    std::optional<MetricDefinition> previewed_;
};

}  // namespace streamgauge::viewmodels
