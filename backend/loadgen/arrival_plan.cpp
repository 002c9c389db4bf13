// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled without contraction to fused multiply-add (see CMakeLists.txt): the plan must not depend on the processor.
#include "loadgen/arrival_plan.h"

#include <algorithm>
#include <cmath>

namespace streamgauge::loadgen {
namespace {

constexpr double kNanosPerSecond = 1e9;
constexpr std::uint64_t kArrivalStream = 1, kJitterStream = 6;

std::int64_t to_nanos(double seconds) {
    return std::max<std::int64_t>(1, std::llround(seconds * kNanosPerSecond));
}

RatePiece constant_piece(double rate, std::int64_t length_nanos) {
    RatePiece piece;
    piece.rate = rate;
    piece.length_nanos = length_nanos;
    return piece;
}

void add_pieces(const Stage& stage, std::vector<RatePiece>& pieces) {
    const std::int64_t length = to_nanos(stage.seconds);
    RatePiece piece = constant_piece(stage.rate, length);
    switch (stage.shape) {
        case Stage::Shape::Constant:
            break;
        case Stage::Shape::Pause:
            piece.rate = 0;
            break;
        case Stage::Shape::Ramp:
            piece.shape = RatePiece::Shape::Ramp;
            piece.slope = (stage.to - stage.rate) / piece.length();
            break;
        case Stage::Shape::Sine:
            piece.shape = RatePiece::Shape::Sine;
            piece.amplitude = stage.amplitude;
            piece.period = stage.period_seconds;
            break;
        case Stage::Shape::Steps:
            for (std::uint32_t i = 0; i < stage.steps; ++i) {
                const double share = stage.steps == 1 ? 0 : static_cast<double>(i) / (stage.steps - 1);
                pieces.push_back(constant_piece(stage.rate + share * (stage.to - stage.rate),
                                                length * (i + 1) / stage.steps - length * i / stage.steps));
            }
            return;
        case Stage::Shape::Spike:
            pieces.push_back(piece);
            pieces.push_back(constant_piece(stage.to, to_nanos(stage.spike_seconds)));
            if (stage.after_seconds > 0) pieces.push_back(constant_piece(stage.after, to_nanos(stage.after_seconds)));
            return;
    }
    pieces.push_back(piece);
}

}  // namespace

double planned_seconds(const std::vector<Stage>& stages) {
    double sum = 0;
    for (const Stage& stage : stages) {
        sum += stage.seconds;
        if (stage.shape == Stage::Shape::Spike) sum += stage.spike_seconds + stage.after_seconds;
    }
    return sum;
}

void HandedTime::apply(const HandAction& action) {
    switch (action.kind) {
        case HandAction::Kind::Rate:
            rate = action.rate;
            break;
        case HandAction::Kind::Speed:
            pace.set(plan_time(action.at_nanos), action.speed);
            break;
        case HandAction::Kind::Spike:
            if (action.speed > 0) {
                pace.spike(plan_time(action.at_nanos), action.speed, to_nanos(action.seconds));
                break;
            }
            spike_rate = action.rate;
            spike_until = plan_time(action.at_nanos) + to_nanos(action.seconds);
            break;
        case HandAction::Kind::Pause:
            if (!paused()) paused_at = action.at_nanos;
            break;
        case HandAction::Kind::Resume:
            if (paused()) paused_nanos += action.at_nanos - paused_at;
            paused_at = -1;
            break;
        case HandAction::Kind::Stop:
            break;  // ends the run, not the plan
    }
}

ArrivalPlan::ArrivalPlan(const std::vector<Stage>& stages, Spacing spacing, std::uint64_t seed, double jitter_percent)
    : spacing_(spacing), seed_(seed), jitter_(jitter_percent / 100) {
    const auto pieces = std::make_shared<Pieces>();
    for (const Stage& stage : stages) add_pieces(stage, pieces->pieces);
    for (const RatePiece& piece : pieces->pieces) {
        pieces->begins.push_back(pieces->duration);
        pieces->duration += piece.length_nanos;
    }
    pieces_ = pieces;
}

ArrivalPlan::ArrivalPlan(const Stage& whole, std::shared_ptr<const std::vector<std::int64_t>> times, double speed)
    : ArrivalPlan(std::vector<Stage>{whole}, Spacing::Recorded, 0) {
    times_ = std::move(times);
    speed_ = speed;
}

Result<ArrivalPlan> ArrivalPlan::constant(double rate, double seconds, Spacing spacing, std::uint64_t seed) {
    const auto out_of_range = [](const char* field, const char* message) {
        Error error = Error::make(ErrorCode::InvalidArgument, message);
        error.field = field;
        return error;
    };
    if (!(rate > 0 && rate <= kHighestRate))
        return out_of_range("rate", "the rate must be above 0 and at most 200000 requests a second");
    if (!(seconds > 0 && seconds <= kLongestSeconds))
        return out_of_range("duration", "the duration must be above 0 and at most 24 hours");
    Stage stage;
    stage.rate = rate;
    stage.seconds = seconds;
    return ArrivalPlan({stage}, spacing, seed);
}

// The small part keeps a product such as 0.1 * 30 from being rounded up to one request more.
std::uint64_t ArrivalPlan::requests_of_piece(double integral, double first) {
    return static_cast<std::uint64_t>(std::max(0.0, std::ceil(integral - first - std::min(1e-6, integral / 2))));
}

std::uint64_t ArrivalPlan::count() const {
    if (times_) return times_->size();
    std::uint64_t sum = 0;
    double first = 0;
    for (const RatePiece& piece : pieces_->pieces) {
        const double integral = piece.requests(piece.length());
        const std::uint64_t n = requests_of_piece(integral, first);
        first = std::max(0.0, first + static_cast<double>(n) - integral);
        sum += n;
    }
    return sum;
}

double ArrivalPlan::rate_at(std::int64_t plan_time) const {
    if (plan_time < 0 || plan_time >= pieces_->duration) return 0;
    const auto after = std::upper_bound(pieces_->begins.begin(), pieces_->begins.end(), plan_time);
    const auto i = static_cast<std::size_t>(after - pieces_->begins.begin()) - 1;
    return pieces_->pieces[i].rate_at(static_cast<double>(plan_time - pieces_->begins[i]) / kNanosPerSecond);
}

double ArrivalPlan::rate_at(std::int64_t at, const HandedTime& handed) const {
    const std::int64_t plan_time = handed.plan_time(at);
    if (handed.paused()) return 0;
    if (times_) return rate_at(handed.pace.position(plan_time)) * handed.pace.speed(plan_time) / speed_;
    if (plan_time >= pieces_->duration) return 0;
    if (plan_time < handed.spike_until) return handed.spike_rate;
    return handed.rate > 0 ? handed.rate : rate_at(plan_time);
}

ArrivalCursor::ArrivalCursor(const ArrivalPlan& plan, const std::vector<HandAction>* actions)
    : plan_(plan), actions_(actions), random_(plan.seed_, kArrivalStream), jitter_random_(plan.seed_, kJitterStream) {
    handed_.pace = ReplayPace(plan.speed_);
    begin_piece(0, 0);
    draw();
    settle();
    refresh();
}

void ArrivalCursor::advance() {
    ++index_;
    ++piece_index_;
    draw();
    settle();
    refresh();
}

void ArrivalCursor::refresh() {
    if (actions_ == nullptr) return;
    while (applied_ < actions_->size() && (*actions_)[applied_].at_nanos < planned_) {
        const HandAction& action = (*actions_)[applied_++];
        const std::int64_t plan_time = handed_.plan_time(action.at_nanos);
        if (plan_time >= plan_end()) continue;
        const bool moves = action.kind == HandAction::Kind::Rate || action.kind == HandAction::Kind::Spike ||
                           action.kind == HandAction::Kind::Speed;
        if (moves && !check_hand_action(action, plan_.times_ != nullptr)) continue;
        handed_.apply(action);
        if (moves && plan_.times_) {
            draw();
        } else if (moves) {
            reshape(plan_time);
        }
        settle();
    }
}

std::int64_t ArrivalCursor::end_nanos() const {
    return handed_.paused() ? ArrivalPlan::kNever : plan_end() + handed_.paused_nanos;
}

std::int64_t ArrivalCursor::plan_end() const {
    return plan_.times_ ? handed_.pace.due(plan_.pieces_->duration) : plan_.pieces_->duration;
}

// The rate changes at `plan_time`: the share of a request that has accumulated goes along.
void ArrivalCursor::reshape(std::int64_t plan_time) {
    const double seconds = static_cast<double>(std::max<std::int64_t>(0, plan_time - piece_begin_)) / kNanosPerSecond;
    const double so_far = piece_.requests(std::min(seconds, piece_.length()));
    double next = first_ + static_cast<double>(piece_index_);
    if (plan_.spacing_ == Spacing::Poisson) next = first_ + std::ceil(so_far - first_);
    stage_piece_ = 0;
    begin_piece(plan_time, std::clamp(next - so_far, 0.0, 1.0));
    next_ = plan_time;
    draw();
}

void ArrivalCursor::begin_piece(std::int64_t plan_time, double first) {
    const ArrivalPlan::Pieces& all = *plan_.pieces_;
    if (plan_time < handed_.spike_until) {
        piece_ = constant_piece(handed_.spike_rate, std::min(handed_.spike_until, all.duration) - plan_time);
    } else if (handed_.rate > 0) {
        piece_ = constant_piece(handed_.rate, all.duration - plan_time);
    } else {
        while (stage_piece_ + 1 < all.begins.size() && all.begins[stage_piece_ + 1] <= plan_time) ++stage_piece_;
        piece_ = all.pieces[stage_piece_];
        if (plan_time > all.begins[stage_piece_]) piece_ = piece_.tail(plan_time - all.begins[stage_piece_]);
    }
    piece_begin_ = plan_time;
    first_ = first;
    integral_ = piece_.requests(piece_.length());
    piece_count_ = ArrivalPlan::requests_of_piece(integral_, first_);
    piece_index_ = 0;
    remaining_ = 1;
    nanos_per_request_ = piece_.rate > 0 ? kNanosPerSecond / piece_.rate : 0;
}

bool ArrivalCursor::next_piece() {
    const std::int64_t end = piece_begin_ + piece_.length_nanos;
    if (end >= plan_.pieces_->duration) return false;
    begin_piece(end, std::max(0.0, first_ + static_cast<double>(piece_count_) - integral_));
    return true;
}

void ArrivalCursor::settle() {
    planned_ = next_ == ArrivalPlan::kNever || handed_.paused() ? ArrivalPlan::kNever : next_ + handed_.paused_nanos;
}

void ArrivalCursor::draw() {
    if (plan_.times_) {
        next_ = index_ < plan_.times_->size() ? handed_.pace.due((*plan_.times_)[index_]) : ArrivalPlan::kNever;
        return;
    }
    while (piece_index_ == piece_count_) {
        if (!next_piece()) {
            next_ = ArrivalPlan::kNever;
            return;
        }
    }
    double at = 0;  // nanoseconds from the beginning of the piece
    if (plan_.spacing_ == Spacing::Even) {
        double count = first_ + static_cast<double>(piece_index_);
        if (plan_.jitter_ > 0)
            count = std::clamp(count + plan_.jitter_ * (open_unit(jitter_random_.at(index_)) - 0.5), 0.0, integral_);
        at = piece_.shape == RatePiece::Shape::Constant
                 ? count * nanos_per_request_
                 : piece_.seconds_at(std::min(count, integral_)) * kNanosPerSecond;
    } else {
        const double left = static_cast<double>(piece_count_ - piece_index_);
        remaining_ *= portable_exponential(portable_logarithm(open_unit(random_.at(index_))) / left);
        at = piece_.shape == RatePiece::Shape::Constant
                 ? (1 - remaining_) * static_cast<double>(piece_.length_nanos)
                 : piece_.seconds_at((1 - remaining_) * integral_) * kNanosPerSecond;
    }
    const std::int64_t within = std::min(static_cast<std::int64_t>(at), piece_.length_nanos - 1);
    next_ = std::max(next_, piece_begin_ + within);
}

}  // namespace streamgauge::loadgen
