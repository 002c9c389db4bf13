// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as what a server says of a run's events, which may be another server than one expects: refused, or read
// alike each time, as a page and as a message.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "loadgen/seen_events.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

bool same(const Result<std::vector<loadgen::SeenEvent>>& a, const Result<std::vector<loadgen::SeenEvent>>& b) {
    if (a.ok() != b.ok()) return false;
    if (!a.ok()) return true;
    if (a->size() != b->size()) return false;
    for (std::size_t i = 0; i < a->size(); ++i) {
        const loadgen::SeenEvent &x = (*a)[i], &y = (*b)[i];
        if (x.id != y.id || x.number != y.number || x.sent_micros != y.sent_micros) return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    // As in a run, one reader reads all.
    static loadgen::SeenEventReader used;
    loadgen::SeenEventReader fresh;
    std::uint64_t skipped = 0;
    const auto seen = fresh.read(text, "a", &skipped);
    require(same(seen, used.read(text, "a")));
    if (!seen) {
        require(seen.error().code == ErrorCode::InvalidArgument && !seen.error().message.empty());
        return 0;
    }
    for (const loadgen::SeenEvent& event : *seen) require(event.sent_micros >= 0);
    require(fresh.read(text, "no run has such a stamp, \xFF")->empty());
    // A page's list is a message's, too.
    if (text.find_first_not_of(" \t\r\n") != std::string::npos && text[text.find_first_not_of(" \t\r\n")] == '[')
        require(same(seen, fresh.read("{\"events\":" + text + ",\"skipped\":7}", "a", &skipped)) && skipped == 7);
    return 0;
}
