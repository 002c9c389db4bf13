// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>

namespace streamgauge::http::test {

TlsClient::TlsClient(std::uint16_t port, const TlsClientOptions& options)
    : raw_(port, nullptr, options.receive_buffer),
      context_(SSL_CTX_new(TLS_client_method())),
      ssl_(nullptr),
      piece_(options.piece) {
    if (options.version != 0) {
        SSL_CTX_set_security_level(context_, 0);  // also those that are not to be used any more
        SSL_CTX_set_min_proto_version(context_, options.version);
        SSL_CTX_set_max_proto_version(context_, options.version);
    }
    if (options.own != nullptr) {
        SSL_CTX_use_certificate(context_, options.own->x509());
        SSL_CTX_use_PrivateKey(context_, options.own->key());
    }
    ssl_ = SSL_new(context_);
    if (!options.protocols.empty()) {
        SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.protocols.data()),
                            static_cast<unsigned>(options.protocols.size()));
    }
    if (options.fragment > 0) SSL_set_max_send_fragment(ssl_, static_cast<long>(options.fragment));
    if (options.session != nullptr) SSL_set_session(ssl_, options.session);
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
}

TlsClient::~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
}

bool TlsClient::flush() {
    char* bytes = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(SSL_get_wbio(ssl_), &bytes));
    bool sent = true;
    const std::size_t piece = piece_ == 0 ? size : piece_;
    for (std::size_t at = 0; at < size && sent; at += piece)
        sent = raw_.send(std::string_view(bytes + at, std::min(piece, size - at)));
    BIO_reset(SSL_get_wbio(ssl_));
    return sent;
}

bool TlsClient::receive_wire() {
    const std::string bytes = raw_.read_some();
    if (bytes.empty()) return false;
    BIO_write(SSL_get_rbio(ssl_), bytes.data(), static_cast<int>(bytes.size()));
    return true;
}

bool TlsClient::shake_hands() {
    while (true) {
        ERR_clear_error();
        const int done = SSL_do_handshake(ssl_);
        const int error = SSL_get_error(ssl_, done);
        flush();  // when the server has refused and closed, what it said is still to be read
        if (done == 1) return true;
        if (error != SSL_ERROR_WANT_READ) {
            failure_ = ERR_GET_REASON(ERR_peek_last_error());
            return false;
        }
        if (!receive_wire()) return false;
    }
}

bool TlsClient::send(std::string_view plain) {
    if (!SSL_is_init_finished(ssl_) && !shake_hands()) return false;
    ERR_clear_error();
    return SSL_write(ssl_, plain.data(), static_cast<int>(plain.size())) > 0 && flush();
}

bool TlsClient::receive() {
    while (true) {
        char bytes[16384];
        ERR_clear_error();
        const int count = SSL_read(ssl_, bytes, sizeof bytes);
        if (count > 0) {
            plain_.append(bytes, static_cast<std::size_t>(count));
            return true;
        }
        const int error = SSL_get_error(ssl_, count);
        if (error == SSL_ERROR_ZERO_RETURN) end_ = true;
        if (error == SSL_ERROR_SSL) failure_ = ERR_GET_REASON(ERR_peek_last_error());
        if (error != SSL_ERROR_WANT_READ) return false;
        flush();
        if (!receive_wire()) return false;
    }
}

Answer TlsClient::read() {
    Answer answer;
    std::size_t end = std::string::npos;
    while ((end = plain_.find("\r\n\r\n")) == std::string::npos) {
        if (!receive()) return {};
    }
    answer.head = plain_.substr(0, end + 2);
    plain_.erase(0, end + 4);
    answer.status = std::atoi(answer.head.substr(9, 3).c_str());
    const auto length = static_cast<std::size_t>(std::atoll(answer.header("Content-Length").c_str()));
    while (plain_.size() < length) {
        if (!receive()) return {};
    }
    answer.body = plain_.substr(0, length);
    plain_.erase(0, length);
    return answer;
}

bool TlsClient::read_until(std::string_view text) {
    std::size_t at = std::string::npos;
    while ((at = plain_.find(text)) == std::string::npos) {
        if (!receive()) return false;
    }
    plain_.erase(0, at + text.size());
    return true;
}

void TlsClient::end_sending() {
    SSL_shutdown(ssl_);
    flush();
}

bool TlsClient::ended() {
    while (receive()) {
    }
    return end_ && plain_.empty();
}

std::string TlsClient::peer_name() const {
    char name[256] = {};
    X509* const certificate = SSL_get1_peer_certificate(ssl_);
    if (certificate == nullptr) return {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    X509_free(certificate);
    return name;
}

std::string TlsClient::protocol() const {
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_, &chosen, &size);
    return {reinterpret_cast<const char*>(chosen), size};
}

}  // namespace streamgauge::http::test
