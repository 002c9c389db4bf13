// SPDX-License-Identifier: GPL-3.0-or-later
// What a load run is to do, as a form and as the text of a scenario file, side by side: what is changed in one stands
// in the other, and what the form does not know, comments too, stays in the text.
#pragma once

#include <QMap>
#include <QObject>
#include <QStringList>
#include <QVariant>

#include "api/services.h"
#include "base/error.h"
#include "loadgen/scenario.h"
#include "viewmodels/chart_model.h"
#include "viewmodels/format.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread.
class ScenarioViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QString text READ text WRITE set_text NOTIFY changed)
    Q_PROPERTY(bool readable READ readable NOTIFY changed)        // the text is a scenario; otherwise the form rests
    Q_PROPERTY(QString faultText READ fault_text NOTIFY changed)  // of the text
    Q_PROPERTY(int faultLine READ fault_line NOTIFY changed)      // from 1; 0: none
    Q_PROPERTY(int faultPosition READ fault_position NOTIFY changed)  // in the text, in UTF-16 units; -1: none
    Q_PROPERTY(QVariantMap faults READ faults NOTIFY changed)         // of the form, by member
    Q_PROPERTY(QVariantMap form READ form NOTIFY changed)             // by member
    Q_PROPERTY(QVariantList stages READ stages NOTIFY changed)
    Q_PROPERTY(QVariantList requests READ requests NOTIFY changed)
    Q_PROPERTY(QVariantList fields READ fields NOTIFY changed)
    Q_PROPERTY(QVariantList thresholds READ thresholds NOTIFY changed)
    Q_PROPERTY(QVariantList objectives READ objectives NOTIFY changed)
    // "constant", "ramp", "spike", "steps", "soak", "sine", "replay", "capacity"; "custom": a list of stages, of one
    // too where that was chosen.
    Q_PROPERTY(QString profile READ profile NOTIFY changed)
    Q_PROPERTY(QString budget READ budget WRITE set_budget NOTIFY changed)  // of a capacity search, a duration
    Q_PROPERTY(QObject* preview READ preview CONSTANT)
    Q_PROPERTY(QString previewText READ preview_text NOTIFY changed)
    Q_PROPERTY(QString host READ host NOTIFY changed)
    Q_PROPERTY(bool foreign READ foreign NOTIFY changed)  // neither this backend nor its machine: to be confirmed
    Q_PROPERTY(QString confirmedHost READ confirmed_host WRITE set_confirmed_host NOTIFY changed)
    Q_PROPERTY(bool confirmed READ confirmed NOTIFY changed)
    Q_PROPERTY(QString problem READ problem NOTIFY changed)  // why it cannot start; empty: it can
    Q_PROPERTY(QString fileName READ file_name NOTIFY changed)
    Q_PROPERTY(QString fileFault READ file_fault NOTIFY changed)
public:
    explicit ScenarioViewModel(QObject* parent = nullptr);

    const QString& text() const { return text_; }
    void set_text(const QString& text);
    bool readable() const { return !fault_; }
    QString fault_text() const;
    int fault_line() const;
    int fault_position() const;
    QVariantMap faults() const;
    QVariantMap form() const;
    QVariantList stages() const;
    QVariantList requests() const;
    QVariantList fields() const;
    QVariantList thresholds() const;
    QVariantList objectives() const;
    QString profile() const;
    QString budget() const { return budget_; }
    void set_budget(const QString& budget);
    ChartModel* preview() { return &preview_; }
    QString preview_text() const;
    QString host() const;
    bool foreign() const;
    QString confirmed_host() const { return confirmed_; }
    void set_confirmed_host(const QString& host);
    bool confirmed() const { return !foreign() || confirmed_ == host(); }
    QString problem() const;
    QString file_name() const { return file_name_; }
    QString file_fault() const { return file_fault_; }
    const loadgen::Scenario& scenario() const { return draft_; }
    bool search() const { return search_; }
    api::CapacityAsk capacity_ask() const;  // precondition: search(), problem() is empty

    // As a search that ended was asked for: its budget, and those of its thresholds that the text has not.
    void search_again(const api::LoadCapacity& search);

    // Where this backend takes events: the target until another one is written.
    void follow(const std::string& ingest_url);
    // What the server found wrong; shown where it belongs until something is changed. False: it belongs nowhere.
    bool refused(const Error& error);

    Q_INVOKABLE void set(const QString& member, const QString& text);
    Q_INVOKABLE void choose(const QString& profile);
    Q_INVOKABLE void add(const QString& list);
    Q_INVOKABLE void remove(const QString& list, int row);
    // Asks the window for a file (Q_EMIT openWanted, saveWanted), which calls one of those below.
    Q_INVOKABLE void open() { Q_EMIT openWanted(); }
    Q_INVOKABLE void save();
    void opened(const QString& file_name, const QByteArray& text);
    void saved(const QString& file_name);
    void file_failed(const QString& why);

Q_SIGNALS:
    void changed();
    // The text was changed by something else than a hand in it.
    void textReplaced();
    void openWanted();
    void saveWanted(const QString& name, const QByteArray& text);

private:
    // What a replay took the place of.
    struct BeforeReplay {
        loadgen::Scenario draft;
        QString text;
        loadgen::Scenario replay;  // what was made of it
    };
    loadgen::Scenario without_replay();
    bool shows(const loadgen::Scenario& scenario, const QString& member) const;
    bool says_in_flight() const;
    void say_in_flight();
    void mend_hidden(loadgen::Scenario& next) const;
    void take(loadgen::Scenario next);
    void settle();
    Quantity level(double planned) const;  // users or a rate, as it is written
    void draw();
    QMap<QString, QString> search_faults() const;

    QString text_;
    loadgen::Scenario draft_;                            // what the form shows
    std::optional<Error> fault_;                         // of the text
    QMap<QString, QString> unread_, invalid_, refused_;  // by member: texts that are no value; validate(); the server
    QString budget_ = QStringLiteral("175s");
    bool search_ = false, url_edited_ = false;
    bool listed_ = false;  // stages are shown as a list, even one
    std::string ingest_url_;
    QString confirmed_, file_name_, file_fault_;
    std::optional<BeforeReplay> before_replay_;  // until the text or a member of the replay is edited
    ChartModel preview_;
};

}  // namespace streamgauge::viewmodels
