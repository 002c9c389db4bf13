// SPDX-License-Identifier: GPL-3.0-or-later
// The way in: bytes to requests. What is decided of a request before its body is read is in session_route.cpp, the way
// out in session_output.cpp.
#include "http/session.h"

#include <algorithm>
#include <cstring>

#include "http/hub.h"

namespace streamgauge::http {
namespace {

constexpr std::size_t kFirstBuffer = 8 * 1024;
constexpr std::size_t kKeptBuffer = 32 * 1024;  // a larger one is given back when its connection closes
constexpr std::size_t kChunkRoom = 4 * 1024;    // to read chunks into, behind the head

}  // namespace

Session::Session(Hub& hub, std::uint32_t connection)
    : hub_(hub), connection_(connection), generation_(hub.mailbox()->next_generation(connection)) {
    request_.principal = hub.anonymous();
}

void Session::open(Client client, const Refusal& refusal) {
    client_ = std::move(client);
    open_ = true;
    refused_ = refusal.status != 0;
    draining_ = eof_ = false;
    forced_.reset();
    begin_ = end_ = 0;
    state_ = State::Head;
    framing_.reset();
    chunks_.reset();
    head_begun_ = continue_due_ = false;
    route_ = nullptr;
    early_.reset();
    extra_.clear();
    request_.method = Method::Other;
    close_after_output_ = streamed_ = false;
    stream_unsent_ = blocked_bytes_ = 0;
    idle_since_ = hub_.now();
    if (refused_) {
        state_ = State::Stopped;
        const Response response = engine_problem(refusal.status, refusal.reason);
        std::string text;
        hub_.append_head(text, response, {}, false, false);
        text += response.body;
        output_.append(std::move(text));
        close_after_output_ = true;
    }
}

void Session::closed() {
    if (!open_) return;
    open_ = false;
    Admission& admission = *hub_.context().admission;
    if (state_ == State::BodyInPlace || state_ == State::BodyApart || state_ == State::BodyChunked ||
        state_ == State::BodyDropped || state_ == State::WaitingForRoom)
        abandon();
    admission.requests_cut += next_ - first_;
    std::vector<std::shared_ptr<StreamHandle>> streams;
    if (stream_) streams.push_back(std::move(stream_));
    for (; first_ != next_; ++first_) {
        Slot& pending = slot(first_);
        if (pending.stream) streams.push_back(std::move(pending.stream));
        pending = {};
    }
    stream_ = nullptr;
    drop_body();
    output_.clear();
    if (capacity_ > kKeptBuffer) {
        buffer_.reset();
        capacity_ = 0;
    }
    generation_ = hub_.mailbox()->next_generation(connection_);
    for (const auto& stream : streams) stream->finish(true);
}

void Session::grow_buffer(std::size_t capacity) {
    // The padding lets a body that ends with the buffer be over-read.
    auto larger = std::make_unique_for_overwrite<char[]>(capacity + kPadding);
    if (end_ > begin_) std::memcpy(larger.get(), buffer_.get() + begin_, end_ - begin_);
    buffer_ = std::move(larger);
    capacity_ = capacity;
    end_ -= begin_;
    begin_ = 0;
}

std::span<char> Session::read_space() {
    if (!open_ || eof_) return {};
    if (capacity_ == 0) grow_buffer(kFirstBuffer);
    if (state_ == State::Stopped) {  // dropped, but the end of input is still noticed
        begin_ = end_ = 0;
        return {buffer_.get(), capacity_};
    }
    if (!may_take_requests()) return {};
    switch (state_) {
        case State::Head:
            if (begin_ == end_) begin_ = end_ = 0;
            if (end_ == capacity_) {
                if (begin_ > 0) {
                    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
                    end_ -= begin_;
                    begin_ = 0;
                } else {
                    grow_buffer(capacity_ * 2);  // ends at 32 KiB: a head beyond 16 KiB is refused
                }
            }
            return {buffer_.get() + end_, capacity_ - end_};
        case State::BodyInPlace:
        case State::BodyChunked:
            return {buffer_.get() + end_, capacity_ - end_};
        case State::BodyApart:
            return {body_.get() + body_size_, static_cast<std::size_t>(facts_.content_length) - body_size_};
        case State::BodyDropped:
            return {buffer_.get(), static_cast<std::size_t>(std::min<std::uint64_t>(capacity_, to_drop_))};
        case State::WaitingForRoom:
        case State::Stopped:
            break;
    }
    return {};
}

void Session::received(std::size_t bytes) {
    if (state_ == State::Stopped) return;
    if (state_ != State::Head) body_received_ += bytes;
    if (state_ == State::BodyApart) {
        body_size_ += bytes;
    } else if (state_ == State::BodyDropped) {
        to_drop_ -= bytes;
    } else {
        end_ += bytes;
    }
}

void Session::end_of_input() {
    eof_ = true;
    hub_.mailbox()->input_ended(connection_, generation_);
    bool streaming = stream_ != nullptr;
    for (std::uint64_t at = first_; at != next_; ++at) streaming = streaming || slot(at).stream != nullptr;
    if (streaming) forced_ = End::Abort;  // a reader of events that closes its side has left
}

bool Session::may_take_requests() const {
    return open_ && state_ != State::Stopped && next_ - first_ < slots_.size() &&
           output_.size() <= limits::kUnreadAnswerBytes;
}

bool Session::advance() {
    if (!open_) return false;
    bool progressed = false;
    render();
    while (may_take_requests() && (state_ == State::Head ? take_head() : take_body())) progressed = true;
    render();
    return progressed;
}

bool Session::take_head() {
    if (begin_ == end_) return false;
    switch (framing_.scan_head(input())) {
        case Framing::Progress::NeedMore:
            if (!head_begun_) {
                head_begun_ = true;
                head_started_ = hub_.now();
            }
            if (eof_) state_ = State::Stopped;
            return false;
        case Framing::Progress::Refused:
            request_.arrived_nanos = hub_.now();
            return refuse(framing_.refusal().status, framing_.refusal().reason);
        case Framing::Progress::Done:
            break;
    }
    return begin_request();
}

void Session::start_body() {
    const std::size_t here = end_ - head_end_;
    const auto length = static_cast<std::size_t>(facts_.content_length);
    body_started_ = hub_.now();
    body_received_ = here;
    body_size_ = 0;
    if (facts_.chunked) {
        state_ = State::BodyChunked;
    } else if (early_) {
        to_drop_ = length - here;
        begin_ = end_ = 0;
        state_ = State::BodyDropped;
    } else if (capacity_ - head_end_ >= length) {
        state_ = State::BodyInPlace;
    } else {
        body_ = std::make_unique_for_overwrite<char[]>(length + kPadding);
        body_capacity_ = length;
        std::memcpy(body_.get(), buffer_.get() + head_end_, here);
        body_size_ = here;
        end_ = head_end_;
        state_ = State::BodyApart;
    }
    if (facts_.expect_continue && here == 0) continue_due_ = true;
}

bool Session::take_body() {
    const auto length = static_cast<std::size_t>(facts_.content_length);
    switch (state_) {
        case State::BodyInPlace:
            if (end_ - head_end_ < length) return eof_ && abandon();
            dispatch({buffer_.get() + head_end_, length}, capacity_ + kPadding - head_end_);
            finish_request(head_end_ + length);
            return true;
        case State::BodyApart:
            if (body_size_ < length) return eof_ && abandon();
            dispatch({body_.get(), length}, length + kPadding);
            finish_request(end_);
            return true;
        case State::BodyDropped:
            if (to_drop_ > 0) return eof_ && abandon();
            dispatch({}, 0);
            finish_request(end_);
            return true;
        case State::BodyChunked:
            return decode_chunks();
        default:
            return false;
    }
}

bool Session::grow_body(std::size_t capacity) {
    if (!hub_.context().admission->reserve_body(capacity - body_capacity_)) return false;
    reserved_ += capacity - body_capacity_;
    auto larger = std::make_unique_for_overwrite<char[]>(capacity + kPadding);
    if (body_size_ > 0) std::memcpy(larger.get(), body_.get(), body_size_);
    body_ = std::move(larger);
    body_capacity_ = capacity;
    return true;
}

bool Session::decode_chunks() {
    const std::size_t need = std::min(body_size_ + (end_ - head_end_), body_limit_);
    if (!early_ && need > body_capacity_ &&
        !grow_body(std::min(std::max({need, body_capacity_ * 2, kChunkRoom}), body_limit_))) {
        state_ = State::WaitingForRoom;
        waiting_since_ = hub_.now();
        return false;
    }
    std::size_t at = head_end_;
    while (at < end_) {
        const ChunkDecoder::Step step = chunks_.decode({buffer_.get() + at, end_ - at});
        at += step.consumed;
        if (step.data.size() > body_limit_ - body_size_) {
            if (early_) return answer_and_stop(std::move(*early_));
            return refuse(413, "the body is larger than this path takes");
        }
        if (!early_ && !step.data.empty()) std::memcpy(body_.get() + body_size_, step.data.data(), step.data.size());
        body_size_ += step.data.size();
        if (step.progress == Framing::Progress::Refused)
            return refuse(chunks_.refusal().status, chunks_.refusal().reason);
        if (step.progress == Framing::Progress::Done) {
            if (early_) {
                dispatch({}, 0);
            } else {
                if (!body_ && !grow_body(0)) return false;  // an empty body has padding too
                dispatch({body_.get(), body_size_}, body_capacity_ + kPadding);
            }
            finish_request(at);
            return true;
        }
    }
    end_ = head_end_;
    return eof_ && abandon();
}

void Session::dispatch(std::string_view body, std::size_t padded_capacity) {
    request_.body = body;
    request_.padded_capacity = padded_capacity;
    const ReplyAddress to = address(next_);
    Slot& taken = take_slot();
    if (early_) {
        taken.response = std::move(*early_);
        taken.ready = true;
        return;
    }
    const ReplyPtr reply = std::make_shared<ReplyHandle>(hub_.mailbox(), to);
    hub_.dispatch(*this, request_, *route_, reply);
}

void Session::finish_request(std::size_t consumed) {
    begin_ = consumed;
    drop_body();
    framing_.reset();
    chunks_.reset();
    early_.reset();
    route_ = nullptr;
    request_.method = Method::Other;
    const bool last = draining_ && begin_ == end_;
    state_ = state_ == State::Stopped || !facts_.keep_alive || last ? State::Stopped : State::Head;
}

void Session::drop_body() {
    body_.reset();
    body_capacity_ = body_size_ = 0;
    if (reserved_ > 0) hub_.context().admission->release_body(reserved_);
    reserved_ = 0;
    continue_due_ = false;
}

// The client left in the middle of a body.
bool Session::abandon() {
    ++hub_.context().admission->requests_arrived;
    ++hub_.context().admission->requests_cut;
    state_ = State::Stopped;
    return false;
}

bool Session::refuse(int status, std::string_view reason) {
    return answer_and_stop(engine_problem(route_, status, reason));
}

bool Session::answer_and_stop(Response response) {
    Slot& taken = take_slot();
    taken.response = std::move(response);
    taken.ready = true;
    taken.keep_alive = false;
    state_ = State::Stopped;
    early_.reset();
    drop_body();
    return true;
}

Session::Slot& Session::take_slot() {
    ++hub_.context().admission->requests_arrived;
    Slot& taken = slot(next_++);
    taken.ready = false;
    taken.method = request_.method;
    taken.route = route_;
    taken.head_only = request_.method == Method::Head;
    taken.keep_alive = facts_.keep_alive;
    taken.http_1_0 = facts_.http_1_0;
    taken.arrived_nanos = request_.arrived_nanos;
    taken.extra.swap(extra_);
    return taken;
}

void Session::tick() {
    if (!open_) return;
    const std::int64_t now = hub_.now();
    const EngineContext& context = hub_.context();
    if (blocked_bytes_ > 0 && now - blocked_since_ > context.nanos(limits::kAnswerDrainDeadline)) {
        forced_ = End::Abort;
    } else if (stream_ && now - stream_written_ > context.nanos(limits::kStreamHeartbeat)) {
        stream_written_ = now;
        if (output_.size() == 0) output_.append(std::string_view(":\n\n"));  // otherwise events are on their way anyway
    } else if (state_ == State::Head && begin_ == end_) {
        if (idle() && !has_output() && now - idle_since_ > context.nanos(limits::kIdleDeadline)) forced_ = End::Close;
    } else if (may_take_requests()) {
        tick_request(now);
    }
}

void Session::tick_request(std::int64_t now) {
    const EngineContext& context = hub_.context();
    const std::int64_t grace = context.nanos(limits::kBodyGrace);
    switch (state_) {
        case State::Head:
            if (head_begun_ && now - head_started_ > context.nanos(limits::kHeadDeadline))
                refuse(408, "the head did not arrive in time");
            break;
        case State::BodyInPlace:
        case State::BodyApart:
        case State::BodyChunked:
        case State::BodyDropped: {
            const double late = static_cast<double>(now - body_started_ - grace) /
                                static_cast<double>(context.nanos(std::chrono::seconds(1)));
            const double due = late * static_cast<double>(limits::kBodyBytesPerSecond);
            if (late > 0 && static_cast<double>(body_received_) < due) refuse(408, "the body arrives too slowly");
            break;
        }
        case State::WaitingForRoom:
            if (facts_.chunked) {
                state_ = State::BodyChunked;
                const std::int64_t since = waiting_since_;
                decode_chunks();
                if (state_ != State::WaitingForRoom) {
                    body_started_ += now - since;
                    break;
                }
                waiting_since_ = since;
            } else if (context.admission->reserve_body(static_cast<std::size_t>(facts_.content_length))) {
                reserved_ = static_cast<std::size_t>(facts_.content_length);
                start_body();
                break;
            }
            if (now - waiting_since_ > grace) refuse(503, "too many request bytes are in flight");
            break;
        case State::Stopped:
            break;
    }
}

void Session::drain() {
    if (!open_) return;
    draining_ = true;
    if (state_ == State::Head && begin_ == end_) state_ = State::Stopped;
    if (stream_) end_stream(true);
    for (std::uint64_t at = first_; at != next_; ++at) {
        if (slot(at).stream) slot(at).waiting.push_back(nullptr);
    }
}

}  // namespace streamgauge::http
