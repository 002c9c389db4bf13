// SPDX-License-Identifier: GPL-3.0-or-later
#include "client/sse_parser.h"

namespace streamgauge::client {

namespace {
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
}

Status SseParser::feed(std::string_view bytes, std::vector<SseEvent>& out) {
    const Error too_large = Error::make(ErrorCode::TooLarge, "an event of the live stream is longer than allowed");
    if (failed_) return too_large;
    if (skip_line_feed_ && !bytes.empty()) {
        skip_line_feed_ = false;
        if (bytes.front() == '\n') bytes.remove_prefix(1);
    }
    while (!bytes.empty()) {
        const std::size_t end = bytes.find_first_of("\r\n");
        partial_.append(bytes.substr(0, end));
        if (partial_.size() + data_.size() > max_event_bytes_) {
            failed_ = true;
            return too_large;
        }
        if (end == std::string_view::npos) break;
        const bool carriage_return = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        if (carriage_return) {
            if (bytes.empty()) {
                skip_line_feed_ = true;
            } else if (bytes.front() == '\n') {
                bytes.remove_prefix(1);
            }
        }
        std::string_view text = partial_;
        if (at_start_ && text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
            text.remove_prefix(kByteOrderMark.size());
        at_start_ = false;
        line(text, out);
        partial_.clear();
    }
    return {};
}

void SseParser::line(std::string_view text, std::vector<SseEvent>& out) {
    if (text.empty()) {
        if (has_data_) out.push_back({id_, event_.empty() ? "message" : event_, data_});
        event_.clear();
        data_.clear();
        has_data_ = false;
        return;
    }
    if (text.front() == ':') return;
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (field == "data") {
        if (has_data_) data_ += '\n';
        data_ += value;
        has_data_ = true;
    } else if (field == "event") {
        event_ = value;
    } else if (field == "id") {
        if (value.find('\0') == std::string_view::npos) id_ = value;
    }
}

}  // namespace streamgauge::client
