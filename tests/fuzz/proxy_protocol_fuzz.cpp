// SPDX-License-Identifier: GPL-3.0-or-later
// PROXY headers over any bytes: however few of them have come, the outcome is the same in the end, and what is taken is
// within the limit.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace streamgauge::http;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    ProxyHeader whole;
    const ProxyProgress outcome = read_proxy_header(bytes, whole);
    if (outcome == ProxyProgress::Done && (whole.size > bytes.size() || whole.size > kProxyHeaderBytes)) std::abort();
    if (outcome == ProxyProgress::NeedMore && size >= kProxyHeaderBytes) std::abort();
    for (std::size_t count = 0; count < size; ++count) {
        ProxyHeader part;
        const ProxyProgress progress = read_proxy_header(bytes.substr(0, count), part);
        if (progress == ProxyProgress::NeedMore) continue;
        if (progress != outcome || (progress == ProxyProgress::Done && part.client != whole.client)) std::abort();
        break;
    }
    return 0;
}
