// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <ctime>
#include <utility>

namespace streamgauge::http {

// OpenSSL's view of the wire: it reads from input_ and writes to output_.
struct WireMethod {
    static TlsConnection& of(BIO* bio) { return *static_cast<TlsConnection*>(BIO_get_data(bio)); }

    static int write(BIO* bio, const char* bytes, int count) {
        BIO_clear_retry_flags(bio);
        of(bio).output_.append(bytes, static_cast<std::size_t>(count));
        return count;
    }
    static int read(BIO* bio, char* bytes, int count) {
        BIO_clear_retry_flags(bio);
        TlsConnection& wire = of(bio);
        const std::size_t there = wire.input_.size() - wire.taken_;
        if (there == 0) {
            BIO_set_retry_read(bio);
            return -1;
        }
        const std::size_t taken = std::min(there, static_cast<std::size_t>(count));
        std::memcpy(bytes, wire.input_.data() + wire.taken_, taken);
        wire.taken_ += taken;
        if (wire.taken_ == wire.input_.size()) {
            wire.input_.clear();
            wire.taken_ = 0;
        }
        return static_cast<int>(taken);
    }
    static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }
    static int create(BIO* bio) {
        BIO_set_init(bio, 1);
        return 1;
    }

    static const BIO_METHOD* get() {
        static const BIO_METHOD* const method = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
            BIO_meth_set_write(made, write);
            BIO_meth_set_read(made, read);
            BIO_meth_set_ctrl(made, control);
            BIO_meth_set_create(made, create);
            return made;
        }();
        return method;
    }
};

