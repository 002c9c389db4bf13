// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/result_digest.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "store/result_rows.h"

namespace streamgauge {
namespace {

// Values cannot be confused with their neighbours: each text has its length before it.
class Hash {
public:
    Hash() { crypto_hash_sha256_init(&state_); }
    void add(std::int64_t value) {
        std::array<unsigned char, 8> bytes{};
        for (unsigned char& byte : bytes) {
            byte = static_cast<unsigned char>(static_cast<std::uint64_t>(value) >> 56);
            value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8);
        }
        crypto_hash_sha256_update(&state_, bytes.data(), bytes.size());
    }
    void add(std::uint64_t value) { add(static_cast<std::int64_t>(value)); }
    void add(std::string_view text) {
        add(static_cast<std::int64_t>(text.size()));
        crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    std::string bytes() {
        std::string out(crypto_hash_sha256_BYTES, '\0');
        crypto_hash_sha256_final(&state_, reinterpret_cast<unsigned char*>(out.data()));
        return out;
    }

private:
    crypto_hash_sha256_state state_;
};

std::string hexadecimal(const std::string& bytes) {
    std::string out;
    for (const char c : bytes) {
        constexpr const char* kDigits = "0123456789abcdef";
        out += kDigits[static_cast<unsigned char>(c) >> 4];
        out += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

void add(Hash& hash, const PartitionState& state) {
    hash.add(state.next);
    hash.add(state.aggregated);
    hash.add(state.too_late);
    hash.add(state.late);
    hash.add(state.future);
    hash.add(state.system);
    hash.add(state.log_clock.micros);
    hash.add(static_cast<std::int64_t>(state.watermark.has_value()));
    hash.add(state.watermark.value_or(Timestamp{}).micros);
}

void add(std::string& out, std::string_view text) {
    out += std::to_string(text.size());
    out += ':';
    out += text;
}

}  // namespace

std::string identity_of(const MetricDefinition& definition) {
    std::string out;
    const auto number = [&out](std::int64_t value) { out += std::to_string(value) + ';'; };
    number(definition.id);
    add(out, definition.where.text());
    for (const Tier& tier : definition.tiers) {
        number(tier.window_micros);
        number(tier.retention_micros);
    }
    add(out, definition.timezone);
    number(static_cast<int>(definition.time));
    for (const FieldPath& path : definition.group_by) add(out, to_text(path));
    number(static_cast<int>(definition.aggregate));
    for (const FieldPath& path : definition.of) add(out, to_text(path));
    add(out, definition.plus.text());
    add(out, definition.minus.text());
    number(definition.allowed_lateness_micros);
    number(static_cast<std::int64_t>(definition.exact_budget));
    return out;
}

Result<ResultDigest> digest_results(StoreSnapshot& snapshot, const std::vector<MetricDefinition>& definitions) {
    if (sodium_init() < 0) return Error::make(ErrorCode::Internal, "libsodium does not start");
    const Result<PartitionState> state = snapshot.state();
    if (!state.ok()) return state.error();
    const Result<std::vector<StoredMetric>> metrics = snapshot.metrics();
    if (!metrics.ok()) return metrics.error();

    ResultDigest digest;
    digest.next = state->next;
    Hash all;
    add(all, *state);
    for (const StoredMetric& metric : *metrics) {
        const auto definition = std::find_if(definitions.begin(), definitions.end(),
                                             [&metric](const MetricDefinition& d) { return d.id == metric.id; });
        if (definition == definitions.end() || metric.backfill) {
            digest.left_out.push_back(metric.id);
            continue;
        }
        all.add(identity_of(*definition));
        all.add(metric.counters.late);
        all.add(metric.counters.too_late);
        all.add(metric.counters.not_numeric);
        for (std::uint8_t tier = 0; tier < definition->tiers.size(); ++tier) {
            TableDigest table{metric.id, tier, 0, {}};
            Hash rows;
            const Status read = visit_results(snapshot, *definition, tier, state->log_clock, [&](const ResultRow& row) {
                ++table.rows;
                rows.add(row.window);
                rows.add(row.group);
                rows.add(row.content);
                return true;
            });
            if (!read.ok()) return read.error();
            const std::string bytes = rows.bytes();
            all.add(bytes);
            table.sha256 = hexadecimal(bytes);
            digest.tables.push_back(std::move(table));
        }
    }

    std::vector<std::string> users;
    const Status read = visit_users(snapshot, state->log_clock, [&users](UserActivity&& user) {
        Hash one;
        one.add(user.user_id);
        one.add(user.last.micros);
        for (const SessionActivity& session : user.sessions) {
            one.add(session.session_id);
            one.add(session.last.micros);
        }
        users.push_back(one.bytes());
    });
    if (!read.ok()) return read.error();
    std::sort(users.begin(), users.end());
    Hash every_user;
    for (const std::string& user : users) every_user.add(user);
    const std::string bytes = every_user.bytes();
    all.add(bytes);
    digest.users = users.size();
    digest.users_sha256 = hexadecimal(bytes);
    digest.sha256 = hexadecimal(all.bytes());
    return digest;
}

}  // namespace streamgauge
