// SPDX-License-Identifier: GPL-3.0-or-later
#include "viewmodels/heat_model.h"

#include <algorithm>
#include <cmath>

#include "viewmodels/format.h"
#include "viewmodels/load_words.h"

namespace streamgauge::viewmodels {

using namespace Qt::Literals::StringLiterals;

void HeatModel::set(const std::vector<api::LoadSecond>& seconds, double to) {
    counts_.clear();
    seconds_.clear();
    first_ = static_cast<int>(api::kHeatSlots);
    last_ = 0;
    most_ = 0;
    to_ = std::max(to, 1.0);
    for (const api::LoadSecond& second : seconds) {
        counts_.push_back(second.heat);
        seconds_.push_back(second.second);
        for (std::size_t slot = 0; slot < second.heat.size() && slot < api::kHeatSlots; ++slot) {
            if (second.heat[slot] == 0) continue;
            first_ = std::min(first_, static_cast<int>(slot));
            last_ = std::max(last_, static_cast<int>(slot));
            most_ = std::max(most_, second.heat[slot]);
        }
    }
    // A map of one row or two would tell nothing.
    if (most_ > 0) {
        while (last_ - first_ < 8 && last_ + 1 < static_cast<int>(api::kHeatSlots)) ++last_;
        first_ = std::max(0, std::min(first_, last_ - 8));
    }
    Q_EMIT changed();
}

double HeatModel::share(int column, int row) const {
    const std::vector<std::uint32_t>& counts = counts_[static_cast<std::size_t>(column)];
    const auto slot = static_cast<std::size_t>(first_ + row);
    if (slot >= counts.size() || counts[slot] == 0 || most_ == 0) return 0;
    return 0.12 + 0.88 * std::log1p(counts[slot]) / std::log1p(most_);
}

QVariantList HeatModel::y_ticks() const {
    QVariantList ticks;
    if (!has_data()) return ticks;
    for (int slot = first_; slot < last_; ++slot) {
        if (slot % 4 != 0) continue;  // powers of ten
        const double position = static_cast<double>(slot + 1 - first_) / rows();
        ticks += QVariantMap{{u"position"_s, position},
                             {u"label"_s, trimmed(milliseconds(api::heat_bound_ms(static_cast<std::size_t>(slot))))}};
    }
    return ticks;
}

QVariantMap HeatModel::at(double x, double y) const {
    const int row = static_cast<int>(std::floor((1 - y) * rows()));
    const auto second = static_cast<std::int64_t>(std::floor(x * to_));
    const auto found = std::find(seconds_.begin(), seconds_.end(), second);
    if (!has_data() || row < 0 || row >= rows() || found == seconds_.end()) return {{u"valid"_s, false}};
    const auto slot = static_cast<std::size_t>(first_ + row);
    const std::vector<std::uint32_t>& counts = counts_[static_cast<std::size_t>(found - seconds_.begin())];
    const std::uint32_t count = slot < counts.size() ? counts[slot] : 0;
    const QString upper = milliseconds(api::heat_bound_ms(slot)).text();
    const QString range = slot == 0 ? QString(u"up to "_s + upper)
                          : slot + 1 == api::kHeatSlots
                              ? QString(u"over "_s + milliseconds(api::heat_bound_ms(slot - 1)).text())
                              : QString(milliseconds(api::heat_bound_ms(slot - 1)).text() + u" to "_s + upper);
    return {{u"valid"_s, true},
            {u"time"_s, run_time(static_cast<double>(second))},
            {u"range"_s, range},
            {u"count"_s, grouped(count)}};
}

}  // namespace streamgauge::viewmodels
