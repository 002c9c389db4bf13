// SPDX-License-Identifier: GPL-3.0-or-later
// Every page in every state, made from invented data: what the screenshots show and the page tests look at.
#pragma once

#include <QImage>
#include <QString>

#include <functional>
#include <memory>
#include <vector>

#include "client/fake_client.h"
#include "console/console_window.h"
#include "viewmodels/manual_clock.h"

namespace streamgauge::tests {

// A console over a FakeClient, not shown yet.
struct Stage {
    Stage();
    ~Stage();
    // Shows the window at this size and waits until it is drawn.
    void show(QSize size);
    // The picture after everything that moves has come to rest.
    QImage grab();
    QQuickItem* find(const QString& object_name) const;  // nullptr: no such item
    // Presses and releases a key in the window.
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier, const QString& text = {});
    void click(QQuickItem* item);

    StandingClock clock;
    client::FakeClient fake;
    viewmodels::ConsoleViewModel app{fake, clock};
    std::unique_ptr<console::ConsoleWindow> window;
};

struct Scene {
    QString name;  // "overview-data"
    std::function<void(Stage&)> play;
};

const std::vector<Scene>& scenes();

// Steps that scenes and tests are made of.
void go_live(Stage& stage);
api::Overview sample_overview();
api::EventTail sample_events(std::uint64_t first, std::uint64_t count);
std::vector<api::Annotation> sample_marks();
std::vector<api::MetricStatus> sample_metrics();
query::PointsAnswer sample_points(const query::PointsQuery& query);
api::LoadStatus sample_load(api::LoadState state, std::int64_t seconds);

}  // namespace streamgauge::tests
