// SPDX-License-Identifier: GPL-3.0-or-later
// Logins and administration on a thread of their own: argon2id takes a tenth of a second and the disk its time, and
// neither may hold up a request. What changes is published to the authenticator before the change is answered.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/access.h"
#include "auth/authenticator.h"
#include "auth/login_throttle.h"
#include "auth/password.h"
#include "auth/signing_key.h"
#include "base/clock.h"

namespace streamgauge::api {

inline constexpr std::size_t kLoginsWaiting = 32;    // each a tenth of a second of work; beyond: Unavailable
inline constexpr std::size_t kChangesWaiting = 256;  // of administration; beyond: Unavailable

struct AccessOptions {
    std::string data_dir;
    bool dev = false;          // the user demo with the password demo123 is there; otherwise it is removed
    bool first_admin = false;  // where there is no user, make one
    std::chrono::seconds token_lifetime{12 * 3600};
    auth::Algorithm algorithm = auth::Algorithm::Hs256;
    std::string private_key_file;                // PEM, RS256: signs instead of a key of the directory's
    std::vector<std::string> public_key_files;   // PEM, RS256: their tokens are accepted too
    std::chrono::milliseconds look_every{1000};  // for what other processes changed
    auth::PasswordCost password_cost{};
    auth::ThrottleOptions throttle{};
};

class AccessManager final : public AccessService {
public:
    // Opens the directory and knows everybody when it returns. InvalidArgument, with the setting in `field`, for a key
    // file that cannot be used; otherwise as Directory::open().
    static Result<std::unique_ptr<AccessManager>> start(AccessOptions options, const Clock& clock);
    ~AccessManager() override;  // stops

    // Valid as long as this.
    const auth::Authenticator& authenticator() const;
    // Of the user admin that was made because there was nobody; told once, then forgotten.
    std::optional<std::string> take_first_password();
    // What waits is answered Unavailable; what is under way ends. Idempotent.
    void stop();

    void login(std::string name, std::string password, std::string address, Done<Login> done) override;
    Login console_login() override;
    void projects(Done<std::vector<Project>> done) override;
    void save_project(Project project, bool create, Done<Project> done) override;
    void remove_project(std::string id, Done<bool> done) override;
    void keys(std::string project, Done<std::vector<ApiKey>> done) override;
    void create_key(ApiKey wanted, std::optional<std::string> secret, Done<NewApiKey> done) override;
    void revoke_key(std::string id, Done<ApiKey> done) override;
    void users(Done<std::vector<User>> done) override;
    void create_user(std::string name, std::string password, auth::Role role, Done<User> done) override;
    void change_user(std::string name, std::optional<std::string> password, std::optional<auth::Role> role,
                     Done<User> done) override;
    void remove_user(std::string name, Done<bool> done) override;
    void rotate_signing_key(Done<std::string> done) override;

private:
    class Worker;
    explicit AccessManager(std::unique_ptr<Worker> worker);
    std::unique_ptr<Worker> worker_;
};

}  // namespace streamgauge::api
