// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <random>
#include <stdexcept>

namespace streamgauge::http::test {
namespace {

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    require(extension != nullptr, "an extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

}  // namespace

Certificate::Certificate(const std::string& name, const Certificate* authority, double days)
    : x509_(X509_new()), key_(EVP_EC_gen("P-256")) {
    require(x509_ != nullptr && key_ != nullptr, "a key");
    X509_set_version(x509_, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509_), std::random_device{}());
    const std::time_t now = std::time(nullptr);
    ASN1_TIME_set(X509_getm_notBefore(x509_), now - 3600);
    ASN1_TIME_set(X509_getm_notAfter(x509_), now + static_cast<std::time_t>(days * 86400));
    X509_set_pubkey(x509_, key_);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509_), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* const issuer = authority == nullptr ? x509_ : authority->x509_;
    X509_set_issuer_name(x509_, X509_get_subject_name(issuer));
    if (authority == nullptr) add_extension(x509_, issuer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x509_, issuer, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    require(X509_sign(x509_, authority == nullptr ? key_ : authority->key_, EVP_sha256()) > 0, "a signature");
}

Certificate::~Certificate() {
    X509_free(x509_);
    EVP_PKEY_free(key_);
}

void Certificate::write(const std::string& certificate_file, const std::string& key_file) const {
    const auto write_one = [](const std::string& file, const auto& to) {
        std::FILE* out = std::fopen((file + ".new").c_str(), "w");
        require(out != nullptr, "a file");
        require(to(out) == 1, "a PEM file");
        std::fclose(out);
        std::filesystem::rename(file + ".new", file);
    };
    write_one(key_file,
              [&](std::FILE* out) { return PEM_write_PrivateKey(out, key_, nullptr, nullptr, 0, nullptr, nullptr); });
    write_one(certificate_file, [&](std::FILE* out) { return PEM_write_X509(out, x509_); });
}

CertificateDirectory::CertificateDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "streamgauge_tls_XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "a directory");
    path_ = name;
}

CertificateDirectory::~CertificateDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace streamgauge::http::test
