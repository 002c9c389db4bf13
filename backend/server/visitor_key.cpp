// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/visitor_key.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace streamgauge {
namespace {

class File {
public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    ~File() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    int get() const { return descriptor_; }

private:
    int descriptor_;
};

Error io(const std::string& path, int number) {
    Error e = Error::make(ErrorCode::Io, "the visitor key " + path + " cannot be kept: " + std::strerror(number));
    e.field = "data_dir";
    return e;
}

bool sync_directory(const std::string& directory) {
    const File file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return file.get() >= 0 && fsync(file.get()) == 0;
}

// A crash leaves no file or a whole one.
Result<DecoderSecrets> make(const std::string& directory, const std::string& path) {
    if (sodium_init() < 0) return Error::make(ErrorCode::Internal, "the cryptographic library cannot be started");
    DecoderSecrets secrets;
    randombytes_buf(secrets.visitor.data(), secrets.visitor.size());
    const std::string part = path + ".new";
    unlink(part.c_str());
    {
        const File file(open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (file.get() < 0) return io(path, errno);
        const ssize_t written = write(file.get(), secrets.visitor.data(), secrets.visitor.size());
        if (written != static_cast<ssize_t>(secrets.visitor.size())) return io(path, written < 0 ? errno : ENOSPC);
        if (fsync(file.get()) != 0) return io(path, errno);
    }
    if (std::rename(part.c_str(), path.c_str()) != 0 || !sync_directory(directory)) return io(path, errno);
    return secrets;
}

}  // namespace

Result<DecoderSecrets> open_visitor_key(const std::string& directory) {
    const std::string path = directory + "/visitor.key";
    const File file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (file.get() < 0) return errno == ENOENT ? make(directory, path) : Result<DecoderSecrets>(io(path, errno));
    DecoderSecrets secrets;
    std::array<unsigned char, sizeof secrets.visitor + 1> bytes{};
    const ssize_t got = read(file.get(), bytes.data(), bytes.size());
    if (got < 0) return io(path, errno);
    if (got != static_cast<ssize_t>(secrets.visitor.size())) {
        Error e = Error::make(ErrorCode::Corrupt, "the visitor key " + path + " has not 32 bytes");
        e.field = "data_dir";
        e.hint = "restore it, or remove it: a new one is made, and today's visitors count as new ones";
        return e;
    }
    std::copy_n(bytes.begin(), secrets.visitor.size(), secrets.visitor.begin());
    // Whatever copied it here may have been careless.
    if (fchmod(file.get(), 0600) != 0) return io(path, errno);
    return secrets;
}

}  // namespace streamgauge
