// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/mailbox.h"

namespace streamgauge::http {

Mailbox::Mailbox(std::size_t connections, std::shared_ptr<Admission> admission, std::function<void()> wake)
    : admission_(std::move(admission)),
      generations_(std::make_unique<std::atomic<std::uint32_t>[]>(connections)),
      ended_(std::make_unique<std::atomic<std::uint32_t>[]>(connections)),
      wake_(std::move(wake)) {}

void Mailbox::own(std::function<void(Message&&)> receive) {
    receive_ = std::move(receive);
    owner_.store(std::this_thread::get_id());
}

void Mailbox::take_all(std::vector<Message>& out) {
    out.clear();
    const std::lock_guard lock(mutex_);
    out.swap(messages_);
}

void Mailbox::close() {
    std::vector<Message> rest;
    {
        const std::lock_guard lock(mutex_);
        closed_.store(true);
        wake_ = nullptr;
        rest.swap(messages_);
    }
    receive_ = nullptr;
    for (Message& message : rest) {
        if (message.stream) message.stream->finish(true);
    }
}

std::uint32_t Mailbox::next_generation(std::uint32_t connection) {
    return generations_[connection].fetch_add(1, std::memory_order_acq_rel) + 1;
}

bool Mailbox::is_gone(const ReplyAddress& address) const {
    return closed_.load(std::memory_order_acquire) ||
           generations_[address.connection].load(std::memory_order_acquire) != address.generation;
}

void Mailbox::input_ended(std::uint32_t connection, std::uint32_t generation) {
    ended_[connection].store(generation, std::memory_order_release);
}

bool Mailbox::is_abandoned(const ReplyAddress& address) const {
    return is_gone(address) || ended_[address.connection].load(std::memory_order_acquire) == address.generation;
}

void Mailbox::post(Message&& message) {
    const bool at_once = message.kind == Message::Kind::Answer || message.kind == Message::Kind::StreamOpen;
    if (at_once && owner_.load(std::memory_order_relaxed) == std::this_thread::get_id() && receive_)
        return receive_(std::move(message));
    // What concerns a stream goes to the owner in any case: it tells the stream that its client is gone.
    if (message.kind != Message::Kind::Answer || !is_gone(message.to)) {
        const std::lock_guard lock(mutex_);
        if (!closed_.load(std::memory_order_relaxed)) {
            messages_.push_back(std::move(message));
            if (messages_.size() == 1) wake_();
            return;
        }
    }
    if (message.stream) message.stream->finish(true);
}

ReplyHandle::~ReplyHandle() {
    if (!used_.load()) send(problem(Error::make(ErrorCode::Internal, "the request was not answered")));
}

void ReplyHandle::send(Response response) {
    if (used_.exchange(true)) return;
    mailbox_->post({Message::Kind::Answer, address_, std::move(response), nullptr, nullptr});
}

std::shared_ptr<Stream> ReplyHandle::stream() {
    if (used_.exchange(true) || mailbox_->is_gone(address_)) return nullptr;
    if (!mailbox_->admission().reserve_stream()) {
        Response full = problem(Error::make(ErrorCode::Unavailable, "too many streams are open"));
        mailbox_->post({Message::Kind::Answer, address_, std::move(full), nullptr, nullptr});
        return nullptr;
    }
    auto stream = std::make_shared<StreamHandle>(mailbox_, address_);
    mailbox_->post({Message::Kind::StreamOpen, address_, {}, stream, nullptr});
    return stream;
}

bool StreamHandle::push(std::shared_ptr<const std::string> chunk) {
    if (closed() || ended_.load() || !chunk) return false;
    const std::size_t size = chunk->size();
    if (queued_.fetch_add(size, std::memory_order_relaxed) + size > limits::kUnreadAnswerBytes) {
        queued_.fetch_sub(size, std::memory_order_relaxed);
        if (!closed_.exchange(true))
            mailbox_->post({Message::Kind::StreamCut, address_, {}, shared_from_this(), nullptr});
        return false;
    }
    mailbox_->post({Message::Kind::StreamData, address_, {}, shared_from_this(), std::move(chunk)});
    return !closed();
}

void StreamHandle::end() {
    if (ended_.exchange(true)) return;
    mailbox_->post({Message::Kind::StreamEnd, address_, {}, shared_from_this(), nullptr});
}

void StreamHandle::on_closed(std::function<void()> callback) {
    bool late = false;
    {
        const std::lock_guard lock(mutex_);
        callback_ = std::move(callback);
        late = finished_ && gone_;
    }
    if (late) mailbox_->post({Message::Kind::StreamNotify, address_, {}, shared_from_this(), nullptr});
}

void StreamHandle::finish(bool gone) {
    {
        const std::lock_guard lock(mutex_);
        if (!finished_) {
            finished_ = true;
            gone_ = gone && !ended_.load();
            closed_.store(true, std::memory_order_release);
            mailbox_->admission().release_stream();
        }
    }
    notify();
}

void StreamHandle::notify() {
    std::function<void()> callback;
    {
        const std::lock_guard lock(mutex_);
        if (!finished_) return;
        if (gone_) callback.swap(callback_);
        if (!gone_) callback_ = nullptr;
    }
    if (callback) callback();
}

}  // namespace streamgauge::http