namespace {

constexpr std::size_t kMostAtOnce = 64 * 1024;  // plain bytes that are encrypted before the socket takes the last ones
constexpr std::int64_t kSoonSeconds = 14 * 24 * 3600;
constexpr unsigned char kProtocol[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

std::string last_error() {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    std::string text = reason == nullptr ? "unknown reason" : reason;
    ERR_clear_error();
    return text;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, kProtocol, sizeof kProtocol, offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;  // no_application_protocol
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

// Without this, OpenSSL asks the terminal.
int no_password(char*, int, int, void*) {
    return 0;
}

Error refuse(std::string message, std::string hint) {
    return {ErrorCode::InvalidArgument, std::move(message), {}, {}, std::move(hint)};
}

}  // namespace

TlsConnection::TlsConnection(ssl_ctx_st* context) : ssl_(SSL_new(context)) {
    BIO* const wire = ssl_ == nullptr ? nullptr : BIO_new(WireMethod::get());
    if (wire == nullptr) {  // out of memory: the handshake fails
        SSL_free(std::exchange(ssl_, nullptr));
        return;
    }
    BIO_set_data(wire, this);
    SSL_set_bio(ssl_, wire, wire);
    SSL_set_accept_state(ssl_);
}

TlsConnection::~TlsConnection() {
    SSL_free(ssl_);
    ERR_clear_error();
}

TlsConnection::Handshake TlsConnection::handshake() {
    if (ssl_ == nullptr) return Handshake::Failed;
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_);
    if (done == 1) return Handshake::Done;
    if (SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ) return Handshake::NeedMore;
    const int reason = ERR_GET_REASON(ERR_peek_error());
    ERR_clear_error();
    if (reason != SSL_R_HTTP_REQUEST) return Handshake::Failed;
    output_.clear();
    return Handshake::PlainHttp;
}

TlsConnection::Read TlsConnection::read(std::span<char> space) {
    ERR_clear_error();
    const int count = SSL_read(ssl_, space.data(), static_cast<int>(std::min<std::size_t>(space.size(), INT_MAX)));
    if (count > 0) return {State::Open, static_cast<std::size_t>(count)};
    const int error = SSL_get_error(ssl_, count);
    ERR_clear_error();
    if (error == SSL_ERROR_WANT_READ) return {};
    return {error == SSL_ERROR_ZERO_RETURN ? State::Ended : State::Failed, 0};
}

std::size_t TlsConnection::write(const iovec* segments, std::size_t count) {
    std::size_t all = 0;
    for (std::size_t i = 0; i < count && all < kMostAtOnce; ++i) {
        const std::size_t size = std::min(segments[i].iov_len, kMostAtOnce - all);
        if (size == 0) continue;
        ERR_clear_error();
        if (SSL_write(ssl_, segments[i].iov_base, static_cast<int>(size)) != static_cast<int>(size)) {
            ERR_clear_error();
            return 0;
        }
        all += size;
    }
    return all;
}

void TlsConnection::end() {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

void TlsConnection::sent(std::size_t bytes) {
    sent_ += bytes;
    if (sent_ < output_.size()) return;
    sent_ = 0;
    output_.clear();
    if (output_.capacity() > 2 * kMostAtOnce) output_.shrink_to_fit();
}

Result<std::shared_ptr<TlsContext>> TlsContext::load(TlsOptions options, const Clock& clock) {
    std::shared_ptr<TlsContext> context(new TlsContext(std::move(options), clock));
    if (Status read = context->reload(); !read.ok()) return read.error();
    return context;
}

TlsContext::~TlsContext() {
    SSL_CTX_free(loaded_.context);
}

Result<TlsContext::Loaded> TlsContext::read_files() const {
    ERR_clear_error();
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> made(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX* const context = made.get();
    if (context == nullptr) return Error::make(ErrorCode::Internal, "OpenSSL: " + last_error());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_PRIORITIZE_CHACHA |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps none
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    // Forward secrecy and authenticated encryption; those of TLS 1.3 all are.
    if (SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        return Error::make(ErrorCode::Internal, "OpenSSL: " + last_error());
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
    SSL_CTX_set_default_passwd_cb(context, no_password);
    constexpr unsigned char kSessions[] = "streamgauge";
    SSL_CTX_set_session_id_context(context, kSessions, sizeof kSessions - 1);

    if (SSL_CTX_use_certificate_chain_file(context, options_.certificate.c_str()) != 1) {
        return refuse("the certificate " + options_.certificate + " cannot be used: " + last_error(),
                      "it is a PEM file with the certificate first and its chain behind it");
    }
    if (SSL_CTX_use_PrivateKey_file(context, options_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        return refuse("the key " + options_.key + " cannot be used: " + last_error(),
                      "it is the PEM file of this certificate's key, without a password");
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        return refuse("the key " + options_.key + " does not belong to the certificate " + options_.certificate,
                      "give the key that the certificate was made for");
    }
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(context)), &time) != 1)
        return refuse("the certificate " + options_.certificate + " has no readable end", "make it anew");
    const Timestamp expires = Timestamp::from_seconds(timegm(&time));
    if (expires <= clock_.now()) return refuse("the certificate " + options_.certificate + " has expired", "renew it");
    if (options_.client_certificates != ClientCertificates::Off) {
        STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(options_.client_ca.c_str());
        if (names == nullptr || SSL_CTX_load_verify_locations(context, options_.client_ca.c_str(), nullptr) != 1) {
            sk_X509_NAME_pop_free(names, X509_NAME_free);
            return refuse("the clients' authorities in " + options_.client_ca + " cannot be used: " + last_error(),
                          "it is a PEM file of certificates");
        }
        SSL_CTX_set_client_CA_list(context, names);
        SSL_CTX_set_verify(context,
                           options_.client_certificates == ClientCertificates::Required
                               ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                               : SSL_VERIFY_PEER,
                           nullptr);
    }
    return Loaded{made.release(), expires};
}

std::vector<std::string> TlsContext::look() const {
    std::vector<std::string> seen;
    for (const std::string* file : {&options_.certificate, &options_.key, &options_.client_ca}) {
        struct stat facts {};
        if (file->empty() || stat(file->c_str(), &facts) != 0) {
            seen.emplace_back();
            continue;
        }
        seen.push_back(std::to_string(facts.st_ino) + " " + std::to_string(facts.st_size) + " " +
                       std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec));
    }
    return seen;
}

Status TlsContext::reload() {
    std::vector<std::string> seen = look();  // before reading: a change meanwhile is seen by the next look
    Result<Loaded> read = read_files();
    ssl_ctx_st* old = nullptr;
    {
        const std::lock_guard lock(mutex_);
        seen_ = std::move(seen);
        if (!read.ok()) return read.error();
        old = std::exchange(loaded_, *read).context;
    }
    SSL_CTX_free(old);  // connections that were made from it keep it
    return {};
}

std::optional<Status> TlsContext::reload_if_changed() {
    const std::vector<std::string> now = look();
    {
        const std::lock_guard lock(mutex_);
        if (now == seen_) return std::nullopt;
    }
    return reload();
}

Timestamp TlsContext::expires() const {
    const std::lock_guard lock(mutex_);
    return loaded_.expires;
}

bool TlsContext::expires_soon() const {
    return expires().seconds() - clock_.now().seconds() < kSoonSeconds;
}

std::unique_ptr<TlsConnection> TlsContext::accept() const {
    const std::lock_guard lock(mutex_);
    return std::make_unique<TlsConnection>(loaded_.context);
}

}  // namespace streamgauge::http
