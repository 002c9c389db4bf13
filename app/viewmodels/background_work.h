// SPDX-License-Identifier: GPL-3.0-or-later
// One thread for what takes longer than a frame: reading a report of hours, writing it as a page. Work goes there as a
// function without shared state; its value comes back on the GUI thread.
#pragma once

#include <QMetaObject>
#include <QObject>
#include <QPointer>
#include <QThreadPool>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace streamgauge::viewmodels {

// Lives on: GUI thread. In order, one at a time. Destroying it waits for the work at hand and drops the rest.
class BackgroundWork : public QObject {
public:
    explicit BackgroundWork(QObject* parent = nullptr) : QObject(parent) { pool_.setMaxThreadCount(1); }
    ~BackgroundWork() override {
        pool_.clear();
        pool_.waitForDone();
    }

    // `done` gets what `work` returned, on the GUI thread, unless `context` is gone by then.
    template <class Work, class Done>
    void run(QObject* context, Work work, Done done) {
        using Value = std::invoke_result_t<Work>;
        pool_.start(
            [this, alive = QPointer<QObject>(context), work = std::move(work), done = std::move(done)]() mutable {
                auto value = std::make_shared<Value>(work());
                QMetaObject::invokeMethod(
                    this,
                    [alive = std::move(alive), value = std::move(value), done = std::move(done)] {
                        if (alive) done(std::move(*value));
                    },
                    Qt::QueuedConnection);
            });
    }

private:
    QThreadPool pool_;
};

}  // namespace streamgauge::viewmodels
