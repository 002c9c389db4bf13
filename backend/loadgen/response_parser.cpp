// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/response_parser.h"

#include <algorithm>
#include <array>

namespace streamgauge::loadgen {
namespace {

constexpr std::uint64_t kLongestBody = std::uint64_t{1} << 40;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) {
    return text.size() == lower_case.size() &&
           std::equal(text.begin(), text.end(), lower_case.begin(), [](char a, char b) { return lower(a) == b; });
}

// What a byte may be part of: a header's name, a header's value.
constexpr std::uint8_t kToken = 1, kValue = 2;

constexpr std::array<std::uint8_t, 256> byte_kinds() {
    std::array<std::uint8_t, 256> kinds{};
    for (std::size_t c = 0; c < kinds.size(); ++c)
        if ((c >= ' ' && c != 0x7F) || c == '\t') kinds[c] |= kValue;
    const auto add = [&kinds](std::string_view bytes) {
        for (const char c : bytes) kinds[static_cast<unsigned char>(c)] |= kToken;
    };
    add("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    add("abcdefghijklmnopqrstuvwxyz");
    add("0123456789!#$%&'*+-.^_`|~");
    return kinds;
}
constexpr std::array<std::uint8_t, 256> kByteKinds = byte_kinds();

bool consists_of(std::string_view text, std::uint8_t kind) {
    std::uint8_t common = kind;
    for (const char c : text) common &= kByteKinds[static_cast<unsigned char>(c)];
    return common != 0;
}

bool is_token(std::string_view text) {
    return !text.empty() && consists_of(text, kToken);
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

void ResponseParser::reset() {
    pieces_.clear();
    part_ = Part::Head;
    started_ = false;
    server_timing_size_ = 0;
}

ResponseParser::State ResponseParser::take(std::string_view& bytes) {
    if (!bytes.empty()) started_ = true;
    return part_ == Part::Head ? head(bytes) : body(bytes);
}

ResponseParser::State ResponseParser::feed(std::string_view bytes) {
    const State state = take(bytes);
    return state == State::Complete && !bytes.empty() ? State::Malformed : state;
}

ResponseParser::State ResponseParser::finish() {
    return part_ == Part::UntilClose ? State::Complete : State::Malformed;
}

ResponseParser::State ResponseParser::head(std::string_view& bytes) {
    while (true) {
        std::size_t end = 0;
        if (pieces_.empty()) {
            end = bytes.find("\r\n\r\n");
        } else {
            const std::size_t from = pieces_.size() > 3 ? pieces_.size() - 3 : 0;
            pieces_ += bytes;
            end = pieces_.find("\r\n\r\n", from);
        }
        const std::size_t total = pieces_.empty() ? bytes.size() : pieces_.size();
        // Up to three bytes of the end may have come already.
        if (end == std::string_view::npos ? total > kHeadBytes + 3 : end > kHeadBytes) return State::Malformed;
        if (end == std::string_view::npos) {
            if (pieces_.empty()) pieces_ = bytes;
            bytes = {};
            return State::NeedMore;
        }
        const std::string_view all = pieces_.empty() ? bytes : std::string_view(pieces_);
        if (!parse_head(all.substr(0, end + 2))) return State::Malformed;
        bytes.remove_prefix(bytes.size() - (total - (end + 4)));  // what follows the head is always in the newest bytes
        pieces_.clear();
        if (status_ >= 200) return body(bytes);
        if (status_ == 101) return State::Malformed;  // nothing asked for another protocol
        if (bytes.empty()) return State::NeedMore;    // an interim answer: the real one follows
    }
}

bool ResponseParser::parse_head(std::string_view head) {
    closes_ = has_length_ = is_chunked_ = false;
    content_length_ = 0;
    std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    // HTTP/1.x SP 3DIGIT [SP reason]
    if (line.size() < 12 || line.substr(0, 7) != "HTTP/1." || (line[7] != '0' && line[7] != '1') || line[8] != ' ' ||
        !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]) || (line.size() > 12 && line[12] != ' '))
        return false;
    if (!consists_of(line, kValue)) return false;
    status_ = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (status_ < 100 || status_ > 599) return false;
    keep_alive_ = line[7] == '1';
    for (std::size_t at = end + 2; at < head.size(); at = end + 2) {
        end = head.find("\r\n", at);
        if (!parse_header(head.substr(at, end - at))) return false;
    }
    if (is_chunked_ && has_length_) return false;
    if (closes_) keep_alive_ = false;
    left_ = content_length_;
    if (status_ < 200 || status_ == 204 || status_ == 304) {
        part_ = status_ < 200 ? Part::Head : Part::Counted;
        left_ = 0;
    } else if (is_chunked_) {
        part_ = Part::ChunkSize;
        chunk_digits_ = 0;
        left_ = 0;
        trailer_bytes_ = 0;
    } else if (has_length_) {
        part_ = Part::Counted;
    } else {
        part_ = Part::UntilClose;
        keep_alive_ = false;
    }
    return true;
}

bool ResponseParser::parse_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (!is_token(name)) return false;
    if (!consists_of(value, kValue)) return false;
    if (equals_ignoring_case(name, "content-length")) {
        if (value.empty() || value.size() > 13 || !std::all_of(value.begin(), value.end(), is_digit)) return false;
        std::uint64_t length = 0;
        for (const char c : value) length = length * 10 + static_cast<std::uint64_t>(c - '0');
        if (length > kLongestBody || (has_length_ && length != content_length_)) return false;
        has_length_ = true;
        content_length_ = length;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        if (is_chunked_ || !equals_ignoring_case(value, "chunked")) return false;
        is_chunked_ = true;
    } else if (equals_ignoring_case(name, "connection")) {
        for (std::size_t at = 0; at <= value.size();) {
            const std::size_t comma = std::min(value.find(',', at), value.size());
            const std::string_view option = trimmed(value.substr(at, comma - at));
            if (equals_ignoring_case(option, "close")) closes_ = true;
            if (equals_ignoring_case(option, "keep-alive")) keep_alive_ = true;
            at = comma + 1;
        }
    } else if (equals_ignoring_case(name, "server-timing")) {
        server_timing_size_ = std::min(value.size(), server_timing_.size());
        std::copy_n(value.begin(), server_timing_size_, server_timing_.begin());
    }
    return true;
}

