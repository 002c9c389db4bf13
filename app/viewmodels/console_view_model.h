// SPDX-License-Identifier: GPL-3.0-or-later
// The whole console: its pages, what holds for all of them, and the commands. The one object that QML is given.
#pragma once

#include <QObject>

#include "base/clock.h"
#include "viewmodels/command_model.h"
#include "viewmodels/connection_view_model.h"
#include "viewmodels/events_view_model.h"
#include "viewmodels/load_view_model.h"
#include "viewmodels/marks_view_model.h"
#include "viewmodels/metrics_view_model.h"
#include "viewmodels/objectives_view_model.h"
#include "viewmodels/overview_view_model.h"
#include "viewmodels/status_view_model.h"
#include "viewmodels/trace_view_model.h"

namespace streamgauge::viewmodels {

// Lives on: GUI thread. `client` and `clock` must outlive it.
class ConsoleViewModel : public QObject {
    Q_OBJECT
    Q_PROPERTY(QObject* connection READ connection CONSTANT)
    Q_PROPERTY(QObject* overview READ overview CONSTANT)
    Q_PROPERTY(QObject* events READ events CONSTANT)
    Q_PROPERTY(QObject* trace READ trace CONSTANT)
    Q_PROPERTY(QObject* metrics READ metrics CONSTANT)
    Q_PROPERTY(QObject* objectives READ objectives CONSTANT)
    Q_PROPERTY(QObject* firing READ firing CONSTANT)  // alerts, of every objective
    Q_PROPERTY(QObject* load READ load CONSTANT)
    Q_PROPERTY(QObject* marks READ marks CONSTANT)
    Q_PROPERTY(QObject* status READ status CONSTANT)
    Q_PROPERTY(QObject* commands READ commands CONSTANT)
    Q_PROPERTY(int page READ page WRITE set_page NOTIFY pageChanged)
    Q_PROPERTY(QString theme READ theme WRITE set_theme NOTIFY themeChanged)  // "system", "dark", "light"
    Q_PROPERTY(bool systemDark READ system_dark NOTIFY themeChanged)
    Q_PROPERTY(bool dark READ dark NOTIFY themeChanged)  // what comes of the two
    Q_PROPERTY(bool paused READ paused WRITE set_paused NOTIFY pausedChanged)
    Q_PROPERTY(QString version READ version CONSTANT)
    Q_PROPERTY(bool asksBeforeClosing READ asks_before_closing NOTIFY asksBeforeClosingChanged)
public:
    enum Page { OverviewPage, EventsPage, MetricsPage, ObjectivesPage, LoadPage };
    static constexpr int kPages = 5;

    ConsoleViewModel(client::BackendClient& client, const Clock& clock, QObject* parent = nullptr);

    ConnectionViewModel* connection() { return &connection_; }
    OverviewViewModel* overview() { return &overview_; }
    EventsViewModel* events() { return &events_; }
    TraceViewModel* trace() { return &trace_; }
    MetricsViewModel* metrics() { return &metrics_; }
    ObjectivesViewModel* objectives() { return &objectives_; }
    FiringModel* firing() { return &firing_; }
    LoadViewModel* load() { return &load_; }
    MarksViewModel* marks() { return &marks_; }
    StatusViewModel* status() { return &status_; }
    CommandModel* commands() { return &commands_; }
    int page() const { return page_; }
    void set_page(int page);  // out of range: nothing happens
    QString theme() const { return theme_; }
    void set_theme(const QString& theme);  // another word: nothing happens
    bool system_dark() const { return system_dark_; }
    void set_system_dark(bool dark);
    bool dark() const;
    bool paused() const { return paused_; }
    void set_paused(bool paused);
    // Closing the window ends a server that others may use: the person is asked what to do with it.
    bool asks_before_closing() const { return asks_before_closing_; }
    void set_asks_before_closing(bool asks);
    int window_seconds() const { return overview_.window_seconds(); }
    // The window's close button: decides at once, or asks first.
    void requestClose();
    Q_INVOKABLE void close(bool keep_serving) { Q_EMIT closeDecided(keep_serving); }
    // Asks the window to put `text` on the clipboard; `what` names it for the person.
    Q_INVOKABLE void copy(const QString& text, const QString& what) { Q_EMIT copyRequested(text, what); }
    Q_INVOKABLE void showObjective(const QString& name);  // on its page
    Q_INVOKABLE bool isEventId(const QString& text) const { return looks_like_event_id(text); }
    QString version() const { return QStringLiteral(STREAMGAUGE_VERSION); }

Q_SIGNALS:
    void pageChanged();
    void themeChanged();
    void pausedChanged();
    // What only the window can do.
    void copyRequested(const QString& text, const QString& what);
    void filterRequested();
    void objectiveFilterRequested();
    void loadSearchRequested();
    void traceRequested();
    void keysRequested();
    void closeQuestionRequested();
    void closeDecided(bool keep_serving);
    void asksBeforeClosingChanged();

private:
    std::vector<Command> make_commands();

    client::BackendClient& client_;
    OverviewStore store_;
    ConnectionViewModel connection_;
    OverviewViewModel overview_;
    EventsViewModel events_;
    TraceViewModel trace_;
    MetricsViewModel metrics_;
    ObjectivesStore objectives_store_;
    ObjectivesViewModel objectives_;
    FiringModel firing_;
    LoadViewModel load_;
    MarksViewModel marks_;
    StatusViewModel status_;
    int page_ = OverviewPage;
    QString theme_ = QStringLiteral("system");
    bool system_dark_ = true;
    bool paused_ = false;
    bool asks_before_closing_ = false;
    CommandModel commands_;  // last: it asks the others which commands are enabled
};

}  // namespace streamgauge::viewmodels
