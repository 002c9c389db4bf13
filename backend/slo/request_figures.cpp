// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers are written as LEB128, bins as distances to the one before.
#include "slo/request_figures.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace streamgauge::slo {

namespace {

constexpr char kForm = 1;
constexpr char kAside = '~';

bool is_of(std::string_view key, std::string_view route) {
    if (route.empty()) return !key.starts_with(kAside);
    if (key.starts_with(kAside)) key.remove_prefix(1);
    if (key == route) return true;
    const std::size_t space = key.find(' ');
    return space != std::string_view::npos && key.substr(space + 1) == route;
}

void put(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    out.push_back(static_cast<char>(value));
}

void put(std::string& out, const RequestFigures& figures) {
    for (const std::uint64_t value : {figures.answered, figures.failed, figures.limited}) put(out, value);
    put(out, figures.bins.size());
    std::uint32_t last = 0;
    for (const RequestFigures::Bin& bin : figures.bins) {
        put(out, bin.bin - last);
        put(out, bin.count);
        last = bin.bin;
    }
}

// Reads as 0 after the first fault.
class Reader {
public:
    explicit Reader(std::string_view bytes) : left_(bytes) {}

    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            if (left_.empty()) break;
            const auto byte = static_cast<unsigned char>(left_.front());
            left_.remove_prefix(1);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        return fail();
    }

    RequestFigures figures() {
        RequestFigures out;
        out.answered = number();
        out.failed = number();
        out.limited = number();
        const std::uint64_t count = number();
        if (count > kDurationBins) fail();
        std::uint64_t bin = 0;
        for (std::uint64_t i = 0; i < count && good_; ++i) {
            const std::uint64_t distance = number();
            bin += distance;
            if (bin >= kDurationBins || distance >= kDurationBins || (i > 0 && distance == 0)) fail();
            out.bins.push_back({static_cast<std::uint32_t>(bin), number()});
            if (out.bins.back().count > out.answered) fail();
        }
        if (out.failed > out.answered || out.limited > out.answered - out.failed) fail();
        return out;
    }

    std::uint64_t fail() {
        good_ = false;
        return 0;
    }
    bool good() const { return good_; }
    bool at_end() const { return left_.empty(); }

private:
    std::string_view left_;
    bool good_ = true;
};

}  // namespace

void RequestFigures::merge(const RequestFigures& other) {
    answered += other.answered;
    failed += other.failed;
    limited += other.limited;
    std::vector<Bin> both;
    both.reserve(bins.size() + other.bins.size());
    std::merge(bins.begin(), bins.end(), other.bins.begin(), other.bins.end(), std::back_inserter(both),
               [](const Bin& a, const Bin& b) { return a.bin < b.bin; });
    bins.clear();
    for (const Bin& bin : both) {
        if (!bins.empty() && bins.back().bin == bin.bin) {
            bins.back().count += bin.count;
        } else {
            bins.push_back(bin);
        }
    }
}

std::uint64_t RequestFigures::within(double threshold_ms) const {
    const double micros = std::clamp(threshold_ms * 1e3, 0.0, 4e9);
    const std::uint32_t last = duration_bin(static_cast<std::int64_t>(micros));
    std::uint64_t count = 0;
    for (const Bin& bin : bins) {
        if (bin.bin > last) break;
        count += bin.count;
    }
    return count;
}

std::optional<double> RequestFigures::percentile_ms(double share) const {
    std::uint64_t all = 0;
    for (const Bin& bin : bins) all += bin.count;
    if (all == 0) return std::nullopt;
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all)));
    std::uint64_t count = 0;
    for (const Bin& bin : bins) {
        count += bin.count;
        if (count < std::max<std::uint64_t>(rank, 1)) continue;
        const std::uint32_t beyond = bin.bin < 256 ? 0 : bin.bin / 128 - 1;
        return static_cast<double>(std::uint64_t{bin.bin - beyond * 128 + 1} << beyond) / 1e3;
    }
    return std::nullopt;
}

void SliceFigures::merge(const SliceFigures& other) {
    for (const auto& [key, figures] : other.routes) routes[key].merge(figures);
    freshness.merge(other.freshness);
    ledger.good += other.ledger.good;
    ledger.total += other.ledger.total;
}

Ratio count(const Indicator& indicator, const SliceFigures& figures) {
    switch (indicator.kind) {
        case Indicator::Kind::Freshness:
            return {figures.freshness.within(indicator.threshold_ms), figures.freshness.answered};
        case Indicator::Kind::Correctness:
            return figures.ledger;
        case Indicator::Kind::Metric:
            return {};
        case Indicator::Kind::Availability:
        case Indicator::Kind::Latency:
        case Indicator::Kind::Errors:
            break;
    }
    Ratio sum;
    for (const auto& [key, route] : figures.routes) {
        if (!is_of(key, indicator.route)) continue;
        sum.total += route.answered;
        if (indicator.kind == Indicator::Kind::Latency) {
            sum.good += route.within(indicator.threshold_ms);
        } else {
            sum.good += route.answered - route.failed - (indicator.limited_is_bad ? route.limited : 0);
        }
    }
    return sum;
}

RequestFigures durations(const Indicator& indicator, const SliceFigures& figures) {
    switch (indicator.kind) {
        case Indicator::Kind::Freshness:
            return figures.freshness;
        case Indicator::Kind::Correctness:
        case Indicator::Kind::Metric:
            return {};
        case Indicator::Kind::Availability:
        case Indicator::Kind::Latency:
        case Indicator::Kind::Errors:
            break;
    }
    RequestFigures all;
    for (const auto& [key, route] : figures.routes)
        if (is_of(key, indicator.route)) all.merge(route);
    return all;
}

std::string encode(const SliceFigures& figures, const std::function<std::uint64_t(const std::string&)>& id_of) {
    std::string out(1, kForm);
    put(out, figures.ledger.good);
    put(out, figures.ledger.total);
    put(out, figures.freshness);
    put(out, figures.routes.size());
    for (const auto& [key, route] : figures.routes) {
        put(out, id_of(key));
        put(out, route);
    }
    return out;
}

Result<SliceFigures> decode_figures(std::string_view bytes,
                                    const std::function<const std::string*(std::uint64_t)>& name_of) {
    const auto corrupt = [] { return Error::make(ErrorCode::Corrupt, "figures of a slice cannot be read"); };
    if (!bytes.starts_with(kForm)) return corrupt();
    Reader in(bytes.substr(1));
    SliceFigures figures;
    figures.ledger.good = in.number();
    figures.ledger.total = in.number();
    figures.freshness = in.figures();
    const std::uint64_t count = in.number();
    for (std::uint64_t i = 0; i < count && in.good(); ++i) {
        const std::string* const name = name_of(in.number());
        RequestFigures route = in.figures();
        if (name == nullptr || !in.good()) return corrupt();
        figures.routes[*name].merge(route);
    }
    if (!in.good() || !in.at_end()) return corrupt();
    return figures;
}

}  // namespace streamgauge::slo
