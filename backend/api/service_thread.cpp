// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/service_thread.h"

#include <pthread.h>

namespace streamgauge::api {

ServiceThread::ServiceThread(std::string name, std::size_t most_tasks)
    : tasks_(most_tasks), thread_([this, name = std::move(name)] { run(name); }) {}

void ServiceThread::stop() {
    stopping_ = true;
    tasks_.close();
    const std::lock_guard lock(stop_mutex_);
    if (thread_.joinable()) thread_.join();
}

void ServiceThread::run(const std::string& name) {
    pthread_setname_np(pthread_self(), name.c_str());
    std::vector<Task> tasks;
    while (tasks_.pop_all(tasks))
        for (Task& task : tasks) {
            task(!stopping());
            task = nullptr;
        }
}

}  // namespace streamgauge::api
