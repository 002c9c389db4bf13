// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/session_codec.h"

namespace streamgauge {
namespace {

void put(std::string& out, std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::uint64_t get(std::string_view in) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < in.size(); ++i)
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(in[i])) << (8 * i);
    return value;
}

}  // namespace

void encode_sessions(const std::vector<SessionActivity>& sessions, std::string& out) {
    out.clear();
    for (const SessionActivity& session : sessions) {
        put(out, session.session_id.size(), 2);
        out += session.session_id;
        put(out, static_cast<std::uint64_t>(session.last.micros), 8);
    }
}

std::optional<std::vector<SessionActivity>> decode_sessions(std::string_view blob) {
    std::vector<SessionActivity> sessions;
    while (!blob.empty()) {
        if (blob.size() < 2) return std::nullopt;
        const auto size = static_cast<std::size_t>(get(blob.substr(0, 2)));
        if (blob.size() < 2 + size + 8) return std::nullopt;
        sessions.push_back(
            {std::string(blob.substr(2, size)), {static_cast<std::int64_t>(get(blob.substr(2 + size, 8)))}});
        blob.remove_prefix(2 + size + 8);
    }
    return sessions;
}

}  // namespace streamgauge
