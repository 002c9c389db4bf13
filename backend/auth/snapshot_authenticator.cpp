// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/snapshot_authenticator.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "auth/names.h"
#include "auth/token.h"

namespace streamgauge::auth {

namespace {

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

Error unauthorized(std::string message) {
    return Error::make(ErrorCode::Unauthorized, std::move(message));
}

// Shared by all snapshots of a key, so that no use is forgotten when the next one comes.
struct KeyUse {
    std::atomic<std::int64_t> micros{0};
    std::atomic<bool> fresh{false};
};

struct KnownKey {
    PrincipalPtr principal;
    std::int64_t expires_at = 0;  // microseconds
    bool revoked = false;
    std::shared_ptr<KeyUse> use;
};

struct KnownUser {
    PrincipalPtr principal;
    std::int64_t version = 0;
};

struct KnownSigningKey {
    std::shared_ptr<const SigningKey> key;
    bool ours = false;  // its tokens carry the user's version
};

constexpr std::int64_t kUseStepMicros = 60 * Timestamp::kMicrosPerSecond;
constexpr std::int64_t kForever = INT64_MAX;

}  // namespace

class Snapshot {
public:
    Snapshot(const Contents& contents, const ExtraCredentials& extra, const Snapshot* before);

    Result<PrincipalPtr> by_key(std::string_view secret, Timestamp now) const;
    struct ByToken {
        PrincipalPtr principal;
        Timestamp expires_at;
    };
    Result<ByToken> by_token(std::string_view token, Timestamp now) const;

