// SPDX-License-Identifier: GPL-3.0-or-later
// How the answer of a question comes to its client: as JSON, CSV or NDJSON, or as server-sent events with the progress
// before it; and how a question hears that its client has left.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/analysis_service.h"
#include "api/query_answer.h"
#include "base/clock.h"
#include "http/types.h"

namespace streamgauge {

enum class AnswerForm { Json, Csv, Ndjson, Events };

// The first that we have, of those that the client names in Accept.
AnswerForm answer_form(std::string_view accept);

// One event. `data` has no line breaks, as neither JSON nor problems have.
void send_event(http::Stream& stream, std::string_view name, std::string_view data);
// The event "progress", of hundredths of the whole.
void send_progress(http::Stream& stream, int hundredths);

// One client's. Thread-safe; in a shared_ptr, which the question's callbacks hold.
class QuestionReply : public std::enable_shared_from_this<QuestionReply> {
public:
    // `clock` must outlive it. arrived: monotonic.
    QuestionReply(http::ReplyPtr reply, const Clock& clock, std::int64_t arrived_nanos, AnswerForm form)
        : reply_(std::move(reply)), clock_(clock), arrived_(arrived_nanos), form_(form) {}

    // The question makes sense, and is about to be asked as this many: from here on events may be sent.
    void begin(api::AnswerStyle style, std::size_t questions);
    // Of the question with that number.
    api::Attendance attendance(std::size_t question);

    void take(std::size_t question, Result<query::PointsAnswer> answer);
    void take(Result<query::FunnelAnswer> answer);
    void take(Result<query::RetentionAnswer> answer);
    void send(http::Response response, const query::Explanation& explanation);
    void refuse(const Error& error);

private:
    void progress(std::size_t question, double share);
    http::Response rendered() const;

    const http::ReplyPtr reply_;
    const Clock& clock_;
    const std::int64_t arrived_;
    const AnswerForm form_;
    api::AnswerStyle style_;
    std::shared_ptr<http::Stream> stream_;  // of Events, once begun
    std::mutex mutex_;                      // guards all below
    std::vector<query::PointsAnswer> answers_;
    std::vector<double> shares_;
    std::size_t missing_ = 0;
    int told_ = -1;  // hundredths
    bool over_ = false;
};

}  // namespace streamgauge
