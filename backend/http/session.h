// SPDX-License-Identifier: GPL-3.0-or-later
// One connection's HTTP, without its socket: bytes in, requests to the table, answers in order, bytes out, limits and
// deadlines. Both engines put their own sockets around it. Lives on the thread of its hub.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/limits.h"
#include "http/framing.h"
#include "http/mailbox.h"
#include "http/output_queue.h"
#include "http/route_table.h"

namespace streamgauge::http {

class Hub;

class Session {
public:
    // What the socket's owner does when there is nothing left to send.
    enum class End {
        No,      // go on
        Linger,  // shut the sending side down, drop what still comes in, close when the client does or after kLinger
        Close,   // close now
        Abort,   // close now and cut what is pending (reset the connection)
    };

    Session(Hub& hub, std::uint32_t connection);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Who is at the other end.
    struct Client {
        std::string address;
        bool proxy = false;   // a trusted one: what it says of its clients is believed
        bool secure = false;  // came by TLS
    };
    // A client has connected. With a `refusal` it gets that and nothing else.
    void open(Client client, const Refusal& refusal = {});
    // The socket is closed: what is pending is cut, streams are told.
    void closed();

    // Where to read to; empty while reading has to stop. Valid until the next call of anything but this.
    std::span<char> read_space();
    void received(std::size_t bytes);
    void end_of_input();

    // Takes requests and answers as far as possible. False: nothing happened.
    bool advance();

    std::size_t gather(iovec* segments, std::size_t max) const { return output_.gather(segments, max); }
    bool has_output() const { return output_.size() > 0; }
    void written(std::size_t bytes);
    // The socket takes no more for now; it will drain before the deadline or be cut.
    void blocked();

    End end() const;
    // Deadlines, heartbeats, waiting bodies. Call every Hub::tick_period().
    void tick();
    // The server stops: idle connections and streams end now, others after their last answer.
    void drain();

    void receive(Message&& message);  // for this connection's present generation
    ReplyAddress address(std::uint64_t sequence) const { return {connection_, generation_, sequence}; }
    std::uint32_t generation() const { return generation_; }
    std::uint32_t connection() const { return connection_; }
    bool is_open() const { return open_; }
    bool is_refused() const { return refused_; }
    const HeadFacts& facts() const { return facts_; }  // of the request that is being dispatched

private:
    enum class State { Head, BodyInPlace, BodyApart, BodyChunked, BodyDropped, WaitingForRoom, Stopped };
    struct Slot {
        bool ready = false;
        bool head_only = false;
        bool keep_alive = true;
        bool http_1_0 = false;
        Method method = Method::Other;
        const Route* route = nullptr;
        std::int64_t arrived_nanos = 0;
        Response response;
        Headers extra;  // of the gate and of CORS
        std::shared_ptr<StreamHandle> stream;
        std::vector<std::shared_ptr<const std::string>> waiting;  // chunks, until the stream is first in line
    };

    Slot& slot(std::uint64_t sequence) { return slots_[sequence % slots_.size()]; }
    bool idle() const { return first_ == next_; }
    bool may_take_requests() const;
    bool take_head();
    bool take_body();
    bool begin_request();
    void find_client();
    std::optional<Response> refuse_early();
    std::optional<Response> refuse_route();
    Response answer_options(const RouteTable::Lookup& lookup);
    bool admit_body();
    void start_body();
    bool decode_chunks();
    void dispatch(std::string_view body, std::size_t padded_capacity);
    void finish_request(std::size_t consumed);
    bool refuse(int status, std::string_view reason);
    bool answer_and_stop(Response response);
    bool abandon();
    Slot& take_slot();
    bool owns(const Message& message);
    void drop_body();
    void grow_buffer(std::size_t capacity);
    bool grow_body(std::size_t capacity);

    void render();
    void render_answer(Slot& slot);
    void render_stream_head(Slot& slot);
    void render_chunk(const std::shared_ptr<const std::string>& chunk);
    void end_stream(bool gone);
    void count_answer(const Slot& slot, int status);
    void pop_slot();
    void tick_request(std::int64_t now);
    std::string_view input() const { return {buffer_.get() + begin_, end_ - begin_}; }

    Hub& hub_;
    const std::uint32_t connection_;
    std::uint32_t generation_ = 0;
    Client client_;
    std::string forwarded_address_;  // of the client that a proxy named
    bool open_ = false, refused_ = false, draining_ = false, eof_ = false;
    std::optional<End> forced_;

    // Input: [begin_, end_) of buffer_ is not taken yet; kPadding more bytes are readable behind capacity_.
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
    State state_ = State::Head;
    Framing framing_;
    ChunkDecoder chunks_;
    Request request_;
    HeadFacts facts_;
    const Route* route_ = nullptr;
    std::optional<Response> early_;  // the answer is known before the body is read
    Headers extra_;                  // to be added to the answer, whatever it is
    std::size_t body_limit_ = 0;
    std::size_t head_end_ = 0;      // in buffer_
    std::unique_ptr<char[]> body_;  // BodyApart, BodyChunked
    std::size_t body_capacity_ = 0, body_size_ = 0, reserved_ = 0;
    std::uint64_t body_received_ = 0;  // bytes on the wire, for the rate
    std::uint64_t to_drop_ = 0;        // BodyDropped: what is still to come
    std::int64_t body_started_ = 0, head_started_ = 0, waiting_since_ = 0;
    bool head_begun_ = false, continue_due_ = false;

    // Output: slots [first_, next_) are requests in order.
    std::array<Slot, limits::kPipelinedRequests> slots_;
    std::uint64_t first_ = 0, next_ = 0;
    OutputQueue output_;
    bool close_after_output_ = false, streamed_ = false;
    std::shared_ptr<StreamHandle> stream_;  // the one that is being sent
    std::size_t stream_unsent_ = 0;         // of its chunks, in output_
    std::int64_t idle_since_ = 0, blocked_since_ = 0, stream_written_ = 0;
    std::size_t blocked_bytes_ = 0;  // that have to leave before the drain deadline; 0: nothing is blocked
};

}  // namespace streamgauge::http