    std::string digest_key;
    std::unordered_map<Digest, KnownKey, DigestHash> keys;
    ByText<KnownUser> users;
    ByText<KnownSigningKey> signing_keys;
    ByText<std::string> project_by_site;
    std::string only_project;  // empty: there are several
    std::shared_ptr<const SigningKey> signs;
    PrincipalPtr anonymous = std::make_shared<const Principal>();
};

Snapshot::Snapshot(const Contents& contents, const ExtraCredentials& extra, const Snapshot* before)
    : digest_key(contents.digest_key) {
    for (const Contents::Key& stored : contents.keys) {
        Principal principal;
        principal.kind = Principal::Kind::Key;
        principal.id = stored.key.id;
        principal.name = stored.key.name;
        principal.project = stored.key.project;
        principal.permissions = effective(stored.key.permissions);
        principal.every_project = principal.may(Permission::Administer);
        KnownKey key;
        key.principal = std::make_shared<const Principal>(std::move(principal));
        key.expires_at = stored.key.expires_at ? stored.key.expires_at->micros : kForever;
        key.revoked = stored.key.revoked_at.has_value();
        if (before != nullptr) {
            if (const auto known = before->keys.find(stored.digest); known != before->keys.end())
                key.use = known->second.use;
        }
        if (!key.use) key.use = std::make_shared<KeyUse>();
        keys.emplace(stored.digest, std::move(key));
    }
    if (!extra.console_token.empty()) {
        Principal principal;
        principal.kind = Principal::Kind::Console;
        principal.name = "console";
        principal.permissions = kEverything;
        KnownKey key;
        key.principal = std::make_shared<const Principal>(std::move(principal));
        key.expires_at = kForever;
        keys.emplace(digest_of(extra.console_token, digest_key), std::move(key));
    }
    for (const Contents::KnownUser& stored : contents.users) {
        Principal principal;
        principal.kind = Principal::Kind::User;
        principal.id = principal.name = stored.user.name;
        principal.permissions = permissions_of(stored.user.role);
        users.emplace(stored.user.name, KnownUser{std::make_shared<const Principal>(principal), stored.version});
    }
    for (const SigningKey& key : contents.signing_keys)
        signing_keys.emplace(key.kid(), KnownSigningKey{std::make_shared<const SigningKey>(key), true});
    for (const SigningKey& key : extra.keys) {
        const bool ours = key.kid() == extra.signs_with;
        signing_keys.insert_or_assign(key.kid(), KnownSigningKey{std::make_shared<const SigningKey>(key), ours});
    }
    const auto current = signing_keys.find(extra.signs_with.empty() ? contents.current_kid : extra.signs_with);
    if (current != signing_keys.end()) signs = current->second.key;
    if (contents.projects.size() == 1) only_project = contents.projects.front().id;
    for (const Project& project : contents.projects) {
        for (const std::string& site : project.sites) project_by_site.emplace(site, project.id);
    }
}

Result<PrincipalPtr> Snapshot::by_key(std::string_view secret, Timestamp now) const {
    const auto found = keys.find(digest_of(secret, digest_key));
    if (found == keys.end()) return Error::make(ErrorCode::NotFound, "the key is unknown");
    const KnownKey& key = found->second;
    if (key.revoked) return unauthorized("the key was revoked");
    if (now.micros >= key.expires_at) return unauthorized("the key has expired");
    if (key.use && now.micros - key.use->micros.load(std::memory_order_relaxed) >= kUseStepMicros) {
        key.use->micros.store(now.micros, std::memory_order_relaxed);
        key.use->fresh.store(true, std::memory_order_release);
    }
    return key.principal;
}

Result<Snapshot::ByToken> Snapshot::by_token(std::string_view token, Timestamp now) const {
    bool ours = false;
    const auto verified = verify(
        token,
        [&](std::string_view kid) -> const SigningKey* {
            const auto found = signing_keys.find(kid);
            if (found == signing_keys.end()) return nullptr;
            ours = found->second.ours;
            return found->second.key.get();
        },
        now);
    if (!verified.ok()) return verified.error();
    const Claims& claims = verified->claims;
    const auto user = users.find(claims.subject);
    if (user == users.end()) return unauthorized("the token's user is unknown");
    if (claims.version ? *claims.version != user->second.version : ours)
        return unauthorized("the token's user has been changed; log in again");
    return ByToken{user->second.principal, claims.expires_at};
}

// What one thread has seen: swapped out when another version or another object is asked.
struct SnapshotAuthenticator::ThreadView {
    struct Token {
        std::string text;
        PrincipalPtr principal;
        Timestamp issued_before;  // verified at: not believed for earlier times
        Timestamp expires_at;
    };
    std::uint64_t instance = 0, version = 0;
    std::shared_ptr<const Snapshot> snapshot;
    std::array<Token, kTokensRemembered> tokens;
};

SnapshotAuthenticator::SnapshotAuthenticator()
    : instance_([] {
          static std::atomic<std::uint64_t> made{0};
          return ++made;
      }()) {}

SnapshotAuthenticator::~SnapshotAuthenticator() = default;

SnapshotAuthenticator::ThreadView& SnapshotAuthenticator::view() const {
    thread_local std::unique_ptr<ThreadView> of_thread;
    if (!of_thread) of_thread = std::make_unique<ThreadView>();
    ThreadView& seen = *of_thread;
    const std::uint64_t version = version_.load(std::memory_order_acquire);
    if (seen.instance == instance_ && seen.version == version) return seen;
    const std::lock_guard lock(mutex_);
    seen.snapshot = snapshot_;
    seen.instance = instance_;
    seen.version = version;
    for (ThreadView::Token& token : seen.tokens) token = {};
    return seen;
}

void SnapshotAuthenticator::publish(const Contents& contents, const ExtraCredentials& extra) {
    std::shared_ptr<const Snapshot> before;
    {
        const std::lock_guard lock(mutex_);
        before = snapshot_;
    }
    auto next = std::make_shared<const Snapshot>(contents, extra, before.get());
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(next);
    // Inside the lock: a thread that sees the new version finds its snapshot, at the earliest.
    version_.fetch_add(1, std::memory_order_release);
}

Result<PrincipalPtr> SnapshotAuthenticator::authenticate(const Credentials& credentials, Timestamp now) const {
    ThreadView& seen = view();
    if (!seen.snapshot) return Error::make(ErrorCode::Unavailable, "nobody is known yet");
    if (credentials.bearer.empty()) {
        if (!credentials.basic) return seen.snapshot->anonymous;
        return seen.snapshot->by_key(credentials.basic_user, now);
    }
    if (!is_token(credentials.bearer)) return seen.snapshot->by_key(credentials.bearer, now);
    if (credentials.bearer.size() > kTokenBytes) return unauthorized("the token is too long");
    ThreadView::Token& slot = seen.tokens[TextHash{}(credentials.bearer) % kTokensRemembered];
    if (equal_secrets(slot.text, credentials.bearer) && now >= slot.issued_before && now < slot.expires_at)
        return slot.principal;
    auto verified = seen.snapshot->by_token(credentials.bearer, now);
    if (!verified.ok()) return verified.error();
    slot = {std::string(credentials.bearer), verified->principal, now, verified->expires_at};
    return slot.principal;
}

Result<PrincipalPtr> SnapshotAuthenticator::authenticate_key(std::string_view key, Timestamp now) const {
    const ThreadView& seen = view();
    if (!seen.snapshot) return Error::make(ErrorCode::Unavailable, "nobody is known yet");
    return seen.snapshot->by_key(key, now);
}

std::optional<std::string> SnapshotAuthenticator::project_of_site(std::string_view site) const {
    const ThreadView& seen = view();
    if (!seen.snapshot) return std::nullopt;
    const auto found = seen.snapshot->project_by_site.find(site);
    if (found == seen.snapshot->project_by_site.end()) return std::nullopt;
    return found->second;
}

bool SnapshotAuthenticator::is_only_project(std::string_view project) const {
    const ThreadView& seen = view();
    return seen.snapshot && !project.empty() && seen.snapshot->only_project == project;
}

std::shared_ptr<const SigningKey> SnapshotAuthenticator::signing_key() const {
    const std::lock_guard lock(mutex_);
    return snapshot_ ? snapshot_->signs : nullptr;
}

std::map<std::string, Timestamp> SnapshotAuthenticator::take_key_uses() {
    std::shared_ptr<const Snapshot> snapshot;
    {
        const std::lock_guard lock(mutex_);
        snapshot = snapshot_;
    }
    std::map<std::string, Timestamp> uses;
    if (!snapshot) return uses;
    for (const auto& [digest, key] : snapshot->keys) {
        if (key.use && key.use->fresh.exchange(false, std::memory_order_acquire))
            uses.emplace(key.principal->id, Timestamp{key.use->micros.load(std::memory_order_relaxed)});
    }
    return uses;
}

}  // namespace streamgauge::auth
