// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/hand_box.h"

#include <sys/eventfd.h>
#include <unistd.h>

namespace streamgauge::loadgen {

HandBox::HandBox() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    actions_.reserve(kMost);
}

HandBox::~HandBox() {
    if (fd_ >= 0) close(fd_);
}

Status HandBox::push(const HandAction& action) {
    const std::lock_guard lock(mutex_);
    if (actions_.size() == kMost) return Error::make(ErrorCode::Unavailable, "the run has not taken the last actions");
    actions_.push_back(action);
    eventfd_write(fd_, 1);
    return {};
}

void HandBox::take(std::vector<HandAction>& actions) {
    const std::lock_guard lock(mutex_);
    eventfd_t ignored = 0;
    eventfd_read(fd_, &ignored);
    actions.insert(actions.end(), actions_.begin(), actions_.end());
    actions_.clear();
}

}  // namespace streamgauge::loadgen
