// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/console_view_model.h"

#include "viewmodels/objective_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

ConsoleViewModel::ConsoleViewModel(client::BackendClient& client, const Clock& clock, QObject* parent)
    : QObject(parent),
      client_(client),
      store_(client, clock),
      connection_(client),
      overview_(client, store_),
      events_(client),
      trace_(client),
      metrics_(client, clock, store_),
      objectives_store_(client, clock, store_),
      objectives_(client, clock, objectives_store_),
      load_(client),
      marks_(client, clock),
      status_(store_),
      commands_(make_commands()) {
    connect(&objectives_store_, &ObjectivesStore::changed, this, [this] {
        firing_.update(objectives_store_.all());
        overview_.set_objectives(objectives_store_);
    });
    connect(&objectives_store_, &ObjectivesStore::alertsChanged, &marks_, [this] { marks_.refresh(); });
}

std::vector<Command> ConsoleViewModel::make_commands() {
    const auto always = [] { return true; };
    const auto go = [this](int page) { return [this, page] { set_page(page); }; };
    const auto use_theme = [this](const QString& theme) { return [this, theme] { set_theme(theme); }; };
    const auto load_view = [this](const QString& view) {
        return [this, view] {
            set_page(LoadPage);
            load_.set_view(view);
        };
    };
    const auto window = [this](int seconds) { return [this, seconds] { overview_.set_window_seconds(seconds); }; };
    return {
        {u"overview"_s, u"Go to Overview"_s, u"Ctrl 1"_s, always, go(OverviewPage)},
        {u"events"_s, u"Go to Events"_s, u"Ctrl 2"_s, always, go(EventsPage)},
        {u"metrics"_s, u"Go to Metrics"_s, u"Ctrl 3"_s, always, go(MetricsPage)},
        {u"objectives"_s, u"Go to Objectives"_s, u"Ctrl 4"_s, always, go(ObjectivesPage)},
        {u"load"_s, u"Go to Load test"_s, u"Ctrl 5"_s, always, go(LoadPage)},
        {u"pause"_s, u"Pause the live view"_s, u"Space"_s, [this] { return !paused_; }, [this] { set_paused(true); }},
        {u"resume"_s, u"Resume the live view"_s, u"Space"_s, [this] { return paused_; }, [this] { set_paused(false); }},
        {u"filter"_s, u"Filter events"_s, u"/"_s, always,
         [this] {
             set_page(EventsPage);
             Q_EMIT filterRequested();
         }},
        {u"objective-filter"_s,
         u"Filter objectives"_s,
         {},
         [this] { return objectives_.offered(); },
         [this] {
             set_page(ObjectivesPage);
             Q_EMIT objectiveFilterRequested();
         }},
        {u"objective-worst"_s,
         u"Show the worst objective"_s,
         {},
         [this] { return !objectives_store_.all().empty(); },
         [this] { showObjective(text_of(objectives_store_.all().front().objective.name)); }},
        {u"objective-define"_s,
         u"Declare a new objective"_s,
         {},
         [this] { return objectives_.offered(); },
         [this] {
             set_page(ObjectivesPage);
             objectives_.define();
         }},
        {u"objective-change"_s,
         u"Change the selected objective"_s,
         {},
         [this] { return page_ == ObjectivesPage && objectives_.can_change(); },
         [this] { objectives_.change(); }},
        {u"objective-import"_s,
         u"Import objectives (OpenSLO)"_s,
         {},
         [this] { return objectives_.offered(); },
         [this] {
             set_page(ObjectivesPage);
             objectives_.exchange()->openImport();
         }},
        {u"objective-export"_s,
         u"Export objectives (OpenSLO, Prometheus)"_s,
         {},
         [this] { return objectives_.offered(); },
         [this] {
             set_page(ObjectivesPage);
             objectives_.exchange()->openExport();
         }},
        {u"objective-remove"_s,
         u"Remove the selected objective"_s,
         {},
         [this] { return page_ == ObjectivesPage && objectives_.can_change(); },
         [this] { objectives_.askRemove(); }},
        {u"filter-clear"_s,
         u"Show every event"_s,
         {},
         [this] { return events_.filtered(); },
         [this] { events_.set_event_type({}); }},
        {u"trace-this"_s,
         {},
         {},
         [this] { return trace_.offered(); },
         {},
         [](const QString& text) {
             return looks_like_event_id(text) ? QString(u"Where is the event "_s + text + u"?"_s) : QString();
         },
         [this](const QString& text) {
             set_page(EventsPage);
             trace_.ask(text);
         }},
        {u"trace"_s,
         u"Where is my event?"_s,
         {},
         [this] { return trace_.offered(); },
         [this] {
             set_page(EventsPage);
             trace_.show();
             Q_EMIT traceRequested();
         }},
        {u"trace-selected"_s,
         u"Where is the selected event?"_s,
         {},
         [this] { return trace_.offered() && events_.has_selection(); },
         [this] { trace_.ask(events_.selected_id()); }},
        {u"metric-define"_s,
         u"Define a new metric"_s,
         {},
         [this] { return metrics_.offered(); },
         [this] {
             set_page(MetricsPage);
             metrics_.define();
         }},
        {u"metric-change"_s,
         u"Change the selected metric"_s,
         {},
         [this] { return page_ == MetricsPage && metrics_.can_change(); },
         [this] { metrics_.change(); }},
        {u"metric-remove"_s,
         u"Remove the selected metric"_s,
         {},
         [this] { return page_ == MetricsPage && metrics_.can_change(); },
         [this] { metrics_.askRemove(); }},
        {u"load-start"_s,
         u"Start the load run"_s,
         {},
         [this] { return load_.can_start(); },
         [this] {
             set_page(LoadPage);
             load_.start();
         }},
        {u"load-stop"_s, u"Stop the load run"_s, {}, [this] { return load_.can_stop(); }, [this] { load_.stop(); }},
        {u"load-pause"_s,
         u"Pause the load run"_s,
         {},
         [this] { return load_.can_steer() && !load_.paused(); },
         [this] { load_.pause(); }},
        {u"load-resume"_s,
         u"Go on with the load run"_s,
         {},
         [this] { return load_.can_steer() && load_.paused(); },
         [this] { load_.resume(); }},
        {u"load-spike"_s,
         u"Spike now: five times the rate for 5 s"_s,
         {},
         [this] { return load_.can_steer() && !load_.paused(); },
         [this] { load_.spike(load_.rate() * 5, 5); }},
        {u"load-setup"_s, u"Set up a load run"_s, {}, always, load_view(u"setup"_s)},
        {u"load-run"_s, u"Show the last load run"_s, {}, always, load_view(u"run"_s)},
        {u"load-runs"_s, u"Show the history of load runs"_s, {}, always, load_view(u"runs"_s)},
        {u"load-find"_s,
         u"Find a load run"_s,
         {},
         always,
         [this] {
             set_page(LoadPage);
             load_.set_view(u"runs"_s);
             Q_EMIT loadSearchRequested();
         }},
        {u"load-capacity"_s,
         u"Search for the capacity"_s,
         {},
         [this] { return load_.offered(); },
         [this] {
             set_page(LoadPage);
             load_.set_view(u"setup"_s);
             load_.scenario()->choose(u"capacity"_s);
         }},
        {u"load-open"_s,
         u"Open a scenario file"_s,
         {},
         always,
         [this] {
             set_page(LoadPage);
             load_.set_view(u"setup"_s);
             load_.scenario()->open();
         }},
        {u"load-save"_s, u"Save the scenario as a file"_s, {}, always, [this] { load_.scenario()->save(); }},
        {u"load-report"_s,
         u"Save the load run's report as HTML"_s,
         {},
         [this] { return load_.run()->final(); },
         [this] { load_.exportAs(u"html"_s); }},
        {u"load-remove"_s,
         u"Remove the selected load run"_s,
         {},
         [this] { return page_ == LoadPage && load_.view() == "runs"_L1 && !load_.runs()->selected().isEmpty(); },
         [this] { load_.runs()->askRemove(); }},
        {u"demo"_s, u"Start a demo stream"_s, {}, [this] { return load_.can_demo(); }, [this] { load_.startDemo(); }},
        {u"window-60"_s, u"Show the last minute"_s, {}, always, window(60)},
        {u"window-300"_s, u"Show the last 5 minutes"_s, {}, always, window(300)},
        {u"window-600"_s, u"Show the last 10 minutes"_s, {}, always, window(600)},
        {u"copy-curl"_s,
         u"Copy a curl line that sends an event"_s,
         {},
         [this] { return !connection_.curl().isEmpty(); },
         [this] { Q_EMIT copyRequested(connection_.curl(), u"curl line"_s); }},
        {u"copy-event"_s,
         u"Copy the selected event as JSON"_s,
         {},
         [this] { return events_.has_selection(); },
         [this] { Q_EMIT copyRequested(events_.selected_json(), u"event"_s); }},
        {u"copy-error"_s,
         u"Copy the connection's error"_s,
         {},
         [this] { return !connection_.error_text().isEmpty(); },
         [this] { Q_EMIT copyRequested(connection_.error_text(), u"error"_s); }},
        {u"reconnect"_s,
         u"Reconnect"_s,
         {},
         [this] { return client_.state() != client::ConnectionState::Live; },
         [this] { connection_.reconnect(); }},
        {u"theme-dark"_s, u"Use the dark theme"_s, {}, [this] { return theme_ != "dark"_L1; }, use_theme(u"dark"_s)},
        {u"theme-light"_s,
         u"Use the light theme"_s,
         {},
         [this] { return theme_ != "light"_L1; },
         use_theme(u"light"_s)},
        {u"theme-system"_s,
         u"Use the system's theme"_s,
         {},
         [this] { return theme_ != "system"_L1; },
         use_theme(u"system"_s)},
        {u"quit"_s, u"Quit"_s, u"Ctrl Q"_s, always, [this] { requestClose(); }},
        {u"keys"_s, u"Show the keys"_s, u"?"_s, always, [this] { Q_EMIT keysRequested(); }},
    };
}

