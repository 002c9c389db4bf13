// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/disk_guard.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace streamgauge {

namespace {

constexpr std::int64_t kLookMicros = Timestamp::kMicrosPerSecond;
constexpr int kRetrySeconds = 30;  // room comes by retention or by hand: not at once

std::string percent(double used) {
    return std::to_string(static_cast<int>(used)) + " %";
}

}  // namespace

Result<double> disk_used_percent(const std::string& path) {
    struct statvfs disk {};
    if (statvfs(path.c_str(), &disk) != 0) {
        return Error::make(ErrorCode::Io, "the disk of " + path + " cannot be looked at: " + std::strerror(errno));
    }
    const auto used = static_cast<double>(disk.f_blocks - disk.f_bfree);
    const double all = used + static_cast<double>(disk.f_bavail);
    return all > 0 ? used / all * 100 : 0.0;
}

void DiskGuard::look(Timestamp now) {
    std::int64_t before = looked_at_.load(std::memory_order_relaxed);
    // A clock that was set back looks again, too.
    if (before != INT64_MIN && now.micros >= before && now.micros - before < kLookMicros) return;
    const std::unique_lock probing(probing_, std::try_to_lock);
    if (!probing.owns_lock()) return;  // somebody is looking
    looked_at_.store(now.micros, std::memory_order_relaxed);
    const Result<double> used = probe_();
    if (!used.ok()) return;
    used_percent_.store(*used, std::memory_order_relaxed);
    const bool full = stop_percent_ < 100 && *used >= stop_percent_;
    if (full_.exchange(full, std::memory_order_relaxed) == full) return;
    if (full) {
        log::warning("disk_full", "the disk is nearly full: events are refused until there is room",
                     {{"used", percent(*used)}, {"stop_percent", std::to_string(stop_percent_)}});
    } else {
        log::info("disk_room", "the disk has room again: events are taken", {{"used", percent(*used)}});
    }
}

bool DiskGuard::may_store(Timestamp now) {
    look(now);
    return !full_.load(std::memory_order_relaxed);
}

Error DiskGuard::refusal() {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return {ErrorCode::Unavailable,
            "the disk of the data directory is " + percent(used_percent()) + " full",
            {},
            {},
            "free space, shorten the retention, or raise disk.stop_percent; queries go on",
            kRetrySeconds};
}

std::optional<Error> DiskGuard::fault(Timestamp now) {
    if (may_store(now)) return std::nullopt;
    return Error{
        ErrorCode::Unavailable, "the disk is " + percent(used_percent()) + " full: events are refused", {}, {}, {}};
}

}  // namespace streamgauge
