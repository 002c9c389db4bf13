// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/proxy_protocol.h"

#include <algorithm>
#include <cstdint>

namespace streamgauge::http {
namespace {

constexpr std::string_view kStart1 = "PROXY ";
constexpr std::size_t kLine1 = 107;  // with CR LF
constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kHead2 = 16;
constexpr std::uint8_t kTypeSsl = 0x20;
constexpr std::uint8_t kClientSsl = 0x01;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}
std::size_t length_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::size_t>(byte_at(bytes, at)) << 8U | byte_at(bytes, at + 1);
}

// The next word of the line; words are one space apart.
std::string_view take_word(std::string_view& line) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(std::min(space + 1, line.size()));
    return word;
}

bool is_port(std::string_view word) {
    if (word.empty() || word.size() > 5 || (word.size() > 1 && word.front() == '0')) return false;
    std::uint32_t port = 0;
    for (const char c : word) {
        if (c < '0' || c > '9') return false;
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return port <= 65535;
}

ProxyProgress read_line(std::string_view bytes, ProxyHeader& header) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return bytes.size() < kLine1 ? ProxyProgress::NeedMore : ProxyProgress::Refused;
    if (end >= kLine1 || bytes[end - 1] != '\r') return ProxyProgress::Refused;
    header.size = end + 1;
    std::string_view line = bytes.substr(kStart1.size(), end - 1 - kStart1.size());
    if (line.find('\r') != std::string_view::npos) return ProxyProgress::Refused;
    const std::string_view family = take_word(line);
    if (family == "UNKNOWN") return ProxyProgress::Done;  // "the receiver must ignore anything presented before CRLF"
    if (family != "TCP4" && family != "TCP6") return ProxyProgress::Refused;
    const bool v6 = family == "TCP6";
    const auto read_one = [&] {
        const std::string_view word = take_word(line);
        return (word.find(':') != std::string_view::npos) == v6 ? parse_address(word) : std::nullopt;
    };
    const auto source = read_one();
    const auto destination = read_one();
    if (!source || !destination || !is_port(take_word(line))) return ProxyProgress::Refused;
    if (!is_port(line)) return ProxyProgress::Refused;  // the last word ends the line
    header.client = source;
    return ProxyProgress::Done;
}

// Type, length and value, one after the other (section 2.2.1 and on).
bool read_extras(std::string_view extras, ProxyHeader& header) {
    while (!extras.empty()) {
        if (extras.size() < 3) return false;
        const std::uint8_t type = byte_at(extras, 0);
        const std::size_t length = length_at(extras, 1);
        if (extras.size() - 3 < length) return false;
        if (type == kTypeSsl) {
            if (length < 5) return false;  // which protocols, and whether the certificate was verified
            header.secure = (byte_at(extras, 3) & kClientSsl) != 0;
        }
        extras.remove_prefix(3 + length);
    }
    return true;
}

ProxyProgress read_binary(std::string_view bytes, ProxyHeader& header) {
    if (bytes.size() < kHead2) return ProxyProgress::NeedMore;
    const std::uint8_t version_and_command = byte_at(bytes, 12);
    if (version_and_command != 0x20 && version_and_command != 0x21) return ProxyProgress::Refused;
    const bool local = version_and_command == 0x20;
    const std::uint8_t family = byte_at(bytes, 13);
    std::size_t addresses = 0;  // bytes of them
    switch (family) {
        case 0x00:  // unspecified: the connection's own addresses count
            break;
        case 0x11:
            addresses = 12;
            break;
        case 0x21:
            addresses = 36;
            break;
        case 0x31:  // the balancer's client came by a socket of its machine
            addresses = 216;
            break;
        default:
            if (!local) return ProxyProgress::Refused;  // datagrams carry no HTTP
    }
    const std::size_t length = length_at(bytes, 14);
    header.size = kHead2 + length;
    if (header.size > kProxyHeaderBytes || (!local && length < addresses)) return ProxyProgress::Refused;
    if (bytes.size() < header.size) return ProxyProgress::NeedMore;
    if (local) return ProxyProgress::Done;  // what follows is to be skipped
    std::string_view rest = bytes.substr(kHead2, length);
    if (family == 0x11 || family == 0x21) {
        Address client;
        if (family == 0x11) client.bytes[10] = client.bytes[11] = 0xFF;
        const std::size_t size = family == 0x11 ? 4 : 16;
        for (std::size_t i = 0; i < size; ++i) client.bytes[16 - size + i] = byte_at(rest, i);
        header.client = client;
    }
    if (family != 0x00) rest.remove_prefix(addresses);
    // Unspecified addresses may be of any length, so where extras begin is not known.
    if (family != 0x00 && !read_extras(rest, header)) return ProxyProgress::Refused;
    return ProxyProgress::Done;
}

}  // namespace

ProxyProgress read_proxy_header(std::string_view bytes, ProxyHeader& header) {
    header = {};
    if (bytes.empty()) return ProxyProgress::NeedMore;
    const bool binary = bytes.front() == kSignature2.front();
    const std::string_view start = binary ? kSignature2 : kStart1;
    const std::size_t common = std::min(start.size(), bytes.size());
    if (bytes.substr(0, common) != start.substr(0, common)) return ProxyProgress::Refused;
    if (common < start.size()) return ProxyProgress::NeedMore;
    return binary ? read_binary(bytes, header) : read_line(bytes, header);
}

}  // namespace streamgauge::http