ResponseParser::State ResponseParser::body(std::string_view& bytes) {
    switch (part_) {
        case Part::Counted: {
            const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
            left_ -= taken;
            bytes.remove_prefix(taken);
            return left_ == 0 ? State::Complete : State::NeedMore;
        }
        case Part::UntilClose:
            bytes = {};
            return State::NeedMore;
        default:
            return chunked(bytes);
    }
}

ResponseParser::State ResponseParser::chunked(std::string_view& bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        const char c = bytes[at];
        switch (part_) {
            case Part::ChunkSize:
                if (const int digit = hex_digit(c); digit >= 0) {
                    if (++chunk_digits_ > 10) return State::Malformed;
                    left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
                } else if (chunk_digits_ > 0 && c == '\r') {
                    part_ = Part::ChunkSizeEnd;
                } else if (chunk_digits_ > 0 && (c == ';' || c == ' ' || c == '\t')) {
                    part_ = Part::ChunkExtension;
                } else {
                    return State::Malformed;
                }
                ++at;
                break;
            case Part::ChunkExtension:
                if (c == '\n' || ++trailer_bytes_ > kHeadBytes) return State::Malformed;
                if (c == '\r') part_ = Part::ChunkSizeEnd;
                ++at;
                break;
            case Part::ChunkSizeEnd:
                if (c != '\n') return State::Malformed;
                part_ = left_ == 0 ? Part::Trailer : Part::ChunkData;
                ++at;
                break;
            case Part::ChunkData: {
                const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
                left_ -= take;
                at += take;
                if (left_ == 0) part_ = Part::ChunkDataEnd;
                break;
            }
            case Part::ChunkDataEnd:
                if (c != '\r') return State::Malformed;
                part_ = Part::ChunkDataEnd2;
                ++at;
                break;
            case Part::ChunkDataEnd2:
                if (c != '\n') return State::Malformed;
                part_ = Part::ChunkSize;
                chunk_digits_ = 0;
                ++at;
                break;
            case Part::Trailer:
                part_ = c == '\r' ? Part::TrailerEnd : Part::TrailerLine;
                if (c == '\n') return State::Malformed;
                ++at;
                break;
            case Part::TrailerLine:
                if (c == '\n' || ++trailer_bytes_ > kHeadBytes) return State::Malformed;
                if (c == '\r') part_ = Part::TrailerLineEnd;
                ++at;
                break;
            case Part::TrailerLineEnd:
                if (c != '\n') return State::Malformed;
                part_ = Part::Trailer;
                ++at;
                break;
            case Part::TrailerEnd:
                if (c != '\n') return State::Malformed;
                bytes.remove_prefix(at + 1);
                return State::Complete;
            case Part::Head:
            case Part::Counted:
            case Part::UntilClose:
                return State::Malformed;
        }
    }
    bytes = {};
    return State::NeedMore;
}

}  // namespace streamgauge::loadgen
