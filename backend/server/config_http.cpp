// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/config_http.h"

#include <algorithm>

#include "http/engine.h"
#include "http/host.h"
#include "http/network.h"

namespace streamgauge {
namespace {

// "https://shop.example", "http://localhost:3000": as browsers write it, without a path.
bool is_origin(std::string_view text) {
    if (text == "*" || text == "null") return true;
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos || scheme == 0) return false;
    const std::string_view rest = text.substr(scheme + 3);
    if (rest.find_first_of("/?#@ *") != std::string_view::npos) return false;
    return http::split_host(rest).has_value();
}

}  // namespace

bool speaks_tls(const Config& config) {
    return std::any_of(config.listen.begin(), config.listen.end(), [](const std::string& address) {
        const auto endpoint = http::parse_endpoint(address);
        return endpoint.ok() && endpoint->tls;
    });
}

void check_http(const Config& config, std::vector<Error>& faults) {
    const auto fault = [&](std::string field, std::string message, std::string hint) {
        faults.push_back({ErrorCode::InvalidArgument, std::move(message), std::move(field), {}, std::move(hint)});
    };
    for (const std::string& network : config.trusted_proxies) {
        const auto parsed = http::parse_network(network);
        if (!parsed.ok()) fault("trusted_proxies", parsed.error().message, parsed.error().hint);
    }
    if (config.proxy_protocol && config.trusted_proxies.empty()) {
        fault("proxy_protocol", "there is nobody whose PROXY header would be believed",
              "name the balancers' addresses or networks in trusted_proxies");
    }
    if (speaks_tls(config)) {
        for (const auto& [key, file] :
             {std::pair("tls.certificate", &config.tls.certificate), std::pair("tls.key", &config.tls.key)}) {
            if (file->empty()) {
                fault(key, "an https:// address is listened to, and there is no " + std::string(key),
                      "name the PEM files of the certificate and of its key in tls.certificate and tls.key");
            }
        }
        if (config.tls.client_certificates != http::ClientCertificates::Off && config.tls.client_ca.empty()) {
            fault("tls.client_certificates", "there is nobody whose signature on a client's certificate would count",
                  "name the authorities' PEM file in tls.client_ca");
        }
    }
    if (const auto management = http::parse_endpoint(config.management); management.ok() && management->tls) {
        fault("management", "the operator's listener speaks plain HTTP, on this machine only",
              "write " + http::to_string(*management));
    }
    for (const std::string& origin : config.cors_origins) {
        if (is_origin(origin)) continue;
        fault("cors.origins", "\"" + origin + "\" is no origin",
              "write scheme, host and port as a browser does, such as https://shop.example, or * for every origin");
    }
    for (const std::string& name : config.allowed_hosts) {
        const auto parts = http::split_host(name);
        if (parts && !parts->port && name.find_first_of("/ *@") == std::string::npos) continue;
        fault("allowed_hosts", "\"" + name + "\" is no host name", "write the name alone, such as stats.example.org");
    }
}

}  // namespace streamgauge
