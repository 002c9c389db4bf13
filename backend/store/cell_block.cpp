// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/cell_block.h"

#include <algorithm>
#include <utility>

namespace streamgauge {
namespace {

constexpr char kForm = 'C';
// Bits at the head of a cell; the bytes that its group shares with the one before are above them.
constexpr std::uint64_t kNextWindow = 1, kOwnCount = 2, kLate = 4;
constexpr unsigned kFlags = 3;
constexpr std::size_t kLongestText = std::size_t{1} << 20;

bool has_text(Aggregate aggregate) {
    return aggregate == Aggregate::Last;
}

Error corrupt() {
    return Error::make(ErrorCode::Corrupt, "a block of cells cannot be read");
}

}  // namespace

void CellBlockWriter::add(std::int64_t window, std::string_view group, const Cell& cell) {
    const bool first = cells_++ == 0;
    if (first) {
        first_window_ = window_ = window;
        group_.clear();
    }
    std::size_t shared = 0;
    const std::size_t most = std::min(group_.size(), group.size());
    while (shared < most && group_[shared] == group[shared]) ++shared;
    const bool next = window != window_, own_count = cell.count != cell.value, late = cell.late != 0;
    put_varint(body_, static_cast<std::uint64_t>(shared) << kFlags | (next ? kNextWindow : 0) |
                          (own_count ? kOwnCount : 0) | (late ? kLate : 0));
    if (next) put_varint(body_, static_cast<std::uint64_t>(window) - static_cast<std::uint64_t>(window_));
    put_text(body_, group.substr(shared));
    put_signed(body_, cell.value);
    if (own_count) put_signed(body_, cell.count);
    if (late) put_signed(body_, cell.late);
    if (has_text(aggregate_)) put_text(body_, cell.text);
    window_ = window;
    group_.replace(shared, std::string::npos, group.substr(shared));
}

std::string CellBlockWriter::take() {
    std::string bytes(1, kForm);
    bytes.push_back(static_cast<char>(aggregate_));
    put_varint(bytes, cells_);
    put_fixed(bytes, static_cast<std::uint64_t>(first_window_), sizeof first_window_);
    bytes += body_;
    body_.clear();
    cells_ = 0;
    return bytes;
}

Result<CellBlockReader> CellBlockReader::open(std::string_view bytes) {
    if (bytes.size() < 2 || bytes[0] != kForm) return corrupt();
    const auto aggregate = static_cast<Aggregate>(bytes[1]);
    if (aggregate > Aggregate::Last) return corrupt();
    ByteReader reader(bytes.substr(2));
    const std::uint64_t cells = reader.varint();
    const auto window = static_cast<std::int64_t>(reader.fixed(sizeof(std::int64_t)));
    // Three bytes a cell at least.
    if (reader.failed() || cells == 0 || cells > reader.left() / 3) return corrupt();
    return CellBlockReader(aggregate, cells, window, bytes.substr(bytes.size() - reader.left()));
}

Result<bool> CellBlockReader::next() {
    if (left_ == 0) {
        if (!rest_.done()) return corrupt();
        return false;
    }
    --left_;
    const std::uint64_t head = rest_.varint();
    const std::uint64_t shared = head >> kFlags;
    if (shared > group_.size()) return corrupt();
    const std::int64_t window_before = window_;
    if ((head & kNextWindow) != 0) {
        const std::uint64_t step = rest_.varint();
        window_ = static_cast<std::int64_t>(static_cast<std::uint64_t>(window_) + step);
        if (first_ || window_ <= window_before) return corrupt();
    }
    const std::string_view rest = rest_.text(kLongestText);
    // In the same window the group must be greater than the one before.
    if (!first_ && window_ == window_before && rest <= std::string_view(group_).substr(shared)) return corrupt();
    group_.replace(shared, std::string::npos, rest);
    cell_.value = rest_.signed_varint();
    cell_.count = (head & kOwnCount) != 0 ? rest_.signed_varint() : cell_.value;
    cell_.late = (head & kLate) != 0 ? rest_.signed_varint() : 0;
    cell_.text = has_text(aggregate_) ? rest_.text(kLongestText) : std::string_view();
    if (rest_.failed()) return corrupt();
    first_ = false;
    return true;
}

}  // namespace streamgauge
