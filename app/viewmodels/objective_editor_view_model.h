// SPDX-License-Identifier: GPL-3.0-or-later
// The editor of the Objectives page: the form of one objective, what is wrong with it, the traps that it stands in, and
// what it would have done in the past.
#pragma once

#include <QObject>
#include <QSet>
#include <QTimer>
#include <QVariantMap>

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "client/backend_client.h"
#include "viewmodels/objective_form.h"
#include "viewmodels/objectives_store.h"

namespace streamgauge::viewmodels {

// While it is open each text is read as it is typed; when typing rests the draft is tried over what is kept of the
// past: one back-test at a time, of which what it counted tells about traps as well. Lives on: GUI thread. `client`,
// `clock` and `store` must outlive it.
class ObjectiveEditorViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(bool open READ is_open NOTIFY changed)
    Q_PROPERTY(bool existing READ existing NOTIFY changed)  // one is changed: its name stays
    Q_PROPERTY(QString title READ title NOTIFY changed)
    Q_PROPERTY(QVariantMap faults READ faults NOTIFY changed)      // by key; only of what was typed in, or saved
    Q_PROPERTY(QVariantMap warnings READ warnings NOTIFY changed)  // traps, by key
    Q_PROPERTY(QString fault READ fault NOTIFY changed)            // what belongs to no key
    Q_PROPERTY(bool dirty READ dirty NOTIFY changed)
    Q_PROPERTY(bool saving READ saving NOTIFY changed)
    Q_PROPERTY(bool canSave READ can_save NOTIFY changed)
    Q_PROPERTY(QVariantMap texts READ texts NOTIFY changed)           // of the form, for what depends on choices
    Q_PROPERTY(QVariantList kinds READ kinds CONSTANT)                // {value, text}
    Q_PROPERTY(int rules READ rules NOTIFY changed)                   // 0: the usual ones
    Q_PROPERTY(QStringList ruleNotes READ rule_notes NOTIFY changed)  // of each rule in force: when it would fire
    // ---- the back-test
    Q_PROPERTY(int testRange READ test_range WRITE set_test_range NOTIFY tested)  // seconds
    Q_PROPERTY(bool testing READ testing NOTIFY tested)
    Q_PROPERTY(double testProgress READ test_progress NOTIFY tested)  // 0..1; below 0: not known
    Q_PROPERTY(QString testTitle READ test_title NOTIFY tested)       // "Would have fired 3 times"; empty: no result
    Q_PROPERTY(QString testText READ test_text NOTIFY tested)
    Q_PROPERTY(QString testTone READ test_tone NOTIFY tested)
    Q_PROPERTY(QString testError READ test_error NOTIFY tested)
    Q_PROPERTY(bool testOld READ test_old NOTIFY tested)                  // of another draft than that of the form
    Q_PROPERTY(QVariantList testChanges READ test_changes NOTIFY tested)  // newest first: {time, text, tone, word}
public:
    ObjectiveEditorViewModel(client::BackendClient& client, const Clock& clock, const ObjectivesStore& store,
                             QObject* parent = nullptr);
    ~ObjectiveEditorViewModel() override;

    void start_new();
    void start_change(const slo::Objective& objective);

    bool is_open() const { return open_; }
    bool existing() const { return original_.has_value(); }
    QString title() const;
    QVariantMap faults() const;
    QVariantMap warnings() const;
    QString fault() const;
    bool dirty() const { return form_ != started_with_; }
    bool saving() const { return saving_; }
    bool can_save() const { return open_ && !saving_ && reading_.objective && (dirty() || !original_); }
    QVariantMap texts() const;
    QVariantList kinds() const;
    int rules() const { return rules_in(form_); }
    QStringList rule_notes() const;
    int test_range() const { return test_range_; }
    void set_test_range(int seconds);
    bool testing() const { return testing_ != nullptr; }
    double test_progress() const { return test_progress_; }
    QString test_title() const;
    QString test_text() const;
    QString test_tone() const;
    QString test_error() const { return test_error_; }
    bool test_old() const;
    QVariantList test_changes() const;

    Q_INVOKABLE QString value(const QString& key) const { return form_[key]; }
    Q_INVOKABLE void set(const QString& key, const QString& value);
    Q_INVOKABLE void ownRules();    // begins with the usual ones
    Q_INVOKABLE void usualRules();  // those of the window again
    Q_INVOKABLE void addRule();
    Q_INVOKABLE void removeRule(int row);
    Q_INVOKABLE QVariantMap completeRoute(const QString& text, int cursor) const;
    Q_INVOKABLE QVariantMap completeMetric(const QString& text, int cursor) const;
    Q_INVOKABLE void test();
    Q_INVOKABLE void cancelTest();
    Q_INVOKABLE void save();  // shows every fault where there are some
    Q_INVOKABLE void close();

Q_SIGNALS:
    void loaded();  // the form has other texts: read them with value()
    void changed();
    void tested();
    void saved(const QString& name);

private:
    void start(FormTexts form);
    void read();
    void change_rules(std::vector<slo::BurnRule> rules);
    slo::Objective draft() const;  // precondition: reading_.objective, or what the test needs of it

    client::BackendClient& client_;
    const Clock& clock_;
    const ObjectivesStore& store_;
    QTimer rest_;
    bool open_ = false, saving_ = false;
    FormTexts form_, started_with_;
    std::optional<slo::Objective> original_;
    QSet<QString> touched_;
    ObjectiveReading reading_;
    std::optional<std::pair<QString, QString>> refused_;  // by the server: key and text, of what is in the form now
    QStringList metrics_;                                 // that are declared
    int test_range_ = 604'800;
    std::unique_ptr<QObject> testing_;  // goes: the back-test ends
    double test_progress_ = -1;
    std::optional<slo::Objective> tested_;  // whose result this is
    std::optional<api::BackTest> result_;
    QString test_error_;
};

}  // namespace streamgauge::viewmodels
