// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled without contraction to fused multiply-add (see CMakeLists.txt): values must not depend on the processor.
#include "loadgen/field_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "loadgen/rate_piece.h"

namespace streamgauge::loadgen {
namespace {

using Kind = GeneratedField::Kind;

constexpr std::uint64_t kFirstStream = 100;  // of the fields; three each
constexpr std::size_t kNumberBytes = 20;

// Cumulative shares of 2^64; the last is all of it.
std::vector<std::uint64_t> cumulated(const std::vector<double>& weights) {
    double total = 0;
    for (const double weight : weights) total += weight;
    std::vector<std::uint64_t> shares;
    shares.reserve(weights.size());
    double sum = 0;
    for (const double weight : weights) {
        sum += weight;
        shares.push_back(static_cast<std::uint64_t>(std::min(sum / total, 0x1.fffffffffffffp-1) * 0x1p64));
    }
    // Nothing is chosen behind the last weight that is not 0.
    std::size_t last = weights.size();
    while (last > 0 && !(weights[last - 1] > 0)) --last;
    for (std::size_t i = last > 0 ? last - 1 : 0; i < shares.size(); ++i) shares[i] = UINT64_MAX;
    return shares;
}

// A number below `range` (not 0): the high half of the product, biased by less than range / 2^64 (Lemire).
std::uint64_t scaled(std::uint64_t bits, std::uint64_t range) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(bits) * range) >> 64);
}

std::int64_t power_of_ten(int digits) {
    std::int64_t power = 1;
    for (; digits > 0; --digits) power *= 10;
    return power;
}

}  // namespace

FieldValue::FieldValue(const GeneratedField& field, std::size_t position, std::uint64_t seed, std::uint64_t id_salt)
    : kind_(field.kind),
      random_(seed, kFirstStream + 3 * position),
      high_(id_salt, kFirstStream + 3 * position + 1),
      low_(id_salt, kFirstStream + 3 * position + 2) {}

Result<FieldValue> FieldValue::make(const GeneratedField& field, std::size_t position, Place place, std::uint64_t seed,
                                    std::uint64_t id_salt, const CsvRows* rows, bool random_rows) {
    FieldValue value(field, position, seed, id_salt);
    value.from_ = field.from;
    switch (field.kind) {
        case Kind::Constant:
        case Kind::Zipf:
            value.texts_.push_back(placed(field.text, place));
            value.widest_ = value.texts_.front().size() + (field.kind == Kind::Zipf ? kNumberBytes : 0);
            break;
        case Kind::Sequence:
            value.widest_ = kNumberBytes;
            break;
        case Kind::Integer:
            value.range_ = static_cast<std::uint64_t>(field.to - field.from) + 1;
            value.widest_ = kNumberBytes;
            break;
        case Kind::Decimal: {
            const std::int64_t power = power_of_ten(field.digits);
            value.from_ = field.from * power;
            value.range_ = static_cast<std::uint64_t>((field.to - field.from) * power) + 1;
            value.digits_ = field.digits;
            value.widest_ = kNumberBytes + 12;
            break;
        }
        case Kind::Choice:
            for (const std::string& text : field.values) value.texts_.push_back(placed(text, place));
            break;
        case Kind::Uuid4:
        case Kind::Uuid7:
            value.widest_ = kUuidBytes;
            break;
        case Kind::Hex:
            value.length_ = static_cast<std::size_t>(field.to);
            value.widest_ = value.length_;
            break;
        case Kind::Now:
        case Kind::Planned:
            value.widest_ = TimeText::kBytes;
            break;
        case Kind::Column: {
            const Result<std::size_t> column = rows->column(field.text);
            if (!column) {
                Error error = column.error();
                error.code = ErrorCode::InvalidArgument;
                error.field = "fields." + field.name;
                return error;
            }
            for (std::size_t row = 0; row < rows->rows(); ++row)
                value.texts_.push_back(placed(rows->value(row, *column), place));
            value.random_rows_ = random_rows;
            break;
        }
    }
    if (field.kind == Kind::Choice)
        value.up_to_ = cumulated(field.weights.empty() ? std::vector<double>(field.values.size(), 1) : field.weights);
    if (field.kind == Kind::Zipf) {
        // (k + 1)^-e = e^(e * ln(1 / (k + 1)))
        std::vector<double> weights{1};
        for (std::int64_t k = 1; k < field.to; ++k)
            weights.push_back(
                portable_exponential(field.exponent * portable_logarithm(1 / static_cast<double>(k + 1))));
        value.up_to_ = cumulated(weights);
    }
    for (const std::string& text : value.texts_) {
        if (field.kind != Kind::Zipf) value.widest_ = std::max(value.widest_, text.size());
        const bool control =
            std::any_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == 0; });
        if (place == Place::Header && control) {
            Error error = Error::make(ErrorCode::InvalidArgument, "has a line break, which cannot stand in a header");
            error.field = "fields." + field.name;
            return error;
        }
    }
    return value;
}

std::size_t FieldValue::memory_bytes() const {
    std::size_t sum = sizeof *this + up_to_.capacity() * sizeof(std::uint64_t);
    for (const std::string& text : texts_) sum += sizeof text + text.capacity();
    return sum;
}

std::size_t FieldValue::choose(std::uint64_t bits) const {
    return static_cast<std::size_t>(std::upper_bound(up_to_.begin(), up_to_.end() - 1, bits) - up_to_.begin());
}

char* FieldValue::write(char* out, const EventMoment& moment) {
    const auto put = [&out](std::string_view text) {
        std::memcpy(out, text.data(), text.size());
        out += text.size();
    };
    const std::uint64_t n = moment.number;
    switch (kind_) {
        case Kind::Constant:
            put(texts_.front());
            return out;
        case Kind::Sequence:
            return std::to_chars(out, out + kNumberBytes, from_ + static_cast<std::int64_t>(n)).ptr;
        case Kind::Integer:
            return std::to_chars(out, out + kNumberBytes,
                                 from_ + static_cast<std::int64_t>(scaled(random_.at(n), range_)))
                .ptr;
        case Kind::Decimal: {
            std::int64_t number = from_ + static_cast<std::int64_t>(scaled(random_.at(n), range_));
            if (number < 0) {
                *out++ = '-';
                number = -number;
            }
            const std::int64_t power = power_of_ten(digits_);
            out = std::to_chars(out, out + kNumberBytes, number / power).ptr;
            if (digits_ == 0) return out;
            *out++ = '.';
            std::int64_t rest = number % power;
            for (int i = digits_; i > 0; --i, rest /= 10) out[i - 1] = static_cast<char>('0' + rest % 10);
            return out + digits_;
        }
        case Kind::Choice:
            put(texts_[choose(random_.at(n))]);
            return out;
        case Kind::Zipf:
            put(texts_.front());
            return std::to_chars(out, out + kNumberBytes, choose(random_.at(n))).ptr;
        case Kind::Uuid4:
            return put_uuid4(out, high_.at(n), low_.at(n));
        case Kind::Uuid7:
            return put_uuid7(out, moment.now, high_.at(n), low_.at(n));
        case Kind::Hex:
            for (std::size_t at = 0; at < length_; at += 16)
                out = put_hex(out, mix(random_.at(n) + at), std::min<std::size_t>(16, length_ - at));
            return out;
        case Kind::Now:
            put(time_.text(moment.now));
            return out;
        case Kind::Planned:
            put(time_.text(moment.planned));
            return out;
        case Kind::Column:
            put(texts_[random_rows_ ? scaled(random_.at(n), texts_.size()) : n % texts_.size()]);
            return out;
    }
    return out;
}

}  // namespace streamgauge::loadgen
