// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/process_status.h"

#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace streamgauge::api {
namespace {

// Processor time of all threads, in nanoseconds.
std::int64_t cpu_nanos() {
    timespec time{};
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return 0;
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The second number of /proc/self/statm, in pages (proc(5)).
std::uint64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    if (!(statm >> size >> resident)) return 0;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

ProcessStatus::ProcessStatus(std::string data_dir, std::int64_t monotonic_nanos)
    : data_dir_(std::move(data_dir)),
      started_(monotonic_nanos),
      second_started_(monotonic_nanos),
      second_cpu_(cpu_nanos()) {}

void ProcessStatus::start_second(std::int64_t monotonic_nanos) {
    const std::int64_t cpu = cpu_nanos();
    if (monotonic_nanos > second_started_)
        cpu_percent_ =
            100.0 * static_cast<double>(cpu - second_cpu_) / static_cast<double>(monotonic_nanos - second_started_);
    second_started_ = monotonic_nanos;
    second_cpu_ = cpu;
}

ServerStatus ProcessStatus::read(std::int64_t monotonic_nanos) const {
    ServerStatus status;
    status.cpu_percent = cpu_percent_;
    status.resident_bytes = resident_bytes();
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(data_dir_, error);
    status.disk_free_bytes = error ? 0 : space.available;
    status.uptime_seconds = static_cast<double>(monotonic_nanos - started_) / 1e9;
    return status;
}

}  // namespace streamgauge::api
