// SPDX-License-Identifier: GPL-3.0-or-later
#include "journal/dedup_run.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace streamgauge {
namespace {

// File: header block, blocks of entries with a checksum each, then fences and filter.
constexpr std::size_t kBlockBytes = 4096;
constexpr std::size_t kBlockEntries = 126;
constexpr std::size_t kWriteBytes = 64 * kBlockBytes;
constexpr std::size_t kSyncBytes = 64 * 1024 * 1024;  // so that the last sync has little left to do
constexpr char kMagic[8] = {'S', 'G', 'D', 'E', 'D', 'U', 'P', '2'};
constexpr std::string_view kPrefix = "dedup-";
constexpr std::string_view kSuffix = ".run";
constexpr std::size_t kDigits = 20;

// A blocked Bloom filter (F. Putze, P. Sanders, J. Singler, "Cache-, hash- and space-efficient Bloom filters"): all
// bits of an id are in one cache line. 12 bits for each id, 7 set.
constexpr std::size_t kFilterBitsPerEntry = 12;
constexpr std::size_t kWordsPerFilterBlock = 8;
constexpr unsigned kFilterProbes = 7;

static_assert(sizeof(DedupEntry) == 32 && kBlockEntries * sizeof(DedupEntry) + 8 <= kBlockBytes);

std::size_t filter_block(const DedupHash& hash, std::size_t blocks) {
    return static_cast<std::size_t>(((hash.high & 0xFFFF'FFFF) * blocks) >> 32);
}

Error corrupt(const std::string& path) {
    return Error::make(ErrorCode::Corrupt, path + " is damaged");
}

}  // namespace

std::string DedupRun::name(Offset first, Offset end) {
    std::string text(kPrefix);
    for (const Offset offset : {first, end}) {
        const std::string digits = std::to_string(offset);
        text += std::string(kDigits - digits.size(), '0') + digits + (offset == first ? "-" : "");
    }
    return text + std::string(kSuffix);
}

bool DedupRun::is_name(std::string_view name) {
    return name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

std::uint64_t DedupRun::checksum(const void* data, std::size_t size) const {
    std::uint64_t sum = 0;
    crypto_shorthash_siphash24(reinterpret_cast<unsigned char*>(&sum), static_cast<const unsigned char*>(data), size,
                               secret_.data());
    return sum;
}

std::uint64_t DedupRun::tail_checksum() const {
    const std::array<std::uint64_t, 2> sums{checksum(fences_.data(), 8 * fences_.size()),
                                            checksum(filter_.data(), 8 * filter_.size())};
    return checksum(sums.data(), sizeof sums);
}

void DedupRun::add_to_filter(const DedupHash& hash) {
    const std::size_t base = filter_block(hash, filter_.size() / kWordsPerFilterBlock) * kWordsPerFilterBlock;
    std::uint64_t bits = hash.low;
    for (unsigned i = 0; i < kFilterProbes; ++i, bits >>= 9) filter_[base + ((bits >> 6) & 7)] |= 1ULL << (bits & 63);
}

bool DedupRun::may_hold(const DedupHash& hash) const {
    const std::size_t base = filter_block(hash, filter_.size() / kWordsPerFilterBlock) * kWordsPerFilterBlock;
    std::uint64_t bits = hash.low;
    for (unsigned i = 0; i < kFilterProbes; ++i, bits >>= 9)
        if ((filter_[base + ((bits >> 6) & 7)] & (1ULL << (bits & 63))) == 0) return false;
    return true;
}

Result<std::shared_ptr<DedupRun>> DedupRun::open(const std::string& path, const std::string& vfs,
                                                 const DedupSecret& secret, For what) {
    Result<VfsFile> file = VfsFile::open(path, false, vfs);
    if (!file.ok()) return std::move(file).error();
    const Result<std::uint64_t> size = file->size();
    if (!size.ok()) return size.error();
    std::shared_ptr<DedupRun> run(new DedupRun(std::move(file).value(), path, secret));
    Header& h = run->header_;
    if (*size < kBlockBytes) return corrupt(path);
    if (Status s = run->file_.read(&h, sizeof h, 0); !s.ok()) return s.error();
    const bool sane = std::memcmp(h.magic, kMagic, sizeof kMagic) == 0 &&
                      h.checksum == run->checksum(&h, offsetof(Header, checksum)) && h.first < h.end &&
                      *size == kBlockBytes * (1 + h.blocks) + 8 * (h.blocks + h.filter_words);
    if (!sane) return corrupt(path);
    if (what == For::EntriesOnly) return run;
    // Straight to where they stay: together they are more than a byte for each id.
    run->fences_.resize(h.blocks);
    run->filter_.resize(h.filter_words);
    const std::uint64_t tail = kBlockBytes * (1 + h.blocks);
    if (Status s = run->file_.read(run->fences_.data(), 8 * h.blocks, tail); !s.ok()) return s.error();
    if (Status s = run->file_.read(run->filter_.data(), 8 * h.filter_words, tail + 8 * h.blocks); !s.ok())
        return s.error();
    if (run->tail_checksum() != h.tail_checksum) return corrupt(path);
    return run;
}

Result<std::size_t> DedupRun::read_block(std::uint64_t block, std::vector<DedupEntry>& entries) const {
    std::array<char, kBlockBytes> bytes;
    if (Status s = file_.read(bytes.data(), bytes.size(), kBlockBytes * (1 + block)); !s.ok()) return s.error();
    std::uint64_t sum = 0;
    std::memcpy(&sum, bytes.data() + kBlockBytes - 8, 8);
    if (sum != checksum(bytes.data(), kBlockBytes - 8)) return corrupt(path_);
    const std::size_t count = std::min<std::uint64_t>(kBlockEntries, header_.entries - block * kBlockEntries);
    const std::size_t old = entries.size();
    entries.resize(old + count);
    std::memcpy(entries.data() + old, bytes.data(), count * sizeof(DedupEntry));
    return count;
}

Result<std::optional<DedupEntry>> DedupRun::find(const DedupHash& hash) const {
    if (fences_.empty() || !may_hold(hash)) return std::optional<DedupEntry>{};
    // The last block whose first hash is not greater by its high half; equal halves may reach back one block.
    const auto after = std::upper_bound(fences_.begin(), fences_.end(), hash.high);
    if (after == fences_.begin()) return std::optional<DedupEntry>{};
    auto block = static_cast<std::uint64_t>(after - fences_.begin()) - 1;
    std::vector<DedupEntry> entries;
    for (;;) {
        entries.clear();
        if (const auto read = read_block(block, entries); !read.ok()) return read.error();
        const auto found = std::lower_bound(entries.begin(), entries.end(), hash,
                                            [](const DedupEntry& e, const DedupHash& h) { return e.hash < h; });
        if (found != entries.end() && found->hash == hash) return std::optional(*found);
        if (found != entries.begin() || block == 0 || entries.front().hash.high != hash.high)
            return std::optional<DedupEntry>{};
        --block;
    }
}

// ---- building and reading in order ---------------------------------------------------------------------------------

Result<DedupRunBuilder> DedupRunBuilder::start(const std::string& path, const std::string& vfs,
                                               const DedupSecret& secret, Offset first, Offset end, Timestamp newest,
                                               std::uint64_t most_entries) {
    Result<VfsFile> file = VfsFile::open(path, true, vfs);
    if (!file.ok()) return std::move(file).error();
    DedupRunBuilder builder(std::shared_ptr<DedupRun>(new DedupRun(std::move(file).value(), path, secret)));
    DedupRun::Header& h = builder.run_->header_;
    std::memcpy(h.magic, kMagic, sizeof kMagic);
    h.first = first;
    h.end = end;
    h.newest_micros = newest.micros;
    builder.run_->filter_.resize((most_entries * kFilterBitsPerEntry / 512 + 1) * kWordsPerFilterBlock);
    h.filter_words = builder.run_->filter_.size();
    builder.at_ = kBlockBytes;
    builder.block_.reserve(kBlockEntries);
    return builder;
}

Status DedupRunBuilder::add(const DedupEntry& entry) {
    if (block_.empty()) run_->fences_.push_back(entry.hash.high);
    block_.push_back(entry);
    run_->add_to_filter(entry.hash);
    ++run_->header_.entries;
    return block_.size() == kBlockEntries ? end_block() : Status();
}

Status DedupRunBuilder::end_block() {
    std::array<char, kBlockBytes> bytes{};
    std::memcpy(bytes.data(), block_.data(), block_.size() * sizeof(DedupEntry));
    const std::uint64_t sum = run_->checksum(bytes.data(), kBlockBytes - 8);
    std::memcpy(bytes.data() + kBlockBytes - 8, &sum, 8);
    buffer_.append(bytes.data(), bytes.size());
    block_.clear();
    ++run_->header_.blocks;
    return buffer_.size() >= kWriteBytes ? flush() : Status();
}

Status DedupRunBuilder::flush() {
    Status status = write(buffer_.data(), buffer_.size());
    buffer_.clear();
    if (!status.ok() || at_ - synced_ < kSyncBytes) return status;
    synced_ = at_;
    return run_->file_.sync();
}

Status DedupRunBuilder::write(const void* data, std::size_t size) {
    Status status = size == 0 ? Status() : run_->file_.write(data, size, at_);
    at_ += size;
    return status;
}

Result<std::shared_ptr<DedupRun>> DedupRunBuilder::finish() {
    if (!block_.empty())
        if (Status s = end_block(); !s.ok()) return s.error();
    DedupRun::Header& h = run_->header_;
    h.tail_checksum = run_->tail_checksum();
    h.checksum = run_->checksum(&h, offsetof(DedupRun::Header, checksum));
    if (Status s = flush(); !s.ok()) return s.error();
    if (Status s = write(run_->fences_.data(), 8 * run_->fences_.size()); !s.ok()) return s.error();
    if (Status s = write(run_->filter_.data(), 8 * run_->filter_.size()); !s.ok()) return s.error();
    // The header makes the file valid, so it goes to disk after everything else is there.
    if (Status s = run_->file_.sync(); !s.ok()) return s.error();
    if (Status s = run_->file_.write(&h, sizeof h, 0); !s.ok()) return s.error();
    if (Status s = run_->file_.sync(); !s.ok()) return s.error();
    return std::move(run_);
}

Result<const DedupEntry*> DedupRunCursor::next() {
    if (index_ == block_.size()) {
        if (next_block_ == run_->header_.blocks) return static_cast<const DedupEntry*>(nullptr);
        block_.clear();
        index_ = 0;
        if (const auto read = run_->read_block(next_block_++, block_); !read.ok()) return read.error();
    }
    return static_cast<const DedupEntry*>(&block_[index_++]);
}

}  // namespace streamgauge
