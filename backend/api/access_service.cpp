// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/access_service.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <utility>

#include "auth/directory.h"
#include "auth/names.h"
#include "auth/snapshot_authenticator.h"
#include "auth/token.h"
#include "base/log.h"

namespace streamgauge::api {

namespace {

using auth::Directory;

constexpr std::int64_t kUsesEveryNanos = 60'000'000'000;      // last_used_at is exact to a minute anyway
constexpr std::int64_t kCleanEveryNanos = 3'600'000'000'000;  // rotated keys whose tokens have expired
constexpr int kNice = 5;  // below the threads that take events, where the processor is contended
constexpr std::size_t kKeyFileBytes = 64 * 1024;
constexpr const char* kDemoName = "demo";
constexpr const char* kDemoPassword = "demo123";
constexpr const char* kFirstName = "admin";
// Beyond any server's uptime: the token dies with the process that knows it.
constexpr Timestamp kEndOfTime = Timestamp::from_seconds(253'402'300'799);

Error unavailable(std::string message) {
    Error error = Error::make(ErrorCode::Unavailable, std::move(message));
    error.retry_after_seconds = 1;
    return error;
}

Error invalid_credentials() {
    return Error::make(ErrorCode::Unauthorized, "invalid credentials");
}

Error setting_error(const char* setting, const std::string& file, const std::string& why) {
    Error error = Error::make(ErrorCode::InvalidArgument, "the key file " + file + " cannot be used: " + why);
    error.field = setting;
    return error;
}

Result<auth::SigningKey> read_key_file(const char* setting, const std::string& file, bool to_sign) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return setting_error(setting, file, std::strerror(errno));
    std::string text(kKeyFileBytes, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    auto key = auth::SigningKey::rs256(text);
    auth::wipe(text);
    if (!key.ok()) return setting_error(setting, file, key.error().message);
    if (to_sign && !key->can_sign()) return setting_error(setting, file, "it holds a public key, not a private one");
    return key;
}

Result<bool> done_or(Status status) {
    if (!status.ok()) return status.error();
    return true;
}

}  // namespace

// Everything but the constructor, start() and the queue runs on its thread.
class AccessManager::Worker {
public:
    Worker(AccessOptions options, const Clock& clock)
        : options_(std::move(options)), clock_(clock), throttle_(options_.throttle) {}
    ~Worker() { stop(); }

    Status open();
    void run() {
        thread_ = std::thread([this] { loop(); });
    }
    void stop();

    // `work` is called on the thread with true, or at once with false when there is no room or no thread any more.
    using Work = std::function<void(bool ready)>;
    void enqueue(bool login, Work work);

    // Asks the directory on the thread, tells the authenticator of a change, and answers.
    template <class T, class Ask>
    void ask(bool changes, Done<T> done, Ask question) {
        enqueue(false, [this, changes, done = std::move(done), question = std::move(question)](bool ready) mutable {
            if (!ready) return done(unavailable("administration is busy or the server is stopping"));
            look();
            Result<T> answer = question(*directory_);
            if (changes && answer.ok()) publish();
            done(std::move(answer));
        });
    }

    Result<Login> login(const std::string& name, const std::string& password, const std::string& address);
    Result<std::string> hash(std::string& password) const;
    Result<std::string> rotate();

    const std::string console_token = "sgc_" + auth::hex(auth::random_bytes(32));
    auth::SnapshotAuthenticator authenticator;
    std::mutex first_password_mutex;
    std::optional<std::string> first_password;

private:
    Status read_key_files();
    Status settle_users();
    bool publish();  // false: it will be tried again
    void look();
    void loop();
    void housekeeping();

    const AccessOptions options_;
    const Clock& clock_;
    std::unique_ptr<Directory> directory_;
    auth::LoginThrottle throttle_;
    auth::ExtraCredentials extra_;
    const std::string unmatched_hash_ = auth::unmatched_hash(options_.password_cost);
    std::int64_t uses_noted_at_ = 0, cleaned_at_ = 0;
    bool unpublished_ = false;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Work> logins_, changes_;
    bool closed_ = false;
    std::thread thread_;
};

// ---- the thread -----------------------------------------------------------------------------------------------------
void AccessManager::Worker::enqueue(bool login, Work work) {
    {
        const std::lock_guard lock(mutex_);
        auto& queue = login ? logins_ : changes_;
        if (!closed_ && queue.size() < (login ? kLoginsWaiting : kChangesWaiting)) {
            queue.push_back(std::move(work));
            wake_.notify_one();
            return;
        }
    }
    work(false);
}

void AccessManager::Worker::stop() {
    std::deque<Work> left;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) return;
        closed_ = true;
        left.swap(logins_);
        for (Work& work : changes_) left.push_back(std::move(work));
        changes_.clear();
    }
    wake_.notify_one();
    for (const Work& work : left) work(false);
    if (thread_.joinable()) thread_.join();
}

