// SPDX-License-Identifier: GPL-3.0-or-later
// Between the backend's live thread and the GUI: a bounded box with one wake-up in flight at most. A reader that falls
// behind loses what is in it and gets a fresh snapshot, so that a busy GUI is never followed by a long queue of the
// past.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "api/services.h"

namespace streamgauge::client {

// Thread-safe. The lock is held for the move of a few pointers only.
class LiveMailbox {
public:
    // At ten messages a second, 0.8 s of a GUI that does not answer.
    static constexpr std::size_t kMessages = 8;

    struct Mail {
        std::vector<api::LiveMessage> messages;
        bool ask_for_snapshot = false;  // something was lost since; true once for each loss
    };

    // True when the reader has to be woken.
    bool put(const api::LiveMessage& message) {
        const std::lock_guard lock(mutex_);
        if (message.snapshot) {
            messages_.clear();
            lost_ = false;
        }
        if (lost_) return false;
        if (messages_.size() == kMessages) {
            messages_.clear();
            lost_ = true;
            ask_ = true;
        } else {
            messages_.push_back(message);
        }
        return !std::exchange(woken_, true);
    }

    Mail take() {
        const std::lock_guard lock(mutex_);
        woken_ = false;
        return {std::exchange(messages_, {}), std::exchange(ask_, false)};
    }

private:
    std::mutex mutex_;
    std::vector<api::LiveMessage> messages_;
    bool woken_ = false;
    bool lost_ = false;
    bool ask_ = false;
};

}  // namespace streamgauge::client