void ConsoleViewModel::set_page(int page) {
    if (page < 0 || page >= kPages || page == page_) return;
    page_ = page;
    metrics_.set_active(page == MetricsPage);
    objectives_.set_active(page == ObjectivesPage);
    Q_EMIT pageChanged();
}

void ConsoleViewModel::showObjective(const QString& name) {
    set_page(ObjectivesPage);
    objectives_.set_filter({});
    objectives_.select(name);
}

void ConsoleViewModel::set_theme(const QString& theme) {
    if (theme == theme_ || (theme != "system"_L1 && theme != "dark"_L1 && theme != "light"_L1)) return;
    theme_ = theme;
    Q_EMIT themeChanged();
}

void ConsoleViewModel::set_system_dark(bool dark) {
    if (system_dark_ == dark) return;
    system_dark_ = dark;
    Q_EMIT themeChanged();
}

bool ConsoleViewModel::dark() const {
    return theme_ == "system"_L1 ? system_dark_ : theme_ == "dark"_L1;
}

void ConsoleViewModel::set_asks_before_closing(bool asks) {
    if (asks == asks_before_closing_) return;
    asks_before_closing_ = asks;
    Q_EMIT asksBeforeClosingChanged();
}

void ConsoleViewModel::requestClose() {
    const bool serving =
        client_.state() == client::ConnectionState::Live || client_.state() == client::ConnectionState::Degraded;
    if (asks_before_closing_ && serving) {
        Q_EMIT closeQuestionRequested();
    } else {
        Q_EMIT closeDecided(false);
    }
}

void ConsoleViewModel::set_paused(bool paused) {
    if (paused_ == paused) return;
    paused_ = paused;
    overview_.set_paused(paused);
    events_.set_paused(paused);
    metrics_.set_paused(paused);
    objectives_.set_paused(paused);
    Q_EMIT pausedChanged();
}

}  // namespace streamgauge::viewmodels
