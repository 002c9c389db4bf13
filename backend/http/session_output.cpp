// SPDX-License-Identifier: GPL-3.0-or-later
// The way out: answers and streams, in request order.
#include <algorithm>

#include "http/hub.h"
#include "http/session.h"

namespace streamgauge::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

bool Session::owns(const Message& message) {
    return message.to.sequence >= first_ && message.to.sequence < next_ &&
           !(slot(message.to.sequence).ready && message.stream == nullptr);
}

void Session::receive(Message&& message) {
    const bool is_current = message.stream && message.stream == stream_;
    Slot* pending = owns(message) ? &slot(message.to.sequence) : nullptr;
    const bool is_pending = pending != nullptr && message.stream && pending->stream == message.stream;
    switch (message.kind) {
        case Message::Kind::Answer:
            if (pending == nullptr) return;
            pending->response = std::move(message.response);
            pending->ready = true;
            return;
        case Message::Kind::StreamOpen:
            if (pending == nullptr || pending->ready) return message.stream->finish(true);
            pending->ready = true;
            if (draining_) {
                message.stream->finish(true);
                pending->response = problem(Error::make(ErrorCode::Unavailable, "the server is stopping"));
                return;
            }
            pending->stream = std::move(message.stream);
            state_ = State::Stopped;  // the connection ends with the stream
            return;
        case Message::Kind::StreamData:
            if (is_current) {
                render_chunk(message.chunk);
            } else if (is_pending) {
                pending->waiting.push_back(std::move(message.chunk));
            } else {
                message.stream->finish(true);
            }
            return;
        case Message::Kind::StreamEnd:
            if (is_current) {
                end_stream(false);
            } else if (is_pending) {
                pending->waiting.push_back(nullptr);
            } else {
                message.stream->finish(false);
            }
            return;
        case Message::Kind::StreamCut:
            if (is_current || is_pending)
                forced_ = End::Abort;
            else
                message.stream->finish(true);
            return;
        case Message::Kind::StreamNotify:
            return;  // the hub's
    }
}

void Session::render() {
    while (!stream_ && !close_after_output_ && !idle() && slot(first_).ready) {
        Slot& next = slot(first_);
        if (next.stream) {
            render_stream_head(next);
        } else {
            render_answer(next);
        }
    }
    if (continue_due_ && idle() && !close_after_output_) {
        continue_due_ = false;
        if (body_received_ == 0) output_.append(kContinue);
    }
}

void Session::render_answer(Slot& next) {
    if (next.response.cut) {  // closed() counts it, and what is behind it
        close_after_output_ = true;
        state_ = State::Stopped;
        return;
    }
    const bool last = state_ == State::Stopped && first_ + 1 == next_;
    const bool keep_alive = next.keep_alive && !(draining_ && last);
    std::string& head = hub_.scratch();
    head.clear();
    hub_.append_head(head, next.response, next.extra, next.http_1_0, keep_alive);
    output_.append(std::string_view(head));
    count_answer(next, next.response.status);
    const bool has_body =
        !next.head_only && next.response.status >= 200 && next.response.status != 204 && next.response.status != 304;
    if (has_body) output_.append(std::move(next.response.body));
    if (!keep_alive) {
        close_after_output_ = true;
        state_ = State::Stopped;
    }
    pop_slot();
}

void Session::render_stream_head(Slot& next) {
    std::string& head = hub_.scratch();
    head = "HTTP/1.1 200 OK\r\n";
    head += hub_.date();
    // Proxies that buffer would hold events back; X-Accel-Buffering is how nginx and its kin are told not to.
    head +=
        "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\nConnection: "
        "close\r\n";
    Hub::append_headers(head, next.extra);
    head += "\r\n";
    output_.append(std::string_view(head));
    count_answer(next, 200);
    stream_ = std::move(next.stream);
    streamed_ = true;
    stream_unsent_ = 0;
    stream_written_ = hub_.now();
    const bool head_only = next.head_only;
    const auto waiting = std::move(next.waiting);
    pop_slot();
    for (const auto& chunk : waiting) {
        if (!stream_) return;
        if (chunk) {
            render_chunk(chunk);
        } else {
            end_stream(draining_);
        }
    }
    if (head_only && stream_) end_stream(true);
}

void Session::render_chunk(const std::shared_ptr<const std::string>& chunk) {
    output_.append(chunk);
    stream_unsent_ += chunk->size();
    stream_written_ = hub_.now();
}

void Session::end_stream(bool gone) {
    const auto stream = std::move(stream_);
    stream_ = nullptr;
    close_after_output_ = true;
    stream->finish(gone);
}

void Session::count_answer(const Slot& next, int status) {
    EngineContext& context = hub_.context();
    ++context.admission->requests_answered;
    idle_since_ = hub_.now();
    if (context.options.on_answered)
        context.options.on_answered({next.route, next.method, status, idle_since_ - next.arrived_nanos});
}

void Session::pop_slot() {
    Slot& done = slot(first_++);
    done.ready = false;
    done.stream = nullptr;
    done.waiting.clear();
    done.response.body.clear();
    done.response.headers.clear();
    done.extra.clear();
}

void Session::written(std::size_t bytes) {
    output_.consume(bytes);
    if (stream_) {
        const std::size_t of_chunks = output_.size() == 0 ? stream_unsent_ : std::min(bytes, stream_unsent_);
        stream_unsent_ -= of_chunks;
        stream_->taken(of_chunks);
    }
    if (blocked_bytes_ == 0) return;
    if (output_.size() == 0) {
        blocked_bytes_ = 0;
    } else if (stream_ || bytes >= blocked_bytes_) {  // what was blocked is out; what came behind it has its own time
        blocked_bytes_ = output_.size();
        blocked_since_ = hub_.now();
    } else {
        blocked_bytes_ -= bytes;
    }
}

void Session::blocked() {
    if (blocked_bytes_ > 0 || output_.size() == 0) return;
    blocked_bytes_ = output_.size();
    blocked_since_ = hub_.now();
}

Session::End Session::end() const {
    if (forced_ == End::Abort) return End::Abort;
    if (has_output()) return End::No;
    if (forced_) return *forced_;
    // A reader of events sends nothing that could turn the close into a reset.
    if (close_after_output_) return eof_ || streamed_ ? End::Close : End::Linger;
    if (!idle() || stream_) return End::No;
    if (state_ == State::Stopped) return eof_ || draining_ ? End::Close : End::Linger;
    return eof_ && state_ == State::Head && begin_ == end_ ? End::Close : End::No;
}

}  // namespace streamgauge::http
