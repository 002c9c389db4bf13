// SPDX-License-Identifier: GPL-3.0-or-later
// Framing as the sessions use it, over any bytes: whatever the packets, the same requests come out, or the same refusal
// at the same byte. The first byte of the input seeds how the rest is cut into packets.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/limits.h"
#include "http/framing.h"

namespace {

using namespace streamgauge::http;
using Progress = Framing::Progress;

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

void require_inside(std::string_view view, std::string_view whole) {
    require(view.empty() || (view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size()),
            "a view points out of the head");
}

// One connection: what its requests were, as text, up to the end of input or the refusal.
class Connection {
public:
    // False: refused, nothing more is taken.
    bool receive(std::string_view packet) {
        input_ += packet;
        while (!refused_ && step()) {
        }
        return !refused_;
    }
    const std::string& transcript() const { return transcript_; }

private:
    enum class State { Head, Length, Chunks };

    bool step() {
        switch (state_) {
            case State::Head:
                return !input_.empty() && head();
            case State::Length: {
                const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input_.size()));
                take_data(std::string_view(input_).substr(0, size));
                left_ -= size;
                input_.erase(0, size);
                return left_ == 0 && finish();
            }
            case State::Chunks:
                return !input_.empty() && chunk();
        }
        return false;
    }

    bool head() {
        Progress progress = framing_.scan_head(input_);
        if (progress == Progress::NeedMore) return false;
        if (progress == Progress::Refused) return refuse(framing_.refusal());
        require(framing_.head_size() <= input_.size(), "the head is longer than its input");
        require(framing_.head_size() - framing_.head_start() <= streamgauge::limits::kHeadBytes,
                "the head is too large");
        const std::string text = input_.substr(0, framing_.head_size());
        Request request;
        HeadFacts facts;
        progress = framing_.parse_head(text, request, facts);
        require(progress != Progress::NeedMore, "a whole head needs more");
        if (progress == Progress::Refused) return refuse(framing_.refusal());
        require(request.headers.size() <= streamgauge::limits::kHeaderCount, "too many headers came through");
        require(request.target.size() <= streamgauge::limits::kTargetBytes, "too long a target came through");
        require(!facts.chunked || facts.content_length == 0, "two framings came through");
        for (const std::string_view view : {request.target, request.query}) require_inside(view, text);
        if (request.path != "/") require_inside(request.path, text);  // "http://host" has none of its own
        transcript_ += "head ";
        transcript_ += request.target;
        for (const auto& [name, value] : request.headers) {
            require_inside(name, text);
            require_inside(value, text);
            require(value.find_first_of("\r\n") == std::string_view::npos, "a header value holds a line end");
            transcript_ += '|';
            transcript_ += name;
            transcript_ += '=';
            transcript_ += value;
        }
        transcript_ += facts.keep_alive ? " stays " : " closes ";
        transcript_ += std::to_string(facts.content_length);
        transcript_ += '\n';
        input_.erase(0, framing_.head_size());
        framing_.reset();
        left_ = facts.content_length;
        state_ = facts.chunked ? State::Chunks : State::Length;
        return true;
    }

    bool chunk() {
        const ChunkDecoder::Step step = chunks_.decode(input_);
        require(step.consumed > 0 || step.progress == Progress::Refused, "no progress");
        require_inside(step.data, input_);
        take_data(step.data);
        input_.erase(0, step.consumed);
        if (step.progress == Progress::Refused) return refuse(chunks_.refusal());
        return step.progress == Progress::NeedMore || finish();
    }

    void take_data(std::string_view data) { transcript_ += data; }
    bool finish() {
        chunks_.reset();
        state_ = State::Head;
        transcript_ += "\nend\n";
        return true;
    }
    bool refuse(const Refusal& refusal) {
        require(refusal.status >= 400 && refusal.status < 600 && !refusal.reason.empty(), "a refusal without a reason");
        transcript_ += "refused " + std::to_string(refusal.status) + " " + std::string(refusal.reason);
        refused_ = true;
        return false;
    }

    State state_ = State::Head;
    Framing framing_;
    ChunkDecoder chunks_;
    std::string input_, transcript_;
    std::uint64_t left_ = 0;
    bool refused_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    std::uint32_t random = data[0];
    const std::string bytes(data + 1, data + size);

    Connection whole;
    whole.receive(bytes);

    Connection pieces;
    std::string_view rest = bytes;
    while (!rest.empty()) {
        random = random * 1664525U + 1013904223U;
        // Mostly small packets, sometimes one byte, sometimes a large one.
        const std::size_t most = (random >> 28U) == 0 ? 4096 : 1 + (random >> 24U) % 16;
        const std::size_t take = std::min(rest.size(), most);
        if (!pieces.receive(rest.substr(0, take))) break;
        rest.remove_prefix(take);
    }
    require(whole.transcript() == pieces.transcript(), "packets changed what was understood");
    return 0;
}
