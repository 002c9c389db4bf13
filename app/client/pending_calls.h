// SPDX-License-Identifier: GPL-3.0-or-later
// Calls that wait for an answer, so that each settles exactly once: by its answer, or all together when the connection
// ends.
#pragma once

#include <QObject>
#include <QPointer>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "client/backend_client.h"

namespace streamgauge::client {

// Lives on: GUI thread.
class PendingCalls {
    class Entry {
    public:
        virtual ~Entry() = default;
        virtual void fail(const Error& error) = 0;
        virtual bool settled() const = 0;
    };

public:
    template <class T>
    class Call final : public Entry {
    public:
        Call(QObject* context, Done<T> done) : context_(context), done_(std::move(done)) {}
        // The first call delivers, later ones do nothing.
        void settle(Result<T> result) {
            if (!done_) return;
            const Done<T> done = std::exchange(done_, nullptr);
            if (context_) done(std::move(result));
        }
        void fail(const Error& error) override { settle(error); }
        bool settled() const override { return !done_; }

    private:
        const QPointer<QObject> context_;
        Done<T> done_;
    };

    // Precondition: context and done are set.
    template <class T>
    std::shared_ptr<Call<T>> open(QObject* context, Done<T> done) {
        entries_.erase(
            std::remove_if(entries_.begin(), entries_.end(), [](const auto& entry) { return entry->settled(); }),
            entries_.end());
        auto call = std::make_shared<Call<T>>(context, std::move(done));
        entries_.push_back(call);
        return call;
    }

    // A continuation may open new calls meanwhile: those stay open.
    void fail_all(const Error& error) {
        const auto entries = std::exchange(entries_, {});
        for (const auto& entry : entries) entry->fail(error);
    }

private:
    std::vector<std::shared_ptr<Entry>> entries_;
};

}  // namespace streamgauge::client
