// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/load_run_store.h"

#include <zlib.h>

#include <cmath>

#include "api/gzip.h"
#include "api/json_writer.h"
#include "api/load_run_stores.h"

namespace streamgauge::api {
namespace {

// gzip, so that gunzip() reads it. zlib cannot fail with memory for its state and room for its output.
Result<std::string> compressed(std::string_view text) {
    z_stream stream{};
    constexpr int kGzip = 15 + 16, kMemory = 8, kFast = 3;
    if (deflateInit2(&stream, kFast, Z_DEFLATED, kGzip, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
        return Error::make(ErrorCode::Internal, "a report cannot be compressed");
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    if (ended != Z_STREAM_END) return Error::make(ErrorCode::Internal, "a report cannot be compressed");
    return out;
}

Error none(std::string_view id) {
    return Error::make(ErrorCode::NotFound, "there is no load run " + std::string(id));
}

bool is_text(std::string_view text) {
    return valid_utf8(text) && text.find('\0') == std::string_view::npos;
}

// Every byte that belongs to no character, and every zero byte, as U+FFFD.
std::string as_text(const std::string& text) {
    if (is_text(text)) return text;
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t length = std::min<std::size_t>(4, text.size() - i);
        while (length > 0 && !is_text(std::string_view(text).substr(i, length))) --length;
        if (length == 0) out += "\uFFFD";
        out.append(text, i, length);
        i += std::max<std::size_t>(length, 1);
    }
    return out;
}

}  // namespace

bool is_database_url(std::string_view place) {
    // What holds a password is no path, however it was written.
    return place.starts_with("postgresql:") || place.starts_with("postgres:") ||
           place.find("password=") != std::string_view::npos;
}

std::string shown_place(const std::string& place) {
    return is_database_url(place) ? shown_database_url(place) : place;
}

std::int64_t whole_micros(double value, double micros) {
    return static_cast<std::int64_t>(std::llround(value * micros));
}

Result<std::unique_ptr<LoadRunStore>> LoadRunStore::open(const std::string& place, LoadRunLimits limits) {
    if (place.find('\0') != std::string::npos) {
        Error error = Error::make(ErrorCode::InvalidArgument, "the place of the load runs contains a zero byte");
        error.field = "load.runs";
        return error;
    }
    return is_database_url(place) ? open_postgresql_load_runs(place, limits) : open_sqlite_load_runs(place, limits);
}

Status LoadRunStore::add(const StoredLoadRun& run, std::string_view report, Timestamp now) {
    if (report.size() > kReportBytes)
        return Error::make(ErrorCode::TooLarge, "the report of the load run is too large");
    if (run.id.empty() || !is_text(run.id))
        return Error::make(ErrorCode::InvalidArgument, "the id of the load run is no text");
    Result<std::string> packed = compressed(report);
    if (!packed) return packed.error();
    StoredLoadRun kept = run;
    for (std::string* word : {&kept.name, &kept.url, &kept.state, &kept.verdict, &kept.by}) *word = as_text(*word);
    return keep(kept, std::move(packed).value(), now);
}

Result<StoredLoadRun> LoadRunStore::find(std::string_view id) {
    if (!is_text(id)) return none("of this id");
    Result<std::optional<StoredLoadRun>> found = look_up(std::string(id));
    if (!found) return found.error();
    if (!*found) return none(id);
    return std::move(**found);
}

Result<std::string> LoadRunStore::report(std::string_view id) {
    if (!is_text(id)) return none("of this id");
    const Result<std::optional<std::string>> packed = packed_report(std::string(id));
    if (!packed) return packed.error();
    if (!*packed) return none(id);
    std::string text;
    if (Status unpacked = gunzip(**packed, kReportBytes, text); !unpacked)
        return Error::make(ErrorCode::Corrupt, "the report of load run " + std::string(id) + " is damaged");
    return text;
}

Status LoadRunStore::remove(std::string_view id) {
    if (!is_text(id)) return none("of this id");
    const Result<bool> erased = erase(std::string(id));
    if (!erased) return erased.error();
    if (!*erased) return none(id);
    return {};
}

}  // namespace streamgauge::api
