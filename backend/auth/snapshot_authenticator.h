// SPDX-License-Identifier: GPL-3.0-or-later
// Authenticates against an immutable snapshot of the directory. A request costs one atomic load and hash lookups: each
// thread keeps the snapshot it saw last and the tokens it has verified under it.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "auth/directory.h"

namespace streamgauge::auth {

// Verified tokens that a thread remembers; each may be as long as kTokenBytes.
inline constexpr std::size_t kTokensRemembered = 256;

// Beside what the directory holds.
struct ExtraCredentials {
    std::vector<SigningKey> keys;  // `auth.jwt_private_key`, which then signs, and `auth.jwt_public_keys`
    std::string signs_with;        // kid of the one of `keys` that signs; empty: the directory's
    std::string console_token;     // the embedded console's; empty: none
};

class Snapshot;

class SnapshotAuthenticator final : public Authenticator {
public:
    SnapshotAuthenticator();
    ~SnapshotAuthenticator() override;

    // From now on. Everything is swapped in whole; a request under way ends with what it began with.
    void publish(const Contents& contents, const ExtraCredentials& extra);

    Result<PrincipalPtr> authenticate(const Credentials& credentials, Timestamp now) const override;
    Result<PrincipalPtr> authenticate_key(std::string_view key, Timestamp now) const override;
    std::optional<std::string> project_of_site(std::string_view site) const override;
    bool is_only_project(std::string_view project) const override;

    // The key that signs now. nullptr before the first publish().
    std::shared_ptr<const SigningKey> signing_key() const;
    // When each key was last used, exact to a minute, of those used since the last call.
    std::map<std::string, Timestamp> take_key_uses();

private:
    struct ThreadView;
    ThreadView& view() const;

    const std::uint64_t instance_;  // no other object of this process has it
    std::atomic<std::uint64_t> version_{0};
    mutable std::mutex mutex_;  // guards snapshot_
    std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace streamgauge::auth
