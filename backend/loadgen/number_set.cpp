// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/number_set.h"

#include <sys/mman.h>

namespace streamgauge::loadgen {
namespace {

std::size_t bytes_of(std::uint64_t most) {
    return static_cast<std::size_t>((most + 63) / 64 * 8);
}

}  // namespace

// Anonymous pages read as zero, which is an empty set, and are memory only once they are written.
NumberSet::NumberSet(std::uint64_t most) {
    static_assert(sizeof(std::atomic<std::uint64_t>) == 8 && std::atomic<std::uint64_t>::is_always_lock_free);
    if (most == 0) return;
    void* const pages =
        mmap(nullptr, bytes_of(most), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return;
    words_ = static_cast<std::atomic<std::uint64_t>*>(pages);
    most_ = most;
}

NumberSet::~NumberSet() {
    if (words_ != nullptr) munmap(words_, bytes_of(most_));
}

}  // namespace streamgauge::loadgen
