// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/set_state.h"

#include <variant>

#include "metrics/distinct_values.h"
#include "metrics/frequent_values.h"
#include "metrics/quantile_sketch.h"

namespace streamgauge {

struct SetState::Impl {
    std::variant<DistinctValues, FrequentValues, QuantileSketch> kept;

    DistinctValues* distinct() { return std::get_if<DistinctValues>(&kept); }
    FrequentValues* top() { return std::get_if<FrequentValues>(&kept); }
    QuantileSketch* quantiles() { return std::get_if<QuantileSketch>(&kept); }
};

SetState::SetState(Aggregate aggregate) : impl_(std::make_unique<Impl>()) {
    if (aggregate == Aggregate::TopK) impl_->kept.emplace<FrequentValues>();
    if (aggregate == Aggregate::Percentile) impl_->kept.emplace<QuantileSketch>();
}
SetState::SetState(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SetState::~SetState() = default;
SetState::SetState(SetState&&) noexcept = default;
SetState& SetState::operator=(SetState&&) noexcept = default;

bool SetState::add(std::string_view value, std::uint64_t hash) {
    if (DistinctValues* distinct = impl_->distinct()) return distinct->add(hash);
    if (FrequentValues* top = impl_->top()) top->add(value, hash);
    return true;
}

void SetState::prefetch(std::uint64_t hash) const {
    if (const DistinctValues* distinct = impl_->distinct()) distinct->prefetch(hash);
}

DistinctValues* SetState::distinct_values() {
    return impl_->distinct();
}

void SetState::add(std::int64_t micros) {
    if (QuantileSketch* quantiles = impl_->quantiles()) quantiles->add(micros);
}

void SetState::merge(const SetState& other) {
    if (impl_->kept.index() != other.impl_->kept.index()) return;
    if (DistinctValues* distinct = impl_->distinct()) distinct->merge(*other.impl_->distinct());
    if (FrequentValues* top = impl_->top()) top->merge(*other.impl_->top());
    if (QuantileSketch* quantiles = impl_->quantiles()) quantiles->merge(*other.impl_->quantiles());
}

void SetState::to_sketch() {
    if (DistinctValues* distinct = impl_->distinct()) distinct->to_sketch();
    if (FrequentValues* top = impl_->top()) top->to_sketch();
}

Aggregate SetState::aggregate() const {
    if (impl_->distinct() != nullptr) return Aggregate::Distinct;
    return impl_->top() != nullptr ? Aggregate::TopK : Aggregate::Percentile;
}

bool SetState::exact() const {
    if (const DistinctValues* distinct = impl_->distinct()) return distinct->exact();
    if (const FrequentValues* top = impl_->top()) return top->exact();
    return false;
}

std::uint64_t SetState::exact_values() const {
    if (const DistinctValues* distinct = impl_->distinct()) return distinct->exact_values();
    if (const FrequentValues* top = impl_->top()) return top->exact_values();
    return 0;
}

std::uint64_t SetState::exact_cost(std::string_view value, std::uint64_t hash) const {
    if (const DistinctValues* distinct = impl_->distinct()) return distinct->exact_cost(hash);
    if (const FrequentValues* top = impl_->top()) return top->exact_cost(value, hash);
    return 0;
}

std::uint64_t SetState::sketch_bytes() const {
    return std::visit([](const auto& kept) { return kept.sketch_bytes(); }, impl_->kept);
}

std::size_t SetState::memory_bytes() const {
    return sizeof(Impl) + std::visit([](const auto& kept) { return kept.memory_bytes(); }, impl_->kept);
}

SetState::Weight SetState::weight() const {
    if (const DistinctValues* distinct = impl_->distinct())
        return {distinct->exact_values(), distinct->sketch_bytes(), sizeof(Impl) + distinct->memory_bytes()};
    return {exact_values(), sketch_bytes(), memory_bytes()};
}

DistinctCount SetState::distinct() const {
    const DistinctValues* distinct = impl_->distinct();
    return distinct != nullptr ? distinct->count() : DistinctCount{};
}

TopList SetState::top(std::size_t most) const {
    const FrequentValues* top = impl_->top();
    return top != nullptr ? top->top(most) : TopList{};
}

std::uint64_t SetState::values() const {
    const QuantileSketch* quantiles = impl_->quantiles();
    return quantiles != nullptr ? quantiles->values() : 0;
}

std::optional<std::int64_t> SetState::quantile(double q) const {
    const QuantileSketch* quantiles = impl_->quantiles();
    return quantiles != nullptr ? quantiles->quantile(q) : std::nullopt;
}

std::optional<SetChange> SetState::take_change() {
    return std::visit([](auto& kept) { return kept.take_change(); }, impl_->kept);
}

std::optional<SetChange> SetState::take_canonical() {
    if (DistinctValues* distinct = impl_->distinct()) return distinct->take_canonical();
    return take_change();
}

bool SetState::stored_whole() const {
    return std::visit([](const auto& kept) { return kept.stored_whole(); }, impl_->kept);
}

Result<SetState> SetState::decode(Aggregate aggregate, const std::vector<std::string_view>& bytes) {
    auto impl = std::make_unique<Impl>();
    const auto keep = [&impl](auto&& read) -> Status {
        if (!read) return read.error();
        impl->kept = std::move(read).value();
        return {};
    };
    const Status read = aggregate == Aggregate::Distinct ? keep(DistinctValues::decode(bytes))
                        : aggregate == Aggregate::TopK   ? keep(FrequentValues::decode(bytes))
                                                         : keep(QuantileSketch::decode(bytes));
    if (!read) return read.error();
    return SetState(std::move(impl));
}

std::string SetState::canonical() const {
    return std::visit([](const auto& kept) { return kept.canonical(); }, impl_->kept);
}

}  // namespace streamgauge
