// SPDX-License-Identifier: GPL-3.0-or-later
// Prometheus' text exposition format, version 0.0.4.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace streamgauge {

class Exposition {
public:
    using Label = std::pair<std::string_view, std::string_view>;
    using Labels = std::initializer_list<Label>;
    static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

    // Starts a family; its samples follow. `type`: counter, gauge or histogram. Each name once.
    void family(std::string_view name, std::string_view type, std::string_view help);
    // `name` is the family's, with _bucket, _sum or _count for a histogram.
    void sample(std::string_view name, Labels labels, double value);
    void sample(std::string_view name, Labels labels, std::uint64_t value);
    // A family with one sample and no label.
    void gauge(std::string_view name, std::string_view help, double value);
    void counter(std::string_view name, std::string_view help, std::uint64_t value);

    std::string take() { return std::move(out_); }

private:
    void start(std::string_view name, Labels labels);
    std::string out_;
};

}  // namespace streamgauge
