// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/sorted_hashes.h"

#include <algorithm>

namespace streamgauge {
namespace {

constexpr std::size_t kHashBytes = sizeof(std::uint64_t);

// Where two ranges are being united.
struct Seam {
    HashRange a, b;
    std::uint64_t* out = nullptr;

    std::size_t sure_steps() const { return std::min(a.size, b.size); }
    // Takes the smaller of two hashes, or both where they are equal. No branch may depend on them, since nobody can
    // foretell which is smaller: "8 - 8 * (y < x)" is what compilers make none of.
    static void step(const char*& a, const char*& b, std::uint64_t* out) {
        const std::uint64_t x = HashRange{a, 1}[0], y = HashRange{b, 1}[0];
        const std::size_t second = static_cast<std::size_t>(y < x), first = static_cast<std::size_t>(x < y);
        *out = x < y ? x : y;
        a += kHashBytes - kHashBytes * second;
        b += kHashBytes - kHashBytes * first;
    }
    void moved(const char* to_a, const char* to_b, std::size_t steps) {
        a.size -= static_cast<std::size_t>(to_a - a.at) / kHashBytes;
        b.size -= static_cast<std::size_t>(to_b - b.at) / kHashBytes;
        a.at = to_a;
        b.at = to_b;
        out += steps;
    }
    void finish() {
        while (const std::size_t sure = sure_steps()) {
            const char* at = a.at;
            const char* bt = b.at;
            for (std::size_t i = 0; i < sure; ++i) step(at, bt, out + i);
            moved(at, bt, sure);
        }
        for (const HashRange& rest : {a, b}) {
            if (rest.size > 0) std::memcpy(out, rest.at, rest.size * kHashBytes);
            out += rest.size;
        }
    }
};

}  // namespace

bool is_ascending(std::string_view bytes) {
    const HashRange hashes{bytes.data(), bytes.size() / kHashBytes};
    bool wrong = false;
    for (std::size_t i = 1; i < hashes.size; ++i) wrong |= hashes[i] <= hashes[i - 1];
    return !wrong;
}

HashRun to_run(std::string_view bytes) {
    const HashRange hashes{bytes.data(), bytes.size() / kHashBytes};
    HashRun run;
    std::size_t begin = 0;
    for (std::size_t range = 0; range < run.ranges.size(); ++range) {
        std::size_t end = hashes.size, low = begin;
        if (range + 1 < run.ranges.size()) {
            while (low < end) {
                const std::size_t middle = low + (end - low) / 2;
                if (hashes[middle] >> 62 <= range)
                    low = middle + 1;
                else
                    end = middle;
            }
        }
        run.ranges[range] = {hashes.at + begin * kHashBytes, end - begin};
        begin = end;
    }
    return run;
}

HashRun unite(const HashRun& a, const HashRun& b, std::uint64_t* out) {
    std::array<Seam, 4> seams;
    std::array<std::uint64_t*, 4> begins{};
    for (std::size_t i = 0; i < seams.size(); ++i) {
        begins[i] = out;
        seams[i] = {a.ranges[i], b.ranges[i], out};
        out += a.ranges[i].size + b.ranges[i].size;
    }
    auto& [first, second, third, fourth] = seams;
    for (;;) {
        const std::size_t sure =
            std::min({first.sure_steps(), second.sure_steps(), third.sure_steps(), fourth.sure_steps()});
        if (sure == 0) break;
        const char *a0 = first.a.at, *a1 = second.a.at, *a2 = third.a.at, *a3 = fourth.a.at;
        const char *b0 = first.b.at, *b1 = second.b.at, *b2 = third.b.at, *b3 = fourth.b.at;
        for (std::size_t i = 0; i < sure; ++i) {
            Seam::step(a0, b0, first.out + i);
            Seam::step(a1, b1, second.out + i);
            Seam::step(a2, b2, third.out + i);
            Seam::step(a3, b3, fourth.out + i);
        }
        first.moved(a0, b0, sure);
        second.moved(a1, b1, sure);
        third.moved(a2, b2, sure);
        fourth.moved(a3, b3, sure);
    }
    HashRun run;
    for (std::size_t i = 0; i < seams.size(); ++i) {
        seams[i].finish();
        run.ranges[i] = {reinterpret_cast<const char*>(begins[i]), static_cast<std::size_t>(seams[i].out - begins[i])};
    }
    return run;
}

HashRun copy(const HashRun& run, std::uint64_t* out) {
    HashRun copied;
    for (std::size_t i = 0; i < run.ranges.size(); ++i) {
        const HashRange& range = run.ranges[i];
        if (range.size > 0) std::memcpy(out, range.at, range.size * kHashBytes);
        copied.ranges[i] = {reinterpret_cast<const char*>(out), range.size};
        out += range.size;
    }
    return copied;
}

}  // namespace streamgauge
