// SPDX-License-Identifier: GPL-3.0-or-later
// Stands between a generator and a server and does to the requests what the test says: loses, repeats, delays or
// reorders them, or cuts the connection, and tells the generator that all is well. Questions go through it, too.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/engine.h"

namespace streamgauge::test {

enum class ProxyFault {
    None,
    Lose,        // answered 202, and never forwarded
    Repeat,      // forwarded twice, the second time with other event ids
    Delay,       // answered 202, and forwarded 700 ms later
    Reorder,     // answered 202, and forwarded behind the next request
    Unanswered,  // forwarded, and the connection cut
};

class FaultProxy {
public:
    // What becomes of a POST, by its number in order of arrival.
    using Faults = std::function<ProxyFault(std::uint64_t)>;
    // Whether a question (its target) is answered 503; the live feed always is.
    using Refuses = std::function<bool(const std::string&)>;

    FaultProxy(http::Endpoint server, Faults faults, Refuses refuses = nullptr);
    // After everything that was delayed was forwarded.
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    std::string url() const;  // .../events

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace streamgauge::test
