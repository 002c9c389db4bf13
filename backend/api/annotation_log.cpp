// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/annotation_log.h"

#include <algorithm>
#include <utility>

#include "api/annotation_codec.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kLayout = 1;
constexpr std::size_t kMostTasks = 1'024;
constexpr std::size_t kMostListed = 1'000;

}  // namespace

Result<std::unique_ptr<AnnotationLog>> AnnotationLog::open(const std::string& path, const Clock& clock,
                                                           std::size_t most_kept) {
    Result<sql::Connection> connection = sql::open(path, true);
    if (!connection) return connection.error();
    auto asked = sql::Statement::prepare(connection->get(), "PRAGMA user_version");
    if (!asked) return asked.error();
    const Result<bool> row = asked->step();
    if (!row) return row.error();
    if (asked->integer(0) > kLayout)
        return Error::make(ErrorCode::Corrupt, "the file of annotations is of a newer version");
    asked->reset();
    // `body` is the annotation as JSON; the columns before it are what is searched for.
    if (Status made = sql::execute(connection->get(),
                                   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                   "BEGIN IMMEDIATE;"
                                   "CREATE TABLE IF NOT EXISTS annotations(id TEXT PRIMARY KEY, at INTEGER NOT NULL,"
                                   " until INTEGER NOT NULL, project TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;"
                                   "CREATE INDEX IF NOT EXISTS by_time ON annotations(at);"
                                   "PRAGMA user_version=1;"
                                   "COMMIT");
        !made)
        return made.error();
    auto counted = sql::Statement::prepare(connection->get(), "SELECT count(*) FROM annotations");
    if (!counted) return counted.error();
    const Result<bool> any = counted->step();
    if (!any) return any.error();
    const auto kept = static_cast<std::size_t>(counted->integer(0));
    counted->reset();
    return std::unique_ptr<AnnotationLog>(new AnnotationLog(std::move(connection).value(), clock, most_kept, kept));
}

AnnotationLog::AnnotationLog(sql::Connection connection, const Clock& clock, std::size_t most_kept, std::size_t kept)
    : connection_(std::move(connection)),
      clock_(clock),
      most_kept_(most_kept),
      kept_(kept),
      thread_("annotations", kMostTasks) {}

template <class T>
void AnnotationLog::run(Done<T> done, std::function<Result<T>()> work) {
    const auto shared = std::make_shared<Done<T>>(std::move(done));
    const bool taken = thread_.post([shared, work = std::move(work)](bool running) {
        (*shared)(running ? work() : Error::make(ErrorCode::Unavailable, "the server is stopping"));
    });
    if (!taken) (*shared)(Error::make(ErrorCode::Unavailable, "too many changes of annotations wait"));
}

void AnnotationLog::add(Annotation annotation, Done<Annotation> done) {
    run<Annotation>(std::move(done), [this, annotation = std::move(annotation)] { return insert(annotation); });
}

void AnnotationLog::list(std::string project, query::TimeRange range, std::size_t limit,
                         Done<std::vector<Annotation>> done) {
    run<std::vector<Annotation>>(std::move(done), [this, project = std::move(project), range, limit] {
        return select(project, range, std::clamp<std::size_t>(limit, 1, kMostListed));
    });
}

void AnnotationLog::remove(std::string project, std::string id, Done<bool> done) {
    run<bool>(std::move(done), [this, project = std::move(project), id = std::move(id)] { return erase(project, id); });
}

Result<Annotation> AnnotationLog::insert(Annotation annotation) {
    if (Status right = check(annotation); !right) return right.error();
    annotation.id = ids_.v7(clock_.now());
    const std::string body = encode(annotation);
    if (Status begun = sql::execute(connection_.get(), "BEGIN IMMEDIATE"); !begun) return begun.error();
    const auto write = [&]() -> Status {
        auto row = sql::Statement::prepare(connection_.get(), "INSERT INTO annotations VALUES(?, ?, ?, ?, ?)");
        if (!row) return row.error();
        row->bind_text(1, annotation.id).bind(2, annotation.at.micros);
        row->bind(3, annotation.until.value_or(annotation.at).micros);
        row->bind_text(4, annotation.project).bind_text(5, body);
        if (Status done = row->run(); !done) return done;
        if (kept_ >= most_kept_) {
            auto oldest = sql::Statement::prepare(connection_.get(),
                                                  "DELETE FROM annotations WHERE id IN"
                                                  " (SELECT id FROM annotations ORDER BY at, id LIMIT ?)");
            if (!oldest) return oldest.error();
            oldest->bind(1, static_cast<std::int64_t>(kept_ + 1 - most_kept_));
            if (Status done = oldest->run(); !done) return done;
        }
        return sql::execute(connection_.get(), "COMMIT");
    };
    if (Status done = write(); !done) {
        static_cast<void>(sql::execute(connection_.get(), "ROLLBACK"));
        return done.error();
    }
    kept_ = std::min(kept_ + 1, most_kept_);
    return annotation;
}

Result<std::vector<Annotation>> AnnotationLog::select(const std::string& project, query::TimeRange range,
                                                      std::size_t limit) {
    auto rows = sql::Statement::prepare(connection_.get(),
                                        "SELECT body FROM annotations WHERE at < ?2 AND until >= ?1"
                                        " AND (?3 = '' OR project = '' OR project = ?3)"
                                        " ORDER BY at DESC, id DESC LIMIT ?4");
    if (!rows) return rows.error();
    rows->bind(1, range.from.micros).bind(2, range.to.micros).bind_text(3, project);
    rows->bind(4, static_cast<std::int64_t>(limit));
    std::vector<Annotation> out;
    for (;;) {
        const Result<bool> more = rows->step();
        if (!more) return more.error();
        if (!*more) break;
        Result<Annotation> one = decode_annotation(rows->bytes(0));
        if (!one) return Error::make(ErrorCode::Corrupt, "an annotation cannot be read: " + one.error().describe());
        out.push_back(std::move(one).value());
    }
    std::reverse(out.begin(), out.end());
    return out;
}

Result<bool> AnnotationLog::erase(const std::string& project, const std::string& id) {
    auto row = sql::Statement::prepare(
        connection_.get(), "DELETE FROM annotations WHERE id = ?1 AND (?2 = '' OR project = ?2) RETURNING id");
    if (!row) return row.error();
    row->bind_text(1, id).bind_text(2, project);
    const Result<bool> found = row->step();
    if (!found) return found.error();
    row->reset();
    if (!*found) return Error::make(ErrorCode::NotFound, "there is no such annotation");
    --kept_;
    return true;
}

}  // namespace streamgauge::api
