// SPDX-License-Identifier: GPL-3.0-or-later
#include "loadgen/own_usage.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/punctual_thread.h"

namespace streamgauge::loadgen {
namespace {

std::int64_t nanos(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

}  // namespace

OwnUsage::OwnUsage() : started_at_(SystemClock().now()), cpu_at_start_(thread_cpu_seconds()), offset_(offset_nanos()) {}

double OwnUsage::thread_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::int64_t OwnUsage::offset_nanos() {
    constexpr int kTries = 5;
    std::int64_t best_width = INT64_MAX, offset = 0;
    for (int i = 0; i < kTries; ++i) {
        const std::int64_t before = nanos(CLOCK_MONOTONIC), wall = nanos(CLOCK_REALTIME);
        const std::int64_t width = nanos(CLOCK_MONOTONIC) - before;
        if (width >= best_width) continue;
        best_width = width;
        offset = wall - before - width / 2;
    }
    return offset;
}

void OwnUsage::look() {
    cpu_seconds_ = thread_cpu_seconds() - cpu_at_start_;
    real_time_ = PunctualThread::is_real_time();
    const double step = static_cast<double>(offset_nanos() - offset_) / 1e6;
    if (std::abs(step) > std::abs(step_ms_)) step_ms_ = step;
}

Machine this_machine() {
    Machine machine;
    utsname name{};
    if (uname(&name) == 0) {
        machine.host = name.nodename;
        machine.kernel = std::string(name.sysname) + " " + name.release + " " + name.machine;
    }
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) != 0) continue;
        const std::size_t at = line.find_first_not_of(" \t", line.find(':') + 1);
        if (at != std::string::npos) machine.processor = line.substr(at);
        break;
    }
    machine.cores = std::thread::hardware_concurrency();
    machine.build = std::string("streamgauge ") + STREAMGAUGE_VERSION;
    return machine;
}

}  // namespace streamgauge::loadgen
