// SPDX-License-Identifier: GPL-3.0-or-later
// Certificates for tests, made as they are needed: an authority, and certificates that it signs.
#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace streamgauge::http::test {

class Certificate {
public:
    // Signed by `authority`, or by itself (then it may sign others). Valid from an hour ago for `days` from now.
    explicit Certificate(const std::string& name, const Certificate* authority = nullptr, double days = 365);
    ~Certificate();
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    void write(const std::string& certificate_file, const std::string& key_file) const;
    x509_st* x509() const { return x509_; }
    evp_pkey_st* key() const { return key_; }

private:
    x509_st* x509_;
    evp_pkey_st* key_;
};

// A directory that is gone with its content when the test is over.
class CertificateDirectory {
public:
    CertificateDirectory();
    ~CertificateDirectory();
    CertificateDirectory(const CertificateDirectory&) = delete;
    CertificateDirectory& operator=(const CertificateDirectory&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace streamgauge::http::test