void AccessManager::Worker::loop() {
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
    uses_noted_at_ = cleaned_at_ = clock_.monotonic_nanos();
    for (;;) {
        Work work;
        {
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, options_.look_every,
                           [this] { return closed_ || !logins_.empty() || !changes_.empty(); });
            if (closed_) break;
            // Administration first: it is short, and a flood of logins must not shut the administrator out.
            auto& queue = changes_.empty() ? logins_ : changes_;
            if (!queue.empty()) {
                work = std::move(queue.front());
                queue.pop_front();
            }
        }
        if (work) work(true);
        housekeeping();
    }
    if (Status noted = directory_->note_key_uses(authenticator.take_key_uses()); !noted.ok())
        log::warning("access_uses", "the last uses of keys are not noted", {{"reason", noted.error().describe()}});
}

void AccessManager::Worker::housekeeping() {
    look();
    const std::int64_t now = clock_.monotonic_nanos();
    if (now - uses_noted_at_ >= kUsesEveryNanos) {
        uses_noted_at_ = now;
        if (Status noted = directory_->note_key_uses(authenticator.take_key_uses()); !noted.ok())
            log::warning("access_uses", "the last uses of keys are not noted", {{"reason", noted.error().describe()}});
    }
    if (now - cleaned_at_ >= kCleanEveryNanos) {
        cleaned_at_ = now;
        if (extra_.signs_with.empty()) {
            if (const auto kid = directory_->ensure_signing_key(options_.algorithm); kid.ok()) publish();
        }
    }
}

void AccessManager::Worker::look() {
    const auto changed = directory_->changed_elsewhere();
    if (!changed.ok() || (!*changed && !unpublished_)) return;
    if (publish() && *changed)
        log::info("access_changed_elsewhere", "keys, users or projects were changed by another process");
}

bool AccessManager::Worker::publish() {
    const auto contents = directory_->read();
    unpublished_ = !contents.ok();
    if (!contents.ok()) {
        log::error("access_unread", "auth.db cannot be read: what was known before goes on to hold",
                   {{"reason", contents.error().describe()}});
        return false;
    }
    authenticator.publish(*contents, extra_);
    return true;
}

// ---- start ----------------------------------------------------------------------------------------------------------
Status AccessManager::Worker::open() {
    auto directory = Directory::open(options_.data_dir, clock_);
    if (!directory.ok()) return directory.error();
    directory_ = std::move(directory).value();
    if (Status read = read_key_files(); !read.ok()) return read;
    extra_.console_token = console_token;
    if (extra_.signs_with.empty()) {
        if (const auto kid = directory_->ensure_signing_key(options_.algorithm); !kid.ok()) return kid.error();
    }
    if (Status settled = settle_users(); !settled.ok()) return settled;
    if (!publish()) return Error::make(ErrorCode::Io, "auth.db cannot be read");
    return {};
}

Status AccessManager::Worker::read_key_files() {
    if (!options_.private_key_file.empty()) {
        auto key = read_key_file("auth.jwt_private_key", options_.private_key_file, true);
        if (!key.ok()) return key.error();
        extra_.signs_with = key->kid();
        extra_.keys.push_back(std::move(key).value());
    }
    for (const std::string& file : options_.public_key_files) {
        auto key = read_key_file("auth.jwt_public_keys", file, false);
        if (!key.ok()) return key.error();
        if (key->kid() != extra_.signs_with) extra_.keys.push_back(std::move(key).value());
    }
    return {};
}

