// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/letter_caps.h"

#include <algorithm>

#include "base/limits.h"
#include "base/log.h"

namespace streamgauge::api {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kWarnEverySeconds = 60;
constexpr std::int64_t kFullForSeconds = 300;

std::uint64_t cost_of(std::uint64_t raw_bytes) {
    return letter_cost(std::min<std::uint64_t>(raw_bytes, limits::kDeadLetterRawBytes));
}

}  // namespace

bool LetterCaps::reserve(std::string_view project, std::uint64_t raw_bytes) {
    const std::uint64_t cost = cost_of(raw_bytes);
    const std::int64_t now = clock_.monotonic_nanos();
    std::uint64_t not_kept = 0;
    {
        const std::lock_guard lock(mutex_);
        let_lapse(now);
        auto found = projects_.find(project);
        if (found == projects_.end()) found = projects_.emplace(project, Project{}).first;
        Project& room = found->second;
        if (room.used + room.promised + room.promised_before + cost <= cap_bytes_) {
            room.promised += cost;
            return true;
        }
        not_kept = ++room.not_kept;
        room.refused_at = now;
        if (warned_at_ >= 0 && now - warned_at_ < kWarnEverySeconds * kNanos) return false;
        warned_at_ = now;
    }
    log::warning("dead_letters_full", "rejected events are counted and not kept: purge or mend dead letters",
                 {{"project", std::string(project)},
                  {"cap_bytes", std::to_string(cap_bytes_)},
                  {"not_kept", std::to_string(not_kept)}});
    return false;
}

void LetterCaps::let_lapse(std::int64_t now) {
    if (now - lapsed_at_ < kPatienceSeconds * kNanos) return;
    const bool both = now - lapsed_at_ >= 2 * kPatienceSeconds * kNanos;
    lapsed_at_ = now;
    for (auto& [name, project] : projects_) {
        project.promised_before = both ? 0 : project.promised;
        project.promised = 0;
    }
}

void LetterCaps::arrived(const std::string& project, std::uint64_t raw_bytes) {
    const std::lock_guard lock(mutex_);
    const auto found = projects_.find(project);
    if (found == projects_.end()) return;
    std::uint64_t cost = cost_of(raw_bytes);
    for (std::uint64_t* promised : {&found->second.promised_before, &found->second.promised}) {
        const std::uint64_t kept = std::min(*promised, cost);
        *promised -= kept;
        cost -= kept;
    }
}

void LetterCaps::set_used(const std::vector<LetterUsage>& usage) {
    const std::lock_guard lock(mutex_);
    for (auto& [name, project] : projects_) project.used = 0;
    for (const LetterUsage& one : usage) projects_[one.project].used = one.bytes;
}

std::vector<LetterUsage> LetterCaps::complete(std::vector<LetterUsage> stored) const {
    const std::lock_guard lock(mutex_);
    for (LetterUsage& one : stored) one.cap_bytes = cap_bytes_;
    for (const auto& [name, project] : projects_) {
        if (project.not_kept == 0) continue;
        auto at = std::find_if(stored.begin(), stored.end(),
                               [&wanted = name](const LetterUsage& one) { return one.project == wanted; });
        if (at == stored.end()) {
            LetterUsage nothing;
            nothing.project = name;
            nothing.cap_bytes = cap_bytes_;
            at = stored.insert(stored.end(), nothing);
        }
        at->not_kept = project.not_kept;
    }
    return stored;
}

std::vector<std::string> LetterCaps::full() const {
    const std::int64_t now = clock_.monotonic_nanos();
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& [name, project] : projects_)
        if (project.refused_at >= 0 && now - project.refused_at < kFullForSeconds * kNanos) out.push_back(name);
    return out;
}

}  // namespace streamgauge::api
