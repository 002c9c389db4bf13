// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/question_reply.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "base/limits.h"
#include "base/time_text.h"
#include "http/text.h"

namespace streamgauge {
namespace {

using http::Response;
using query::PointsAnswer;

// Milliseconds of a question's parts (W3C Server Timing).
std::string server_timing(const query::Explanation& explanation, double total) {
    char text[160];
    std::snprintf(text, sizeof text, "queue;dur=%.3f, flush;dur=%.3f, read;dur=%.3f, total;dur=%.3f",
                  explanation.queue_ms, explanation.flush_ms, explanation.read_ms, total);
    return text;
}

}  // namespace

AnswerForm answer_form(std::string_view accept) {
    while (!accept.empty()) {
        const std::size_t comma = accept.find(',');
        const std::string_view one = http::trim(accept.substr(0, comma));
        const std::string_view type = http::trim(one.substr(0, one.find(';')));
        if (http::equal_ignoring_case(type, "text/csv")) return AnswerForm::Csv;
        if (http::equal_ignoring_case(type, "application/x-ndjson") ||
            http::equal_ignoring_case(type, "application/jsonl"))
            return AnswerForm::Ndjson;
        if (http::equal_ignoring_case(type, "text/event-stream")) return AnswerForm::Events;
        if (http::equal_ignoring_case(type, "application/json") || type == "*/*") return AnswerForm::Json;
        if (comma == std::string_view::npos) break;
        accept.remove_prefix(comma + 1);
    }
    return AnswerForm::Json;
}

void send_event(http::Stream& stream, std::string_view name, std::string_view data) {
    auto text = std::make_shared<std::string>("event: ");
    text->append(name).append("\ndata: ").append(data).append("\n\n");
    stream.push(std::move(text));
}

void send_progress(http::Stream& stream, int hundredths) {
    char text[48] = R"({"progress":0})";
    if (hundredths > 0) std::snprintf(text, sizeof text, R"({"progress":%d.%02d})", hundredths / 100, hundredths % 100);
    send_event(stream, "progress", text);
}

void QuestionReply::begin(api::AnswerStyle style, std::size_t questions) {
    style_ = std::move(style);
    answers_.resize(questions);
    shares_.resize(questions);
    missing_ = questions;
    if (form_ != AnswerForm::Events) return;
    stream_ = reply_->stream();
    if (stream_ == nullptr) {
        over_ = true;  // the client is gone, or was told that there are too many streams
        return;
    }
    const std::lock_guard lock(mutex_);
    told_ = 0;
    send_progress(*stream_, told_);
}

api::Attendance QuestionReply::attendance(std::size_t question) {
    api::Attendance out;
    out.cancelled = [self = shared_from_this()] {
        if (self->form_ != AnswerForm::Events) return self->reply_->abandoned();
        return self->stream_ == nullptr || self->stream_->closed();
    };
    if (stream_)
        out.progress = [self = shared_from_this(), question](double share) { self->progress(question, share); };
    return out;
}

void QuestionReply::progress(std::size_t question, double share) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    double& told = shares_.at(question);
    told = std::max(told, share);
    const double all = std::accumulate(shares_.begin(), shares_.end(), 0.0) / static_cast<double>(shares_.size());
    const int hundredths = static_cast<int>(all * 100);
    if (hundredths <= told_) return;
    told_ = hundredths;
    send_progress(*stream_, hundredths);
}

void QuestionReply::send(Response response, const query::Explanation& explanation) {
    if (form_ != AnswerForm::Events || (stream_ == nullptr && !over_)) {
        const double total = static_cast<double>(clock_.monotonic_nanos() - arrived_) / 1e6;
        response.headers.emplace_back("Server-Timing", server_timing(explanation, total));
        response.headers.emplace_back("Cache-Control", "no-store");
        return reply_->send(std::move(response));
    }
    if (stream_ == nullptr) return;
    constexpr std::size_t kRoom = 256;  // for what else is unread
    if (response.body.size() + kRoom > limits::kUnreadAnswerBytes) {
        Error error = Error::make(ErrorCode::InvalidArgument, "the answer is too large for a stream of events");
        error.field = "limit";
        error.hint = "ask for fewer points a page, or without text/event-stream";
        response = http::problem(error);
    }
    send_event(*stream_, response.status < 400 ? "answer" : "error", response.body);
    stream_->end();
}

void QuestionReply::refuse(const Error& error) {
    Error shown = error;
    if (shown.code == ErrorCode::TooLarge) shown.code = ErrorCode::InvalidArgument;  // the question, not its body
    send(http::problem(shown), {});
}

Response QuestionReply::rendered() const {
    if (form_ == AnswerForm::Json || form_ == AnswerForm::Events)
        return Response::json(200, write_json(answers_, style_));
    Response response;
    if (form_ == AnswerForm::Csv) {
        response.content_type = "text/csv; charset=utf-8; header=present";
        response.body = write_csv(answers_, style_);
    } else {
        response.content_type = "application/x-ndjson";
        response.body = write_ndjson(answers_, style_);
    }
    if (const auto& as_of = answers_.front().as_of)
        response.headers.emplace_back("Streamgauge-As-Of", format_rfc3339(*as_of));
    // Of several metrics, by the one that lacks most.
    std::optional<Timestamp> complete_from, previous_complete_from, metric_complete_from;
    std::uint64_t missing = 0;
    for (const PointsAnswer& one : answers_) {
        complete_from = std::max(complete_from, one.complete_from);
        previous_complete_from = std::max(previous_complete_from, one.previous_complete_from);
        metric_complete_from = std::max(metric_complete_from, one.metric_complete_from);
        missing = std::max(missing, one.missing_events);
    }
    if (complete_from) response.headers.emplace_back("Streamgauge-Complete-From", format_rfc3339(*complete_from));
    if (previous_complete_from)
        response.headers.emplace_back("Streamgauge-Previous-Complete-From", format_rfc3339(*previous_complete_from));
    if (missing != 0) response.headers.emplace_back("Streamgauge-Missing-Events", std::to_string(missing));
    if (metric_complete_from)
        response.headers.emplace_back("Streamgauge-Metric-Complete-From", format_rfc3339(*metric_complete_from));
    if (auto cursor = cursor_of(answers_, style_))
        response.headers.emplace_back("Streamgauge-Cursor", *std::move(cursor));
    if (response.body.empty()) response.body = "\n";
    return response;
}

void QuestionReply::take(std::size_t question, Result<PointsAnswer> answer) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    if (!answer.ok()) {
        refuse(answer.error());
        over_ = true;
        return;
    }
    answers_.at(question) = std::move(answer).value();
    if (--missing_ > 0) return;
    query::Explanation times;
    for (const PointsAnswer& one : answers_) {
        times.queue_ms = std::max(times.queue_ms, one.explanation.queue_ms);
        times.flush_ms = std::max(times.flush_ms, one.explanation.flush_ms);
        times.read_ms += one.explanation.read_ms;
    }
    send(rendered(), times);
    over_ = true;
}

void QuestionReply::take(Result<query::FunnelAnswer> answer) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    if (!answer.ok()) {
        refuse(answer.error());
    } else {
        send(Response::json(200, write_json(*answer, style_)), answer->explanation);
    }
    over_ = true;
}

void QuestionReply::take(Result<query::RetentionAnswer> answer) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    if (!answer.ok()) {
        refuse(answer.error());
    } else {
        send(Response::json(200, write_json(*answer, style_)), answer->explanation);
    }
    over_ = true;
}

}  // namespace streamgauge
