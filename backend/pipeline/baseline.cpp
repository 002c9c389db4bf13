// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipeline/baseline.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/log.h"
#include "base/sqlite.h"
#include "journal/journal_snapshot.h"
#include "pipeline/replay.h"
#include "store/sqlite_result_store.h"

namespace streamgauge {
namespace {

using Json = nlohmann::json;

std::string to_hex(const std::string& bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

std::optional<std::string> from_hex(const std::string& text) {
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high << 4 | low);
    }
    return out;
}

std::string line_of(const SealedSpan& span) {
    Json tables = Json::array();
    for (const TableDigest& table : span.tables)
        tables.push_back(
            {{"metric", table.metric}, {"tier", table.tier}, {"rows", table.rows}, {"sha256", table.sha256}});
    return Json{{"first", span.seal.first},           {"last", span.seal.last},       {"events", span.seal.events},
                {"sha256", to_hex(span.seal.sha256)}, {"results", std::move(tables)}, {"users", span.users_sha256}}
               .dump() +
           '\n';
}

std::optional<SealedSpan> span_of(const std::string& line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    try {
        SealedSpan span;
        json.at("first").get_to(span.seal.first);
        json.at("last").get_to(span.seal.last);
        json.at("events").get_to(span.seal.events);
        const auto sha256 = from_hex(json.at("sha256").get<std::string>());
        if (!sha256) return std::nullopt;
        span.seal.sha256 = *sha256;
        for (const Json& entry : json.at("results")) {
            TableDigest table;
            entry.at("metric").get_to(table.metric);
            entry.at("tier").get_to(table.tier);
            entry.at("rows").get_to(table.rows);
            entry.at("sha256").get_to(table.sha256);
            span.tables.push_back(std::move(table));
        }
        json.at("users").get_to(span.users_sha256);
        return span;
    } catch (const Json::exception&) {
        return std::nullopt;
    }
}

Error file_error(const std::string& doing, const std::string& path) {
    return Error::make(ErrorCode::Io, "cannot " + doing + " " + path + ": " + std::strerror(errno));
}

// The text up to the last line that is whole: a crash may have left the beginning of another.
Result<std::string> whole_lines(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::string();
    std::ostringstream text;
    text << file.rdbuf();
    if (!file.good() && !file.eof()) return Error::make(ErrorCode::Io, "cannot read " + path);
    std::string out = text.str();
    out.resize(out.rfind('\n') + 1);
    return out;
}

Status append_line(const std::string& path, std::size_t at, const std::string& line) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (file < 0) return file_error("open", path);
    Status written;
    if (::ftruncate(file, static_cast<off_t>(at)) != 0) written = file_error("cut", path);
    for (std::size_t done = 0; written.ok() && done < line.size();) {
        const ssize_t n = ::pwrite(file, line.data() + done, line.size() - done, static_cast<off_t>(at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            written = file_error("write to", path);
        else
            done += static_cast<std::size_t>(n);
    }
    if (written.ok() && ::fsync(file) != 0) written = file_error("sync", path);
    ::close(file);
    return written;
}

Status make_durable(const std::string& path) {
    const Result<sql::Connection> connection = sql::open(path, false);
    if (!connection.ok()) return connection.error();
    return sql::execute(connection->get(), "PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE)");
}

Status sync_directory(const std::string& directory) {
    const int handle = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return file_error("open", directory);
    const bool synced = ::fsync(handle) == 0;
    ::close(handle);
    return synced ? Status() : Status(file_error("sync", directory));
}

}  // namespace

std::string baseline_store_path(const std::string& directory) {
    return directory + "/baseline.db";
}
std::string baseline_list_path(const std::string& directory) {
    return directory + "/baseline.ndjson";
}

Result<std::vector<SealedSpan>> read_baseline_list(const std::string& directory) {
    const Result<std::string> text = whole_lines(baseline_list_path(directory));
    if (!text.ok()) return text.error();
    std::vector<SealedSpan> spans;
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);) {
        std::optional<SealedSpan> span = span_of(line);
        if (!span)
            return Error::make(ErrorCode::Corrupt, "line " + std::to_string(spans.size() + 1) + " of " +
                                                       baseline_list_path(directory) + " is not one that we wrote");
        spans.push_back(std::move(*span));
    }
    return spans;
}

