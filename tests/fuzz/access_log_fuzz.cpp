// SPDX-License-Identifier: GPL-3.0-or-later
// Any lines as an access log, one reader for all of them: each is a request that can be sent as it stands, or a fault
// within the line; and it is the same whatever the reader has read before.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "loadgen/access_log.h"

namespace {

using namespace streamgauge;

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const loadgen::AccessLogEntry& entry, std::string_view line) {
    require(entry.at.micros >= -62'135'596'800'000'000 && entry.at.micros < 253'402'300'800'000'000);
    require(!entry.method.empty() && !entry.target.empty() && entry.target.front() == '/');
    for (const char c : entry.method) require(c >= 'A' && c <= 'Z');
    for (const char c : entry.target) require(c > ' ' && c < 0x7F);
    require(entry.target.size() <= 3 * line.size() && entry.body.size() <= 6 * line.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    loadgen::AccessLogReader reader;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const Result<loadgen::AccessLogEntry> entry = reader.read(line);
        const Result<loadgen::AccessLogEntry> alone = loadgen::AccessLogReader().read(line);
        require(entry.ok() == alone.ok());
        if (!entry.ok()) {
            require(!entry.error().offset || *entry.error().offset <= line.size());
            continue;
        }
        check(*entry, line);
        require(entry->at.micros == alone->at.micros && entry->target == alone->target && entry->body == alone->body);
    }
    return 0;
}
