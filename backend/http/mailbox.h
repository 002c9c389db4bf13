// SPDX-License-Identifier: GPL-3.0-or-later
// How answers come back to the thread that owns the connection: replies and streams are handles that post values here.
// One wake-up covers everything that is posted until the owner takes it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/admission.h"
#include "http/types.h"

namespace streamgauge::http {

class StreamHandle;

// One request of one connection. `connection` is reused; its generation tells its users apart.
struct ReplyAddress {
    std::uint32_t connection = 0;
    std::uint32_t generation = 0;
    std::uint64_t sequence = 0;
};

struct Message {
    enum class Kind { Answer, StreamOpen, StreamData, StreamEnd, StreamCut, StreamNotify };
    Kind kind = Kind::Answer;
    ReplyAddress to;
    Response response;                         // Answer
    std::shared_ptr<StreamHandle> stream;      // Stream...
    std::shared_ptr<const std::string> chunk;  // StreamData
};

class Mailbox {
public:
    // `wake` makes the owner call take_all(); it is called by any thread, with the mailbox locked.
    Mailbox(std::size_t connections, std::shared_ptr<Admission> admission, std::function<void()> wake);

    // The owner's thread, on which `receive` gets answers at once instead of by the queue. Call before the first post.
    void own(std::function<void(Message&&)> receive);
    // Owner: everything posted so far into `out` (emptied first).
    void take_all(std::vector<Message>& out);
    // Owner: from now on what is posted is dropped, and streams are told that they are closed.
    void close();
    // Owner: `connection` has a new user, or none. Replies to the old one are dropped from here on.
    std::uint32_t next_generation(std::uint32_t connection);

    // Owner: the client of `connection` sends no more.
    void input_ended(std::uint32_t connection, std::uint32_t generation);

    // Any thread.
    void post(Message&& message);
    bool is_gone(const ReplyAddress& address) const;
    bool is_abandoned(const ReplyAddress& address) const;
    Admission& admission() { return *admission_; }

private:
    std::shared_ptr<Admission> admission_;
    std::unique_ptr<std::atomic<std::uint32_t>[]> generations_;
    std::unique_ptr<std::atomic<std::uint32_t>[]> ended_;  // of each connection the newest generation without input
    std::atomic<std::thread::id> owner_{};
    std::function<void(Message&&)> receive_;  // owner's thread only
    std::atomic<bool> closed_{false};

    std::mutex mutex_;
    std::function<void()> wake_;
    std::vector<Message> messages_;
};

// The Reply that handlers get.
class ReplyHandle final : public Reply {
public:
    ReplyHandle(std::shared_ptr<Mailbox> mailbox, ReplyAddress address)
        : mailbox_(std::move(mailbox)), address_(address) {}
    ~ReplyHandle() override;
    ReplyHandle(const ReplyHandle&) = delete;
    ReplyHandle& operator=(const ReplyHandle&) = delete;

    void send(Response response) override;
    std::shared_ptr<Stream> stream() override;
    bool abandoned() const override { return mailbox_->is_abandoned(address_); }

private:
    std::shared_ptr<Mailbox> mailbox_;
    ReplyAddress address_;
    std::atomic<bool> used_{false};
};

// The Stream that handlers get; the connection holds the same object and counts what leaves.
class StreamHandle final : public Stream, public std::enable_shared_from_this<StreamHandle> {
public:
    StreamHandle(std::shared_ptr<Mailbox> mailbox, ReplyAddress address)
        : mailbox_(std::move(mailbox)), address_(address) {}

    bool push(std::shared_ptr<const std::string> chunk) override;
    std::size_t backlog() const override { return queued_.load(std::memory_order_relaxed); }
    bool closed() const override { return closed_.load(std::memory_order_acquire); }
    void end() override;
    void on_closed(std::function<void()> callback) override;

    // Owner's thread: `bytes` of the chunks were taken by the kernel.
    void taken(std::size_t bytes) { queued_.fetch_sub(bytes, std::memory_order_relaxed); }
    // The connection has no more use for it. Once; `gone` calls on_closed's callback.
    void finish(bool gone);
    // Calls the callback if the stream is gone and it was not called.
    void notify();

private:
    std::shared_ptr<Mailbox> mailbox_;
    ReplyAddress address_;
    std::atomic<std::size_t> queued_{0};
    std::atomic<bool> closed_{false}, ended_{false};
    std::mutex mutex_;
    std::function<void()> callback_;
    bool finished_ = false, gone_ = false;
};

}  // namespace streamgauge::http
