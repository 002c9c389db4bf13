// SPDX-License-Identifier: GPL-3.0-or-later
// Events of a small shop, each a function of its number: thirty days of page views, clicks and purchases, for
// benchmarks of questions.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "event/event.h"

namespace streamgauge::bench {

inline constexpr std::uint64_t kUsers = 200'000;
inline constexpr std::uint64_t kPages = 5'000;
inline constexpr std::int64_t kShopDays = 30;
inline constexpr Timestamp kShopStart{1'767'225'600'000'000};  // 2026-01-01T00:00:00Z
inline constexpr std::int64_t kShopMicros = kShopDays * 86'400'000'000;

// A permutation of 64 bits (S. Vigna, splitmix64).
inline std::uint64_t mix(std::uint64_t x) {
    x += 0x9E37'79B9'7F4A'7C15;
    x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9;
    x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EB;
    return x ^ (x >> 31);
}

// Makes the events of a shop that had `count` of them. Views are valid until the next call.
class Shop {
public:
    explicit Shop(std::uint64_t count) : count_(count) {}

    EventView event(std::uint64_t number) {
        const std::uint64_t a = mix(4 * number), b = mix(4 * number + 1), c = mix(4 * number + 2);
        EventView v;
        uuid(a, b);
        v.event_id = {id_.data(), id_.size()};
        const std::uint64_t share = a % 100;
        v.event_type = share < 70   ? "page_view"
                       : share < 90 ? "click"
                       : share < 95 ? "login"
                       : share < 98 ? "add_to_cart"
                                    : "purchase";
        // Few are frequent: the square, and the cube, of an even distribution.
        const double u = even(b), p = even(c);
        const auto user = static_cast<std::uint64_t>(u * u * static_cast<double>(kUsers));
        const auto page = static_cast<std::uint64_t>(p * p * p * static_cast<double>(kPages));
        const std::int64_t since = static_cast<std::int64_t>(static_cast<double>(number) / static_cast<double>(count_) *
                                                             static_cast<double>(kShopMicros));
        v.received_at = kShopStart.plus_micros(since);
        const auto late = static_cast<std::int64_t>(mix(c) % 5'000'000);
        v.occurred_at = v.received_at.plus_micros(-late);
        set(user_, "u_", user);
        set(session_, "s_", user * 64 + static_cast<std::uint64_t>(since / 86'400'000'000));
        set(page_, "/shop/products/", page);
        v.user_id = user_;
        v.session_id = session_;
        v.page_url = page_;
        constexpr std::array<std::string_view, 4> kPlans{"free", "starter", "team", "enterprise"};
        constexpr std::array<std::string_view, 8> kCountries{"DE", "FR", "US", "GB", "IN", "BR", "JP", "PL"};
        props_ = R"({"plan":")";
        props_ += kPlans[(a >> 8) % 4];
        props_ += R"(","country":")";
        props_ += kCountries[(a >> 16) % 8];
        props_ += R"(","width":)";
        number_text((a >> 24) % 4 * 640);
        if (v.event_type == "purchase") {
            props_ += R"(,"amount_usd":)";
            number_text((b >> 40) % 500);
            props_ += '.';
            props_ += static_cast<char>('0' + (c >> 40) % 10);
            props_ += static_cast<char>('0' + (c >> 50) % 10);
        }
        props_ += '}';
        v.props = props_;
        return v;
    }

private:
    static double even(std::uint64_t x) { return static_cast<double>(x >> 11) * 0x1.0p-53; }
    void uuid(std::uint64_t high, std::uint64_t low) {
        constexpr char kHex[] = "0123456789abcdef";
        std::size_t at = 0;
        for (std::size_t digit = 0; digit < 32; ++digit) {
            if (digit == 8 || digit == 12 || digit == 16 || digit == 20) id_[at++] = '-';
            id_[at++] = kHex[((digit < 16 ? high : low) >> (60 - 4 * (digit % 16))) & 15];
        }
    }
    static void set(std::string& text, std::string_view prefix, std::uint64_t n) {
        std::array<char, 20> digits{};
        text = prefix;
        text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr);
    }
    void number_text(std::uint64_t n) {
        std::array<char, 20> digits{};
        props_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr);
    }

    std::uint64_t count_;
    std::array<char, 36> id_{};
    std::string user_, session_, page_, props_;
};

}  // namespace streamgauge::bench