Status AccessManager::Worker::settle_users() {
    if (!options_.dev) {
        const auto removed = directory_->remove_demo_users();
        if (!removed.ok()) return removed.error();
        if (*removed) log::info("demo_user_removed", "the user demo of the development mode is gone");
    }
    const auto users = directory_->users();
    if (!users.ok()) return users.error();
    if (options_.dev) {
        log::warning("development_mode", "anybody who reaches this server can log in as demo with the password demo123",
                     {{"user", kDemoName}});
        for (const User& user : *users) {
            if (user.name == kDemoName) return {};
        }
        const auto hashed = auth::hash_password(kDemoPassword, options_.password_cost);
        if (!hashed.ok()) return hashed.error();
        const auto made = directory_->create_user(kDemoName, *hashed, auth::Role::Operator, true);
        return made.ok() ? Status{} : Status{made.error()};
    }
    if (!options_.first_admin || !users->empty()) return {};
    std::string password = auth::new_password();
    const auto hashed = auth::hash_password(password, options_.password_cost);
    if (!hashed.ok()) return hashed.error();
    if (const auto made = directory_->create_user(kFirstName, *hashed, auth::Role::Admin); !made.ok())
        return made.error();
    log::info("first_admin", "the first user was made; its password is on standard output, once",
              {{"user", kFirstName}});
    first_password = std::move(password);
    return {};
}

// ---- logins ---------------------------------------------------------------------------------------------------------
Result<std::string> AccessManager::Worker::hash(std::string& password) const {
    if (Status right = auth::check_password(password); !right.ok()) return right.error();
    auto hashed = auth::hash_password(password, options_.password_cost);
    auth::wipe(password);
    return hashed;
}

Result<Login> AccessManager::Worker::login(const std::string& name, const std::string& password,
                                           const std::string& address) {
    const std::int64_t nanos = clock_.monotonic_nanos();
    if (const std::int64_t wait = throttle_.wait_seconds(name, address, nanos); wait > 0) {
        Error error = Error::make(ErrorCode::RateLimited, "too many failed logins");
        error.retry_after_seconds = static_cast<int>(wait);
        error.hint = "try again in " + std::to_string(wait) + " s";
        return error;
    }
    const auto found = directory_->find_login(name);
    if (!found.ok()) return found.error();
    const bool known = found->has_value();
    const std::string& hash = known ? (*found)->password_hash : unmatched_hash_;
    if (!auth::verify_password(password, hash) || !known) {
        throttle_.failed(name, address, nanos);
        // An unknown name is not repeated: it may be a password in the wrong box.
        log::warning("login_failed", "a login was refused", {{"user", known ? name : "(unknown)"}, {"from", address}});
        return invalid_credentials();
    }
    throttle_.succeeded(name);
    const auto key = authenticator.signing_key();
    if (!key) return Error::make(ErrorCode::Internal, "there is no key to sign tokens with");
    std::optional<std::string> new_hash;
    if (auth::needs_rehash(hash, options_.password_cost)) {
        if (auto made = auth::hash_password(password, options_.password_cost); made.ok())
            new_hash = std::move(made).value();
    }
    auth::Claims claims;
    claims.subject = name;
    claims.role = auth::to_string((*found)->user.role);
    claims.version = (*found)->version;
    claims.issued_at = Timestamp::from_seconds(clock_.now().seconds());
    claims.expires_at = claims.issued_at.plus_micros(options_.token_lifetime.count() * Timestamp::kMicrosPerSecond);
    auto token = auth::issue(claims, *key);
    if (!token.ok()) return token.error();
    // Before the token is given out, so that its key is kept as long as the token lasts.
    if (Status noted = directory_->note_login(name, key->kid(), claims.expires_at, new_hash); !noted.ok())
        return noted.error();
    log::info("login", "logged in", {{"user", name}, {"from", address}});
    return Login{std::move(token).value(), claims.expires_at};
}

Result<std::string> AccessManager::Worker::rotate() {
    if (!extra_.signs_with.empty()) {
        Error error = Error::make(ErrorCode::Conflict, "tokens are signed with the key of auth.jwt_private_key");
        error.hint = "name another file there, and the old key's public half in auth.jwt_public_keys, and restart";
        return error;
    }
    return directory_->rotate_signing_key(options_.algorithm);
}

