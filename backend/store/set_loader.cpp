// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/set_loader.h"

namespace streamgauge {

Result<std::optional<SetState>> SetLoader::load(Aggregate aggregate, MetricId metric, const SetKey& key) {
    if (snapshot_ == nullptr) {
        Result<std::unique_ptr<StoreSnapshot>> opened = store_.snapshot();
        if (!opened) return opened.error();
        snapshot_ = std::move(opened).value();
    }
    const auto stored = snapshot_->set(metric, key);
    if (!stored) return stored.error();
    if (!stored.value()) return std::optional<SetState>();
    Result<SetState> state = SetState::decode(aggregate, (*stored)->bytes);
    if (!state) return state.error();
    loaded_bytes_ += state->memory_bytes();
    return std::optional<SetState>(std::move(state).value());
}

}  // namespace streamgauge
