// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <climits>
#include <fstream>
#include <string>
#include <utility>

namespace streamgauge::loadgen {
namespace {

int as_int(std::size_t size) {
    return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

TlsStream::~TlsStream() {
    SSL_free(ssl_);
}

int TlsStream::handshake() {
    ERR_clear_error();
    const int n = SSL_connect(ssl_);
    if (n == 1) return 0;
    switch (SSL_get_error(ssl_, n)) {
        case SSL_ERROR_WANT_READ:
            return EAGAIN;
        case SSL_ERROR_WANT_WRITE:
            return EINPROGRESS;
        default:
            return EPROTO;
    }
}

std::ptrdiff_t TlsStream::result(int n) {
    if (n > 0) return n;
    switch (SSL_get_error(ssl_, n)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return -EAGAIN;
        case SSL_ERROR_ZERO_RETURN:
            return 0;
        case SSL_ERROR_SSL:
            return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? -ECONNRESET : -EPROTO;
        default:
            return -ECONNRESET;
    }
}

std::string TlsStream::failure() const {
    if (const long refused = SSL_get_verify_result(ssl_); refused != X509_V_OK)
        return std::string("the target's certificate: ") + X509_verify_cert_error_string(refused);
    const unsigned long error = ERR_peek_error();
    const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
    return reason == nullptr ? "the connection ended" : reason;
}

std::ptrdiff_t TlsStream::write(const char* data, std::size_t size) {
    ERR_clear_error();
    return result(SSL_write(ssl_, data, as_int(size)));
}

std::ptrdiff_t TlsStream::read(char* buffer, std::size_t size) {
    ERR_clear_error();
    return result(SSL_read(ssl_, buffer, as_int(size)));
}

void TlsStream::end() {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_) != 0) SSL_shutdown(ssl_);
}

Result<std::unique_ptr<TlsClient>> TlsClient::make(const TlsChoices& choices, const Url& url) {
    ERR_clear_error();
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    if (context == nullptr) return Error::make(ErrorCode::Internal, "OpenSSL has no TLS client");
    const std::string name = choices.server_name.empty() ? url.host : choices.server_name;
    in6_addr parsed{};
    const bool is_address =
        inet_pton(AF_INET, name.c_str(), &parsed) == 1 || inet_pton(AF_INET6, name.c_str(), &parsed) == 1;
    std::unique_ptr<TlsClient> client(new TlsClient(context, name, is_address));
    const auto refused = [](const char* field, const std::string& what) {
        Error error = Error::make(ErrorCode::InvalidArgument, what);
        error.field = field;
        const unsigned long reason = ERR_peek_last_error();
        if (const char* const text = reason == 0 ? nullptr : ERR_reason_error_string(reason))
            error.message += std::string(": ") + text;
        return error;
    };
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    constexpr unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols);
    SSL_CTX_set_verify(context, choices.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    const std::array<std::pair<const char*, const std::string*>, 3> files{
        {{"tls.ca_file", &choices.ca_file},
         {"tls.certificate_file", &choices.certificate_file},
         {"tls.key_file", &choices.key_file}}};
    for (const auto& [field, file] : files) {
        if (file->empty() || std::ifstream(*file)) continue;
        Error error = Error::make(ErrorCode::InvalidArgument, "cannot read " + *file);
        error.field = field;
        return error;
    }
    if (choices.ca_file.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else if (SSL_CTX_load_verify_file(context, choices.ca_file.c_str()) != 1) {
        return refused("tls.ca_file", "cannot use " + choices.ca_file);
    }
    if (!choices.certificate_file.empty()) {
        if (SSL_CTX_use_certificate_chain_file(context, choices.certificate_file.c_str()) != 1)
            return refused("tls.certificate_file", "cannot use " + choices.certificate_file);
        if (SSL_CTX_use_PrivateKey_file(context, choices.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(context) != 1)
            return refused("tls.key_file", "cannot use " + choices.key_file);
    }
    return client;
}

TlsClient::~TlsClient() {
    SSL_CTX_free(context_);
}

std::unique_ptr<TlsStream> TlsClient::open(int fd) const {
    SSL* const ssl = SSL_new(context_);
    if (ssl == nullptr) return nullptr;
    auto stream = std::make_unique<TlsStream>(ssl);
    const bool named = is_address_ ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name_.c_str()) == 1
                                   : SSL_set1_host(ssl, name_.c_str()) == 1 &&
                                         SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                                  const_cast<char*>(name_.c_str())) == 1;
    if (!named || SSL_set_fd(ssl, fd) != 1) return nullptr;
    return stream;
}

}  // namespace streamgauge::loadgen
