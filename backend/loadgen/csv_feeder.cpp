// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/csv_feeder.h"

#include <algorithm>
#include <fstream>
#include <set>

namespace streamgauge::loadgen {
namespace {

Error wrong(std::size_t line, std::size_t offset, const std::string& message) {
    Error error = Error::make(ErrorCode::InvalidArgument, "line " + std::to_string(line) + ": " + message);
    error.field = "feeder.file";
    error.offset = offset;
    return error;
}

// Reads one row from `at`, which is left at the beginning of the next. False: a quote is not closed, or text follows
// it.
bool read_row(std::string_view text, std::size_t& at, std::size_t& line, std::vector<std::string>& row) {
    row.clear();
    while (true) {
        std::string& value = row.emplace_back();
        if (at < text.size() && text[at] == '"') {
            for (++at;; ++at) {
                if (at >= text.size()) return false;
                if (text[at] == '\n') ++line;
                if (text[at] != '"') {
                    value += text[at];
                } else if (at + 1 < text.size() && text[at + 1] == '"') {
                    value += text[at++];
                } else {
                    break;
                }
            }
            ++at;
        } else {
            const std::size_t end = std::min(text.find_first_of(",\r\n\"", at), text.size());
            value = text.substr(at, end - at);
            at = end;
        }
        if (at < text.size() && text[at] == ',') {
            ++at;
            continue;
        }
        if (text.substr(at, 2) == "\r\n") ++at;
        if (at < text.size() && text[at] != '\n') return false;
        at = std::min(at + 1, text.size());
        ++line;
        return true;
    }
}

}  // namespace

Result<CsvRows> CsvRows::parse(std::string_view text) {
    CsvRows rows;
    std::size_t at = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0, line = 1;
    std::vector<std::string> row;
    while (at < text.size()) {
        const std::size_t begin = at, begin_line = line;
        if (!read_row(text, at, line, row)) return wrong(begin_line, begin, "a quote stands where none can");
        if (row.size() == 1 && row.front().empty() && rows.names_.size() != 1) continue;  // an empty line
        if (rows.names_.empty()) {
            if (row.size() > kMostColumns) return wrong(begin_line, begin, "there are more than 1000 columns");
            if (std::set<std::string>(row.begin(), row.end()).size() != row.size())
                return wrong(begin_line, begin, "two columns have one name");
            rows.names_ = row;
            continue;
        }
        if (row.size() != rows.names_.size())
            return wrong(begin_line, begin,
                         "there are " + std::to_string(row.size()) + " values for " +
                             std::to_string(rows.names_.size()) + " columns");
        if (rows.rows() == kMostRows) return wrong(begin_line, begin, "there are more than 1000000 rows");
        for (std::string& value : row) rows.values_.push_back(std::move(value));
    }
    if (rows.values_.empty()) return wrong(line, at, "there is no row under the columns' names");
    return rows;
}

Result<CsvRows> CsvRows::load(const std::string& file) {
    const auto refused = [&](const char* why) {
        Error error = Error::make(ErrorCode::InvalidArgument, "cannot read " + file + why);
        error.field = "feeder.file";
        return error;
    };
    std::ifstream in(file, std::ios::binary);
    if (!in) return refused("");
    std::string text;
    std::string block(64 * 1024, '\0');
    while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
        text.append(block, 0, static_cast<std::size_t>(in.gcount()));
        if (text.size() > kMostBytes) return refused(": it has more than 64 MiB");
    }
    if (in.bad()) return refused("");
    return parse(text);
}

Result<std::size_t> CsvRows::column(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end())
        return Error::make(ErrorCode::NotFound, "the CSV file has no column " + std::string(name));
    return static_cast<std::size_t>(found - names_.begin());
}

}  // namespace streamgauge::loadgen
