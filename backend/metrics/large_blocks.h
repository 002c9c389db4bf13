// SPDX-License-Identifier: GPL-3.0-or-later
// An allocator for tables that are looked up at random: large ones ask the system for pages of 2 MiB, because with
// pages of 4 KiB the processor looks for most addresses twice.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <new>

namespace streamgauge {

template <class T>
class LargeBlocks {
public:
    using value_type = T;
    LargeBlocks() = default;
    template <class U>
    LargeBlocks(const LargeBlocks<U>&) {}

    T* allocate(std::size_t count) {
        const std::size_t bytes = count * sizeof(T);
        if (bytes < kPage) return static_cast<T*>(::operator new (bytes, std::align_val_t{alignof(T)}));
        void* const block = std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
        if (block == nullptr) throw std::bad_alloc();
        ::madvise(block, bytes, MADV_HUGEPAGE);  // a wish
        return static_cast<T*>(block);
    }
    void deallocate(T* block, std::size_t count) {
        const std::size_t bytes = count * sizeof(T);
        if (bytes < kPage)
            ::operator delete (block, std::align_val_t{alignof(T)});
        else
            std::free(block);
    }
    bool operator==(const LargeBlocks&) const { return true; }

private:
    static constexpr std::size_t kPage = std::size_t{2} << 20;
};

}  // namespace streamgauge
