// SPDX-License-Identifier: GPL-3.0-or-later
// Networks, forwarded headers and PROXY headers, without an engine.
#include "http/network.h"

#include <gtest/gtest.h>

#include "http/forwarded.h"
#include "http/proxy_protocol.h"

namespace streamgauge::http {
namespace {

TEST(Networks, ContainWhatTheyCover) {
    struct Row {
        std::string_view network, address;
        bool contains;
    };
    for (const Row& row : {
             Row{"10.0.0.0/8", "10.255.255.255", true},
             Row{"10.0.0.0/8", "11.0.0.0", false},
             Row{"10.0.0.0/8", "::ffff:10.1.2.3", true},
             Row{"10.0.0.0/8", "::10.1.2.3", false},
             Row{"192.0.2.128/25", "192.0.2.128", true},
             Row{"192.0.2.128/25", "192.0.2.127", false},
             Row{"192.0.2.7", "192.0.2.7", true},
             Row{"192.0.2.7", "192.0.2.6", false},
             Row{"192.0.2.7/32", "192.0.2.7", true},
             Row{"0.0.0.0/0", "203.0.113.9", true},
             Row{"0.0.0.0/0", "2001:db8::1", false},
             Row{"::/0", "2001:db8::1", true},
             Row{"::/0", "203.0.113.9", false},
             Row{"2001:db8::/33", "2001:db8:7fff::1", true},
             Row{"2001:db8::/33", "2001:db8:8000::1", false},
             Row{"::1", "::1", true},
             Row{"::1", "127.0.0.1", false},
             Row{"::ffff:192.0.2.0/120", "192.0.2.200", true},
         }) {
        SCOPED_TRACE(std::string(row.network) + " " + std::string(row.address));
        const auto network = parse_network(row.network);
        ASSERT_TRUE(network.ok()) << network.error().describe();
        EXPECT_EQ(network->contains(parse_address(row.address).value()), row.contains);
    }
}

TEST(Networks, AreRefusedWhenTheyAreNone) {
    for (const std::string_view text : {"",
                                        "/",
                                        "10.0.0.0/",
                                        "10.0.0.0/33",
                                        "10.0.0.0/-1",
                                        "10.0.0.0/08",
                                        "10.0.0.0/8 ",
                                        " 10.0.0.0/8",
                                        "10.0.0/8",
                                        "10.0.0.1/8",
                                        "localhost",
                                        "::1/129",
                                        "2001:db8::1/32",
                                        "1.2.3.4.5",
                                        "010.0.0.0/8",
                                        "fe80::1%eth0",
                                        "[::1]",
                                        "10.0.0.0/8/8",
                                        "::/0x10",
                                        "10.0.0.0/+8"}) {
        const auto network = parse_network(text);
        ASSERT_FALSE(network.ok()) << text;
        EXPECT_EQ(network.error().code, ErrorCode::InvalidArgument);
        EXPECT_FALSE(network.error().hint.empty());
    }
}

TEST(Networks, AddressesAreWrittenInTheirCanonicalForm) {
    EXPECT_EQ(to_string(*parse_address("::ffff:192.0.2.7")), "192.0.2.7");
    EXPECT_EQ(to_string(*parse_address("2001:DB8:0:0:0:0:0:1")), "2001:db8::1");
    EXPECT_FALSE(parse_address(std::string_view("127.0.0.1\0", 10)));
    EXPECT_FALSE(parse_address(std::string(60, '1')));
}

std::string client_of(const std::vector<std::string_view>& fields) {
    static const TrustedProxies trusted = *TrustedProxies::parse({"10.0.0.0/8", "2001:db8:1::/48"});
    Request request;
    for (const std::string_view field : fields) request.headers.emplace_back("x-forwarded-for", field);
    const auto client = read_forwarded(request, trusted).client;
    return client ? to_string(*client) : "peer";
}

TEST(Forwarded, TheClientIsTheRightmostThatIsNoProxy) {
    EXPECT_EQ(client_of({}), "peer");
    EXPECT_EQ(client_of({""}), "peer");
    EXPECT_EQ(client_of({"203.0.113.9"}), "203.0.113.9");
    EXPECT_EQ(client_of({"1.1.1.1, 203.0.113.9"}), "203.0.113.9") << "what stands left was written by the client";
    EXPECT_EQ(client_of({"1.1.1.1, 203.0.113.9 , 10.0.0.7,10.0.0.8"}), "203.0.113.9");
    EXPECT_EQ(client_of({"1.1.1.1", "203.0.113.9", "10.0.0.7"}), "203.0.113.9") << "fields are one list";
    EXPECT_EQ(client_of({"10.0.0.6, 10.0.0.7"}), "10.0.0.6") << "all trusted: the first of them";
    EXPECT_EQ(client_of({"203.0.113.9:50123"}), "203.0.113.9");
    EXPECT_EQ(client_of({"[2001:db8:2::9]:443"}), "2001:db8:2::9");
    EXPECT_EQ(client_of({"[2001:db8:2::9]"}), "2001:db8:2::9");
    EXPECT_EQ(client_of({"2001:db8:2::9, 2001:db8:1::1"}), "2001:db8:2::9");
    EXPECT_EQ(client_of({"::ffff:203.0.113.9"}), "203.0.113.9");
    EXPECT_EQ(client_of({"203.0.113.9, unknown"}), "peer") << "nothing is known beyond what is no address";
    EXPECT_EQ(client_of({"203.0.113.9, unknown, 10.0.0.7"}), "10.0.0.7");
    EXPECT_EQ(client_of({"203.0.113.9, , 10.0.0.7"}), "10.0.0.7");
    EXPECT_EQ(client_of({"203.0.113.9, [203.0.113.8]"}), "peer");
    EXPECT_EQ(client_of({"203.0.113.9, evil.example:80"}), "peer");
}

TEST(Forwarded, TheNearestProxySaysHowItWasReached) {
    const TrustedProxies trusted;
    const auto secure = [&](const std::vector<std::string_view>& fields) {
        Request request;
        for (const std::string_view field : fields) request.headers.emplace_back("X-Forwarded-Proto", field);
        return read_forwarded(request, trusted).secure;
    };
    EXPECT_EQ(secure({}), std::nullopt);
    EXPECT_EQ(secure({"https"}), true);
    EXPECT_EQ(secure({"HTTPS"}), true);
    EXPECT_EQ(secure({"http"}), false);
    EXPECT_EQ(secure({"https, http"}), false);
    EXPECT_EQ(secure({"https", "http"}), false);
    EXPECT_EQ(secure({""}), std::nullopt);
}

// "done 203.0.113.9 48", "refused", "more".
std::string outcome(std::string_view bytes) {
    ProxyHeader header;
    switch (read_proxy_header(bytes, header)) {
        case ProxyProgress::NeedMore:
            return "more";
        case ProxyProgress::Refused:
            return "refused";
        case ProxyProgress::Done:
            break;
    }
    return "done " + (header.client ? to_string(*header.client) : "-") + (header.secure ? " secure " : " ") +
           std::to_string(header.size);
}

TEST(ProxyLine, IsStrict) {
    struct Row {
        std::string_view line, outcome;
    };
    for (const Row& row : {
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", "done 203.0.113.9 44"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\nGET", "done 203.0.113.9 44"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 0 65535\r\n", "done 203.0.113.9 42"},
             Row{"PROXY TCP6 2001:db8::9 ::1 1 2\r\n", "done 2001:db8::9 32"},
             Row{"PROXY UNKNOWN\r\n", "done - 15"},
             Row{"PROXY UNKNOWN ffff:f...f:ffff whatever 65535\r\n", "done - 46"},
             Row{"", "more"},
             Row{"P", "more"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r", "more"},
             Row{"GET / HTTP/1.1\r\n", "refused"},
             Row{"PROXYTCP4", "refused"},
             Row{"proxy TCP4 203.0.113.9 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY TCP5 203.0.113.9 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY UDP4 203.0.113.9 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY  TCP4 203.0.113.9 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9  192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 1 2 \r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 1 2 3\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 1\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 1 \r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 01 2\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 1 65536\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 1 -2\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.09 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.999 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY TCP4 ::1 ::1 1 2\r\n", "refused"},
             Row{"PROXY TCP6 203.0.113.9 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY TCP4 localhost 192.0.2.1 1 2\r\n", "refused"},
             Row{"PROXY\r\n", "refused"},
             Row{"PROXY \r\n", "refused"},
             Row{"PROXY TCP4 203.0.113.9 192.0.2.1 1 2\n", "refused"},
             Row{"PROXY TCP4\r 203.0.113.9 192.0.2.1 1 2\r\n", "refused"},
         }) {
        EXPECT_EQ(outcome(row.line), row.outcome) << row.line;
    }
    const std::string unknown = "PROXY UNKNOWN ";
    EXPECT_EQ(outcome(unknown + std::string(107 - unknown.size() - 2, 'x') + "\r\n"), "done - 107");
    EXPECT_EQ(outcome(unknown + std::string(108 - unknown.size() - 2, 'x') + "\r\n"), "refused");
    EXPECT_EQ(outcome(unknown + std::string(107 - unknown.size(), 'x')), "refused") << "no end in sight";
}

std::string binary(std::uint8_t command, std::uint8_t family, std::string_view rest, int length = -1) {
    std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
    const std::size_t size = length < 0 ? rest.size() : static_cast<std::size_t>(length);
    bytes += static_cast<char>(command);
    bytes += static_cast<char>(family);
    bytes += static_cast<char>(size >> 8U);
    bytes += static_cast<char>(size & 0xFFU);
    return bytes + std::string(rest);
}

TEST(ProxyBinary, IsStrict) {
    const std::string v4("\xCB\x00\x71\x09\xC0\x00\x02\x01\xDC\x04\x01\xBB", 12);
    const std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x09" + std::string(20, '\0');
    const std::string noop("\x04\x00\x03xyz", 6);
    const std::string ssl("\x20\x00\x05\x01\x00\x00\x00\x00", 8);
    const std::string no_ssl("\x20\x00\x05\x00\x00\x00\x00\x01", 8);
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4)), "done 203.0.113.9 28");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4) + "GET"), "done 203.0.113.9 28");
    EXPECT_EQ(outcome(binary(0x21, 0x21, v6)), "done 2001:db8::9 52");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4 + noop)), "done 203.0.113.9 34");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4 + noop + ssl)), "done 203.0.113.9 secure 42");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4 + no_ssl)), "done 203.0.113.9 36");
    EXPECT_EQ(outcome(binary(0x21, 0x31, std::string(216, 'p'))), "done - 232") << "a socket of its machine";
    EXPECT_EQ(outcome(binary(0x21, 0x00, "anything")), "done - 24");
    EXPECT_EQ(outcome(binary(0x20, 0x00, "")), "done - 16");
    EXPECT_EQ(outcome(binary(0x20, 0x77, "to be skipped")), "done - 29");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4, 13)), "more");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4.substr(0, 11), 12)), "more");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4.substr(0, 11))), "refused") << "no room for the addresses";
    EXPECT_EQ(outcome(binary(0x21, 0x21, v4)), "refused");
    EXPECT_EQ(outcome(binary(0x11, 0x11, v4)), "refused") << "version 1";
    EXPECT_EQ(outcome(binary(0x22, 0x11, v4)), "refused") << "no such command";
    EXPECT_EQ(outcome(binary(0x21, 0x12, v4)), "refused") << "UDP";
    EXPECT_EQ(outcome(binary(0x21, 0x41, v4)), "refused") << "no such family";
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4 + "\x04")), "refused") << "half an extra";
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4 + std::string("\x04\x00\x04xyz", 6))), "refused") << "an extra too long";
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4 + std::string("\x20\x00\x01\x01", 4))), "refused") << "a short SSL extra";
    const std::string most = v4 + std::string("\x04\x07\xE1", 3) + std::string(2017, 'n');
    ASSERT_EQ(most.size() + 16, kProxyHeaderBytes);
    EXPECT_EQ(outcome(binary(0x21, 0x11, most)), "done 203.0.113.9 2048");
    EXPECT_EQ(outcome(binary(0x21, 0x11, v4, 2033)), "refused") << "longer than any header";
    for (std::size_t size = 1; size < 16; ++size) {
        EXPECT_EQ(outcome(binary(0x21, 0x11, v4).substr(0, size)), "more") << size;
    }
}

}  // namespace
}  // namespace streamgauge::http
