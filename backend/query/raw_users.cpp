// SPDX-License-Identifier: GPL-3.0-or-later
#include "query/raw_users.h"

#include <algorithm>
#include <array>

#include "metrics/hash.h"

namespace streamgauge::query {
namespace {

constexpr std::size_t kMostPasses = 8;
constexpr std::size_t kCompactAt = 256;  // events of a part, at first

class UserWorker final : public RawWorker {
public:
    UserWorker(const UserQuestion& question, std::uint64_t most, std::size_t pass, std::size_t passes)
        : question_(question),
          most_(most),
          pass_(pass),
          passes_(passes),
          by_at_(fields_.add(question.by)),
          filters_(filters_of(question, fields_)),
          reader_(fields_.fields()) {
        compact_at_.fill(kCompactAt);
    }

    unsigned columns() const { return fields_.columns(); }

    void visit(Offset offset, std::string_view project, const EventView& event) override {
        if (full) return;
        const std::vector<std::string_view>& values = reader_.read_canonical(event, project);
        if (reader_.has_props() && needs_props(values)) reader_.add_props(event);
        std::uint64_t mask = 0;
        for (std::size_t i = 0; i < filters_.size(); ++i)
            if (filters_[i].matches(values)) mask |= std::uint64_t{1} << i;
        if (mask == 0 || values[by_at_].empty()) return;
        const std::uint64_t user = text_hash(values[by_at_]);
        if (passes_ > 1 && (user >> 16) % passes_ != pass_) return;
        std::vector<UserEvent>& part = parts[user % kUserParts];
        part.push_back({user, event.occurred_at.micros, offset << kMostUserFilters | mask});
        ++kept_;
        std::size_t& compact_at = compact_at_[user % kUserParts];
        if (question_.compact && part.size() >= compact_at) {
            kept_ -= part.size();
            std::sort(part.begin(), part.end());
            question_.compact(part);
            kept_ += part.size();
            compact_at = std::max(kCompactAt, 2 * part.size());
        }
        full = kept_ > most_;
    }

    std::array<std::vector<UserEvent>, kUserParts> parts;  // by user

private:
    static std::vector<RawFilter> filters_of(const UserQuestion& question, RawFields& fields) {
        std::vector<RawFilter> out;
        for (const Filter& filter : question.filters) out.emplace_back(filter, fields);
        return out;
    }
    bool needs_props(const std::vector<std::string_view>& values) {
        if (question_.by.field == Field::Prop) return true;
        return std::any_of(filters_.begin(), filters_.end(),
                           [&](RawFilter& filter) { return !filter.decided_without_props(values); });
    }

    const UserQuestion& question_;
    const std::uint64_t most_;
    const std::size_t pass_, passes_;
    RawFields fields_;
    const std::size_t by_at_;
    std::vector<RawFilter> filters_;
    FieldReader reader_;
    std::uint64_t kept_ = 0;
    std::array<std::size_t, kUserParts> compact_at_{};
};

// One part of the users, of all workers.
void visit_part(const std::vector<std::unique_ptr<UserWorker>>& workers, const UserQuestion& question, std::size_t part,
                const std::function<void(std::size_t, std::span<const UserEvent>)>& visit) {
    std::vector<UserEvent> events;
    for (const auto& worker : workers) {
        std::vector<UserEvent>& some = worker->parts[part];
        events.insert(events.end(), some.begin(), some.end());
        std::vector<UserEvent>().swap(some);
    }
    std::sort(events.begin(), events.end());
    if (question.compact) question.compact(events);
    for (auto begin = events.begin(); begin != events.end();) {
        const auto end = std::find_if(begin, events.end(), [&](const UserEvent& e) { return e.user != begin->user; });
        visit(part, std::span<const UserEvent>(begin, end));
        begin = end;
    }
}

}  // namespace

Result<UsersSeen> visit_users(Journal& journal, const UserQuestion& question, const RawLimits& limits,
                              const Watch& watch, const std::function<void()>& reset,
                              const std::function<void(std::size_t, std::span<const UserEvent>)>& visit) {
    const Offset end = journal.end();
    const std::size_t threads = limits.threads == 0 ? raw_threads() : limits.threads;
    for (std::size_t passes = 1; passes <= kMostPasses; passes *= 2) {
        reset();
        UsersSeen out;
        bool fits = true;
        for (std::size_t pass = 0; pass < passes && fits; ++pass) {
            std::vector<std::unique_ptr<UserWorker>> workers;
            std::vector<RawWorker*> shown;
            for (std::size_t i = 0; i < threads; ++i) {
                workers.push_back(std::make_unique<UserWorker>(question, limits.user_events / threads, pass, passes));
                shown.push_back(workers.back().get());
            }
            ScanRequest request = question.events;
            request.columns = workers.front()->columns();
            const double share = 1.0 / static_cast<double>(passes);
            const auto seen = scan_events(journal, request, end, shown, watch, share * static_cast<double>(pass),
                                          share * static_cast<double>(pass + 1));
            if (!seen.ok()) return seen.error();
            fits = !seen->full;
            if (!fits) break;
            out.scan = *seen;
            for (const auto& worker : workers)
                for (const auto& part : worker->parts) out.kept += part.size();
            Status visited = run_jobs(
                threads, kUserParts, [&](std::size_t part) { visit_part(workers, question, part, visit); }, watch);
            if (!visited.ok()) return visited.error();
        }
        if (fits) return out;
    }
    Error error = Error::make(ErrorCode::TooLarge, "there are more events of these users than fit in memory");
    error.hint = "ask for a shorter range, or for rarer events";
    return error;
}

}  // namespace streamgauge::query