Status take_into_baseline(const std::string& directory, const Seal& seal,
                          const std::vector<MetricDefinition>& definitions, const std::atomic<bool>& cancelled) {
    const Result<std::vector<SealedSpan>> spans = read_baseline_list(directory);
    if (!spans.ok()) return spans.error();
    if (spans->empty() && seal.first != 1)
        return Error::make(ErrorCode::NotFound, "what came before event " + std::to_string(seal.first) +
                                                    " is not known: there is no baseline");
    if (!spans->empty()) {
        const Seal& last = spans->back().seal;
        if (last == seal) return {};
        if (last.last + 1 != seal.first)
            return Error::make(ErrorCode::Conflict, "the baseline ends at event " + std::to_string(last.last) +
                                                        ", and the span begins at " + std::to_string(seal.first));
    }

    auto store = open_sqlite_result_store(baseline_store_path(directory));
    if (!store.ok()) return store.error();
    auto journal = JournalSnapshot::open(directory);
    if (!journal.ok()) return journal.error();
    (*journal)->end_at(seal.last + 1);
    ReplayOptions options;
    options.cancelled = &cancelled;
    const Result<PartitionState> state = replay(**journal, **store, definitions, options);
    if (!state.ok()) return state.error();

    Result<ResultDigest> digest = Error::make(ErrorCode::Internal, "no digest");
    {
        const auto snapshot = (*store)->snapshot();
        if (!snapshot.ok()) return snapshot.error();
        digest = digest_results(**snapshot, definitions);
    }
    if (!digest.ok()) return digest.error();
    // The store leaves syncing to checkpoints, and this one cannot be computed again once the span is gone.
    if (Status s = make_durable(baseline_store_path(directory)); !s.ok()) return s;
    const std::string path = baseline_list_path(directory);
    const Result<std::string> before = whole_lines(path);
    if (!before.ok()) return before.error();
    if (Status s = append_line(path, before->size(), line_of({seal, digest->tables, digest->users_sha256})); !s.ok())
        return s;
    return sync_directory(directory);
}

Result<bool> begin_store_from_baseline(const std::string& directory, Offset journal_begin, Offset journal_end) {
    const std::string path = directory + "/store.db", fresh = path + ".new";
    std::error_code failed;
    if (journal_begin <= 1 || std::filesystem::exists(path, failed) || failed) return false;
    const Result<std::vector<SealedSpan>> spans = read_baseline_list(directory);
    if (!spans.ok()) return spans.error();
    if (spans->empty()) return false;
    // It may be ahead of what the list says, on its way through another span: its commits are those of any store.
    Offset next = 1;
    {
        const auto baseline = open_result_store_readonly(baseline_store_path(directory));
        if (!baseline.ok()) return baseline.error();
        const Result<PartitionState> state = (*baseline)->state();
        if (!state.ok()) return state.error();
        next = state->next;
    }
    if (next < journal_begin || next > journal_end) return false;
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::filesystem::remove(fresh + suffix, failed);
        // What is left of a store that is gone belongs to no other.
        std::filesystem::remove(path + suffix, failed);
    }
    if (Status copied = sql::copy(baseline_store_path(directory), fresh); !copied.ok()) return copied.error();
    std::filesystem::rename(fresh, path, failed);
    if (failed) return Error::make(ErrorCode::Io, "cannot rename " + fresh + ": " + failed.message());
    log::warning("store_rebuilt",
                 "there was no store: it begins with what the events had come to that retention removed",
                 {{"path", path}, {"events", std::to_string(next - 1)}});
    return true;
}

}  // namespace streamgauge
