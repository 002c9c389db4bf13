// SPDX-License-Identifier: GPL-3.0-or-later
// Annotations in a SQLite file of their own, written and read on a thread of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/annotation_service.h"
#include "api/service_thread.h"
#include "base/clock.h"
#include "base/sqlite.h"
#include "base/uuid.h"

namespace streamgauge::api {

class AnnotationLog final : public AnnotationService {
public:
    static constexpr std::size_t kMostKept = 100'000;

    // Makes the file where it is missing. Corrupt when it is no such file, or of a newer version. `clock` must outlive
    // the log. Of more than `most_kept` the oldest go.
    static Result<std::unique_ptr<AnnotationLog>> open(const std::string& path, const Clock& clock,
                                                       std::size_t most_kept = kMostKept);
    ~AnnotationLog() override { stop(); }

    void add(Annotation annotation, Done<Annotation> done) override;
    void list(std::string project, query::TimeRange range, std::size_t limit,
              Done<std::vector<Annotation>> done) override;
    void remove(std::string project, std::string id, Done<bool> done) override;
    // What waits is answered Unavailable. Idempotent.
    void stop() { thread_.stop(); }

private:
    AnnotationLog(sql::Connection connection, const Clock& clock, std::size_t most_kept, std::size_t kept);
    template <class T>
    void run(Done<T> done, std::function<Result<T>()> work);
    Result<Annotation> insert(Annotation annotation);
    Result<std::vector<Annotation>> select(const std::string& project, query::TimeRange range, std::size_t limit);
    Result<bool> erase(const std::string& project, const std::string& id);

    const sql::Connection connection_;  // the thread's own, like kept_ and ids_
    const Clock& clock_;
    const std::size_t most_kept_;
    std::size_t kept_;
    UuidGenerator ids_;
    ServiceThread thread_;
};

}  // namespace streamgauge::api