// ---- the service ----------------------------------------------------------------------------------------------------
AccessManager::AccessManager(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
AccessManager::~AccessManager() = default;

Result<std::unique_ptr<AccessManager>> AccessManager::start(AccessOptions options, const Clock& clock) {
    if (Status started = auth::start_crypto(); !started.ok()) return started.error();
    auto worker = std::make_unique<Worker>(std::move(options), clock);
    if (Status opened = worker->open(); !opened.ok()) return opened.error();
    worker->run();
    return std::unique_ptr<AccessManager>(new AccessManager(std::move(worker)));
}

const auth::Authenticator& AccessManager::authenticator() const {
    return worker_->authenticator;
}

std::optional<std::string> AccessManager::take_first_password() {
    const std::lock_guard lock(worker_->first_password_mutex);
    return std::exchange(worker_->first_password, std::nullopt);
}

void AccessManager::stop() {
    worker_->stop();
}

void AccessManager::login(std::string name, std::string password, std::string address, Done<Login> done) {
    worker_->enqueue(true, [worker = worker_.get(), name = std::move(name), password = std::move(password),
                            address = std::move(address), done = std::move(done)](bool ready) mutable {
        done(ready ? worker->login(name, password, address)
                   : Result<Login>(unavailable("too many logins at once, or the server is stopping")));
        auth::wipe(password);
    });
}

Login AccessManager::console_login() {
    return {worker_->console_token, kEndOfTime};
}

void AccessManager::projects(Done<std::vector<Project>> done) {
    worker_->ask(false, std::move(done), [](Directory& directory) { return directory.projects(); });
}

void AccessManager::save_project(Project project, bool create, Done<Project> done) {
    worker_->ask(true, std::move(done), [project = std::move(project), create](Directory& directory) {
        return directory.save_project(project, create);
    });
}

void AccessManager::remove_project(std::string id, Done<bool> done) {
    worker_->ask(true, std::move(done),
                 [id = std::move(id)](Directory& directory) { return done_or(directory.remove_project(id)); });
}

void AccessManager::keys(std::string project, Done<std::vector<ApiKey>> done) {
    Worker* worker = worker_.get();
    worker->ask(false, std::move(done),
                [project = std::move(project), worker](Directory& directory) -> Result<std::vector<ApiKey>> {
                    // What was used up to now belongs to the answer.
                    if (Status noted = directory.note_key_uses(worker->authenticator.take_key_uses()); !noted.ok())
                        return noted.error();
                    return directory.keys(project);
                });
}

void AccessManager::create_key(ApiKey wanted, std::optional<std::string> secret, Done<NewApiKey> done) {
    worker_->ask(true, std::move(done),
                 [wanted = std::move(wanted), secret = std::move(secret)](Directory& directory) mutable {
                     auto made = directory.create_key(wanted, secret);
                     if (secret) auth::wipe(*secret);
                     return made;
                 });
}

void AccessManager::revoke_key(std::string id, Done<ApiKey> done) {
    worker_->ask(true, std::move(done),
                 [id = std::move(id)](Directory& directory) { return directory.revoke_key(id); });
}

void AccessManager::users(Done<std::vector<User>> done) {
    worker_->ask(false, std::move(done), [](Directory& directory) { return directory.users(); });
}

void AccessManager::create_user(std::string name, std::string password, auth::Role role, Done<User> done) {
    Worker* worker = worker_.get();
    worker->ask(true, std::move(done),
                [worker, name = std::move(name), password = std::move(password),
                 role](Directory& directory) mutable -> Result<User> {
                    if (Status right = auth::check_user_name(name); !right.ok()) return right.error();
                    const auto hashed = worker->hash(password);
                    if (!hashed.ok()) return hashed.error();
                    return directory.create_user(name, *hashed, role);
                });
}

void AccessManager::change_user(std::string name, std::optional<std::string> password, std::optional<auth::Role> role,
                                Done<User> done) {
    Worker* worker = worker_.get();
    worker->ask(true, std::move(done),
                [worker, name = std::move(name), password = std::move(password),
                 role](Directory& directory) mutable -> Result<User> {
                    std::optional<std::string> hashed;
                    if (password) {
                        auto made = worker->hash(*password);
                        if (!made.ok()) return made.error();
                        hashed = std::move(made).value();
                    }
                    return directory.change_user(name, hashed, role);
                });
}

void AccessManager::remove_user(std::string name, Done<bool> done) {
    worker_->ask(true, std::move(done),
                 [name = std::move(name)](Directory& directory) { return done_or(directory.remove_user(name)); });
}

void AccessManager::rotate_signing_key(Done<std::string> done) {
    Worker* worker = worker_.get();
    worker->ask(true, std::move(done), [worker](Directory&) { return worker->rotate(); });
}

}  // namespace streamgauge::api
