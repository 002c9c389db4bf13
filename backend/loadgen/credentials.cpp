// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/credentials.h"

#include <algorithm>
#include <fstream>
#include <optional>

#include "loadgen/spike_profile.h"

namespace streamgauge::loadgen {
namespace {

constexpr std::size_t kSecretBytes = 4096;

std::string base64(std::string_view bytes) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) -> unsigned {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0;
        };
        const unsigned word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (unsigned k = 0; k < 4; ++k) out += i + k <= bytes.size() ? letters[(word >> (18 - 6 * k)) & 63] : '=';
    }
    return out;
}

}  // namespace

Result<std::string> credentials_line(const Credentials& c) {
    if (c.kind == Credentials::Kind::None) return std::string();
    const bool from_file = c.environment.empty();
    const auto refused = [&](const std::string& message) {
        Error error = Error::make(ErrorCode::InvalidArgument, message);
        error.field = from_file ? "credentials.file" : "credentials.environment";
        return error;
    };
    std::optional<std::string> secret;
    if (from_file) {
        std::ifstream in(c.file);
        if (!in) return refused("cannot read " + c.file);
        std::string line(kSecretBytes + 2, '\0');
        in.read(line.data(), static_cast<std::streamsize>(line.size()));
        line.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
        line.resize(std::min(line.find_first_of("\r\n"), line.size()));
        secret = line;
    } else {
        secret = environment_variable(c.environment);
    }
    if (!secret || secret->empty())
        return refused(from_file ? "the file " + c.file + " has no secret in its first line"
                                 : "the variable " + c.environment + " is not set");
    if (secret->size() > kSecretBytes) return refused("the secret is longer than 4 KiB");
    if (std::any_of(secret->begin(), secret->end(), [](char ch) { return (ch >= 0 && ch < ' ') || ch == 0x7F; }))
        return refused("the secret has a control character");
    switch (c.kind) {
        case Credentials::Kind::Bearer:
            return "Authorization: Bearer " + *secret + "\r\n";
        case Credentials::Kind::Basic:
            return "Authorization: Basic " + base64(c.user + ":" + *secret) + "\r\n";
        case Credentials::Kind::Header:
            return c.header + ": " + *secret + "\r\n";
        case Credentials::Kind::None:
            break;
    }
    return std::string();
}

}  // namespace streamgauge::loadgen
