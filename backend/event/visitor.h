// SPDX-License-Identifier: GPL-3.0-or-later
// Pseudonyms of visitors whose SDK sends no id: a keyed hash of site, client address and User-Agent, new every UTC day.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.h"

namespace streamgauge {

// Equal for equal visitors of one site on one UTC day, under one secret, on every thread and server; without the secret
// nothing can be learnt from them. Who has the secret can test guesses of addresses. BLAKE2b-128 under a salt that is
// BLAKE2b-256 of the day under the secret (RFC 7693, both keyed). Not thread-safe: one per thread.
class VisitorHasher {
public:
    static constexpr std::size_t kTextBytes = 32;
    using Text = std::array<char, kTextBytes>;  // lower-case hexadecimal

    explicit VisitorHasher(const std::array<std::uint8_t, 32>& secret);

    // Of an address with its browser, on whatever site: what a dead letter keeps instead of them.
    Text person(Timestamp now, std::string_view address, std::string_view user_agent);
    Text visitor(Timestamp now, std::string_view site, std::string_view person);
    // Of the visit that goes on in the UTC hour of `now` by the visitor, or user, that is known as `who`.
    Text session(Timestamp now, std::string_view site, std::string_view who);

private:
    void turn_to(Timestamp now);

    std::array<std::uint8_t, 32> secret_;
    std::array<std::uint8_t, 32> salt_{};
    std::int64_t day_ = INT64_MIN;  // since 1970, of salt_
};

// A hash that depends on the texts alone, the same for ever (BLAKE2b-128). Every text counts with its length, so that
// no two lists of texts run together.
VisitorHasher::Text digest_of(std::initializer_list<std::string_view> texts);

}  // namespace streamgauge
