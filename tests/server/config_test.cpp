// SPDX-License-Identifier: GPL-3.0-or-later
// Settings from every source: precedence, origins, faults that name their place and the nearest right name.
#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace streamgauge {
namespace {

using ::testing::HasSubstr;

class ConfigTest : public ::testing::Test {
protected:
    ConfigTest() { sources_.environment["HOME"] = "/home/someone"; }
    ~ConfigTest() override { std::filesystem::remove(file_); }

    void write_file(std::string_view text) {
        std::ofstream(file_, std::ios::binary) << text;
        sources_.file = file_;
    }
    LoadedConfig load() {
        auto loaded = load_config(sources_);
        EXPECT_TRUE(loaded.ok()) << loaded.error().describe();
        return loaded.ok() ? std::move(loaded).value() : LoadedConfig{};
    }
    std::string faults() {
        const auto loaded = load_config(sources_);
        EXPECT_FALSE(loaded.ok());
        return loaded.ok() ? "" : loaded.error().message;
    }
    static Setting setting(const LoadedConfig& loaded, std::string_view key) {
        for (const Setting& one : loaded.settings) {
            if (one.key == key) return one;
        }
        ADD_FAILURE() << "no setting " << key;
        return {};
    }

    const std::string file_ =
        (std::filesystem::temp_directory_path() / ("streamgauge_config_test_" + std::to_string(getpid()) + ".toml"))
            .string();
    ConfigSources sources_;
};

TEST_F(ConfigTest, DefaultsNeedNothing) {
    const LoadedConfig loaded = load();
    EXPECT_EQ(loaded.config.data_dir, "/home/someone/.local/share/streamgauge");
    EXPECT_EQ(loaded.config.listen, std::vector<std::string>{"127.0.0.1:8080"});
    EXPECT_EQ(loaded.config.management, "127.0.0.1:8090");
    EXPECT_EQ(loaded.settings.size(), settings().size());
    for (const Setting& one : loaded.settings) EXPECT_EQ(one.origin, Origin::Default) << one.key;
    EXPECT_TRUE(loaded.warnings.empty());
}

TEST_F(ConfigTest, XdgDataHomeMovesTheDefaultDirectory) {
    sources_.environment["XDG_DATA_HOME"] = "/data";
    EXPECT_EQ(load().config.data_dir, "/data/streamgauge");
    sources_.environment["XDG_DATA_HOME"] = "relative";  // the XDG specification: to be ignored
    EXPECT_EQ(load().config.data_dir, "/home/someone/.local/share/streamgauge");
}

TEST_F(ConfigTest, FlagsWinOverEnvironmentOverFileOverDefaults) {
    write_file(
        "data_dir = \"/from/file\"\nlisten = [\"127.0.0.1:1001\", \"[::1]:1002\"]\n[http]\nthreads = 2\n"
        "[log]\nformat = \"text\"\n[retention]\nbytes = \"1GiB\"\ndays = 3\n");
    sources_.environment["STREAMGAUGE_HTTP_THREADS"] = "3";
    sources_.environment["STREAMGAUGE_LOG_FORMAT"] = "json";
    sources_.environment["STREAMGAUGE_LISTEN"] = "127.0.0.1:2001, 127.0.0.1:2002";
    sources_.flags = {{"http.threads", {"4"}}, {"dev", {"true"}}};
    const LoadedConfig loaded = load();
    EXPECT_EQ(loaded.config.data_dir, "/from/file");
    EXPECT_EQ(loaded.config.http_threads, 4);
    EXPECT_EQ(loaded.config.log_format, log::Format::Json);
    EXPECT_EQ(loaded.config.listen, (std::vector<std::string>{"127.0.0.1:2001", "127.0.0.1:2002"}));
    EXPECT_EQ(loaded.config.retention_bytes, 1ULL << 30);
    EXPECT_EQ(loaded.config.retention_days, 3u);
    EXPECT_TRUE(loaded.config.dev);

    EXPECT_EQ(setting(loaded, "data_dir").origin, Origin::File);
    EXPECT_EQ(setting(loaded, "data_dir").detail, file_ + ":1");
    EXPECT_EQ(setting(loaded, "http.threads").origin, Origin::Flag);
    EXPECT_EQ(setting(loaded, "http.threads").detail, "--http-threads");
    EXPECT_EQ(setting(loaded, "http.threads").value, "4");
    EXPECT_EQ(setting(loaded, "log.format").origin, Origin::Environment);
    EXPECT_EQ(setting(loaded, "log.format").detail, "STREAMGAUGE_LOG_FORMAT");
    EXPECT_EQ(setting(loaded, "listen").value, "127.0.0.1:2001,127.0.0.1:2002");
    EXPECT_EQ(setting(loaded, "log.level").origin, Origin::Default);
}

TEST_F(ConfigTest, TheFileMayBeNamedByTheEnvironment) {
    write_file("[http]\nthreads = 7\n");
    sources_.environment["STREAMGAUGE_CONFIG"] = std::exchange(sources_.file, {});
    EXPECT_EQ(load().config.http_threads, 7);
}

TEST_F(ConfigTest, EverySettingIsReachableFromFileEnvironmentAndFlag) {
    const std::map<std::string, std::string> sample = {{"data_dir", "/x"},
                                                       {"listen", "127.0.0.1:9"},
                                                       {"management", "off"},
                                                       {"http.threads", "5"},
                                                       {"dev", "true"},
                                                       {"log.format", "text"},
                                                       {"log.level", "debug"},
                                                       {"durability", "buffered"},
                                                       {"disk.stop_percent", "90"},
                                                       {"canary.interval", "3"},
                                                       {"metrics.file", "/metrics.toml"},
                                                       {"metrics.exact_budget", "3000000"},
                                                       {"retention.days", "9"},
                                                       {"retention.bytes", "123456789"},
                                                       {"dead_letters.max_bytes", "2097152"},
                                                       {"objectives.max_bytes", "3145728"},
                                                       {"dedup.max_bytes", "987654321"},
                                                       {"load.program", "/p"},
                                                       {"query.cache_bytes", "1234567"},
                                                       {"notify.allowed_targets", "hooks.example"},
                                                       {"notify.authorities", "/roots.pem"},
                                                       {"load.allowed_targets", "stage.example:8080"},
                                                       {"load.max_rate", "1234"},
                                                       {"load.runs", "/srv/runs.db"},
                                                       {"load.keep_runs", "77"},
                                                       {"load.keep_age", "9d"},
                                                       {"limits.requests_per_key", "7/1m"},
                                                       {"limits.requests_per_user", "8/2s"},
                                                       {"limits.requests_per_address", "9/500ms"},
                                                       {"limits.events_per_key", "10/1h"},
                                                       {"limits.events_per_user", "11/1s"},
                                                       {"limits.events_per_address", "12/1s"},
                                                       {"limits.preset", "compat-c"},
                                                       {"allowed_hosts", "stats.example"},
                                                       {"cors.origins", "https://shop.example"},
                                                       {"trusted_proxies", "10.0.0.0/8"},
                                                       {"proxy_protocol", "true"},
                                                       {"tls.certificate", "/c.pem"},
                                                       {"tls.key", "/k.pem"},
                                                       {"tls.client_ca", "/a.pem"},
                                                       {"tls.client_certificates", "required"},
                                                       {"auth.required", "true"},
                                                       {"auth.token_lifetime", "7h"},
                                                       {"auth.jwt_algorithm", "RS256"},
                                                       {"auth.jwt_private_key", "/key.pem"},
                                                       {"auth.jwt_public_keys", "/other.pem"}};
    // Settings that are a fault without another.
    const std::map<std::string, std::pair<std::string, std::string>> needs = {
        {"proxy_protocol", {"STREAMGAUGE_TRUSTED_PROXIES", "::1"}},
        {"auth.jwt_private_key", {"STREAMGAUGE_AUTH_JWT_ALGORITHM", "RS256"}}};
    for (const SettingSpec& spec : settings()) {
        const std::string key(spec.key);
        sources_.environment = {{"HOME", "/home/someone"}};
        if (const auto needed = needs.find(key); needed != needs.end()) sources_.environment.insert(needed->second);
        ASSERT_TRUE(sample.contains(key)) << "add a sample for " << key;
        const std::string& value = sample.at(key);
        ConfigSources plain = sources_;
        const Config before = load_config(plain).value().config;
        EXPECT_NE(spec.get(before), value) << "the sample is the default of " << key;

        ConfigSources by_environment = sources_;
        by_environment.environment[environment_variable_of(key)] = value;
        EXPECT_EQ(spec.get(load_config(by_environment).value().config), value) << key;

        ConfigSources by_flag = sources_;
        by_flag.flags = {{key, {value}}};
        EXPECT_EQ(spec.get(load_config(by_flag).value().config), value) << key;

        write_file(key + " = \"" + value + "\"\n");  // a dotted key is a table's member
        EXPECT_EQ(spec.get(load_config(sources_).value().config), value) << key;
        sources_.file.clear();
    }
}

TEST_F(ConfigTest, FaultsOfTheFileNameLineAndColumn) {
    write_file("data_dir = \"/x\"\n\n[http]\n  thread = 2\n");
    EXPECT_EQ(faults(), file_ + ":4:3: there is no setting http.thread; did you mean http.threads?");
    write_file("[http]\nthreads = 0\n");
    EXPECT_EQ(faults(), file_ + ":2:11: http.threads must be a whole number from 1 to 64, not \"0\"");
    write_file("[http]\nthreads = [1]\n");
    EXPECT_THAT(faults(), HasSubstr(":2:11: http.threads must be one plain value"));
    write_file("listen = [1]\n");
    EXPECT_THAT(faults(), HasSubstr(":1:10: listen must be a text or an array of texts"));
    write_file("a = \n");
    EXPECT_THAT(faults(), HasSubstr(file_ + ":1:"));
    write_file("zzzzzzzzzzzzzz = 1\n");
    EXPECT_THAT(faults(), HasSubstr("there is no setting zzzzzzzzzzzzzz; streamgauged check-config lists all of them"));
}

TEST_F(ConfigTest, EveryFaultIsToldAtOnce) {
    write_file("[http]\nthreads = \"many\"\n");
    sources_.environment["STREAMGAUGE_LOG_LEVEL"] = "loud";
    sources_.flags = {{"retention.bytes", {"1KiB"}}, {"log.format", {"xml"}}};
    const std::string all = faults();
    EXPECT_THAT(all, HasSubstr(file_ + ":2:11: http.threads must be"));
    EXPECT_THAT(all, HasSubstr("STREAMGAUGE_LOG_LEVEL: log.level must be debug, info, warning or error, not \"loud\""));
    EXPECT_THAT(all, HasSubstr("--retention-bytes: retention.bytes must be a number of bytes"));
    EXPECT_THAT(all, HasSubstr("--log-format: log.format must be json or text"));
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 3);
}

TEST_F(ConfigTest, AFileThatIsNotThereIsNotIgnored) {
    sources_.file = "/nowhere/at/all.toml";
    const auto loaded = load_config(sources_);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, ErrorCode::NotFound);
    EXPECT_THAT(loaded.error().message, HasSubstr("/nowhere/at/all.toml"));
}

TEST_F(ConfigTest, UnknownVariablesWarnAndSuggest) {
    sources_.environment["STREAMGAUGE_HTTP_THREAD"] = "2";
    sources_.environment["STREAMGAUGE_SECRET_PAGER"] = "of a webhook";
    const LoadedConfig loaded = load();
    ASSERT_EQ(loaded.warnings.size(), 1u);
    EXPECT_EQ(loaded.warnings[0],
              "the variable STREAMGAUGE_HTTP_THREAD is no setting; did you mean STREAMGAUGE_HTTP_THREADS?");
}

TEST_F(ConfigTest, AddressesBeyondLoopbackNeedAuthentication) {
    EXPECT_FALSE(authentication_required(load().config));
    for (const char* address : {"0.0.0.0:8080", "192.0.2.1:8080", "[::]:8080"}) {
        sources_.flags = {{"listen", {"127.0.0.1:8081", address}}};
        EXPECT_TRUE(authentication_required(load().config)) << address;
        sources_.flags.emplace_back("auth.required", std::vector<std::string>{"true"});
        EXPECT_TRUE(authentication_required(load().config)) << address;
    }
    sources_.flags = {{"auth.required", {"true"}}};
    EXPECT_TRUE(authentication_required(load().config));
    sources_.flags = {{"auth.required", {"false"}}};
    EXPECT_FALSE(authentication_required(load().config));
}

TEST_F(ConfigTest, SettingsOfTokensAreChecked) {
    sources_.flags = {{"auth.jwt_private_key", {"key.pem"}}};
    EXPECT_THAT(faults(),
                HasSubstr("auth.jwt_private_key (flag --auth-jwt-private-key): a private key signs with RS256"));
    sources_.flags.emplace_back("auth.jwt_algorithm", std::vector<std::string>{"RS256"});
    EXPECT_EQ(load().config.auth_jwt_algorithm, auth::Algorithm::Rs256);
    for (const char* wrong : {"none", "rs256", "HS512", ""}) {
        sources_.flags = {{"auth.jwt_algorithm", {wrong}}};
        EXPECT_THAT(faults(), HasSubstr("must be HS256 or RS256")) << wrong;
    }
    for (const auto& [text, seconds] :
         {std::pair{"60", 60U}, {"90s", 90U}, {"30m", 1'800U}, {"12h", 43'200U}, {"365d", 31'536'000U}}) {
        sources_.flags = {{"auth.token_lifetime", {text}}};
        EXPECT_EQ(load().config.auth_token_lifetime, seconds) << text;
    }
    for (const char* wrong : {"59", "0h", "366d", "12 h", "h", "-1h", "18446744073709551615d", ""}) {
        sources_.flags = {{"auth.token_lifetime", {wrong}}};
        EXPECT_THAT(faults(), HasSubstr("must be a time from 60s to 365d")) << wrong;
    }
}

TEST_F(ConfigTest, VariablesOfEnginesThatAreNotThereWarnWithoutTheirValues) {
    sources_.environment["DATABASE_URL"] = "postgres://user:secret@db/events";
    sources_.environment["KAFKA_BROKER"] = "kafka:9092";
    sources_.environment["KAFKA_TOPIC"] = "";
    sources_.environment["REDIS_HOST"] = "redis";
    sources_.environment["S3_ENABLED"] = "false";
    EXPECT_EQ(load().warnings,
              (std::vector<std::string>{
                  "the variable DATABASE_URL is set, but this version has no engine for other databases; it changes "
                  "nothing",
                  "the variable KAFKA_BROKER is set, but this version has no Kafka engine; it changes nothing",
                  "the variable REDIS_HOST is set, but this version has no Redis engine; it changes nothing"}));
    for (const char* name : {"DATABASE_URL", "KAFKA_BROKER", "REDIS_HOST"}) sources_.environment.erase(name);
    for (const char* name : {"KAFKA_TOPIC", "REDIS_ADDR", "REDIS_PORT", "S3_ENABLED"}) {
        sources_.environment[name] = "1";
        ASSERT_EQ(load().warnings.size(), 1U) << name;
        EXPECT_THAT(load().warnings.front(), HasSubstr(name));
        sources_.environment.erase(name);
    }
}

TEST_F(ConfigTest, AddressesBeyondLoopbackAreRefusedAndSayWhy) {
    sources_.flags = {{"listen", {"0.0.0.0:8080"}}, {"auth.required", {"false"}}};
    EXPECT_THAT(faults(), HasSubstr("listen (flag --listen): 0.0.0.0:8080 is reachable from other machines"));
    EXPECT_THAT(faults(), HasSubstr("127.0.0.1:8080"));
    sources_.flags = {{"management", {"0.0.0.0:8090"}}};
    EXPECT_THAT(faults(), HasSubstr("management (flag --management): 0.0.0.0:8090"));
    sources_.flags = {{"listen", {"nonsense"}}};
    EXPECT_THAT(faults(), HasSubstr("listen (flag --listen)"));
    sources_.flags = {{"listen", {"127.0.0.1:8080", "127.0.0.1:8080"}}};
    EXPECT_THAT(faults(), HasSubstr("listed twice"));
    sources_.flags = {{"listen", {"127.0.0.1:8090"}}};
    EXPECT_THAT(faults(), HasSubstr("127.0.0.1:8090 is a public address already"));
    sources_.flags = {{"listen", {"127.0.0.1:0", "127.0.0.1:0"}}, {"management", {"127.0.0.1:0"}}};
    EXPECT_EQ(load().config.listen.size(), 2u);
}

TEST_F(ConfigTest, SecretsAreNeverShown) {
    const SettingSpec secret{"data_dir", "X", "", false, true, settings()[0].set, settings()[0].get};
    Config config;
    EXPECT_EQ(shown_value(secret, config), "");
    config.data_dir = "hunter2";
    EXPECT_EQ(shown_value(secret, config), "********");
}

TEST_F(ConfigTest, APasswordInTheUrlOfTheLoadRunsIsNeverShown) {
    for (const std::string url : {"postgresql://gauge:hunter2@db/runs", "postgresql://db/runs?password=hunter2",
                                  "postgres://gauge:hun/hunter2@db", "postgresql:hunter2"}) {
        sources_.flags = {{"load.runs", {url}}};
        const LoadedConfig loaded = load();
        EXPECT_EQ(loaded.config.load_runs, url);
        for (const Setting& setting : loaded.settings)
            EXPECT_THAT(setting.value + setting.detail, ::testing::Not(HasSubstr("hunter2"))) << url;
    }
}

TEST_F(ConfigTest, NamesFollowFromTheKey) {
    EXPECT_EQ(flag_of("http.threads"), "--http-threads");
    EXPECT_EQ(flag_of("data_dir"), "--data-dir");
    EXPECT_EQ(environment_variable_of("data_dir"), "STREAMGAUGE_DATA_DIR");
}

TEST_F(ConfigTest, ListsMayBeEmpty) {
    write_file("[cors]\norigins = []\n");
    EXPECT_TRUE(load().config.cors_origins.empty());
    sources_.environment["STREAMGAUGE_CORS_ORIGINS"] = "https://shop.example, http://localhost:3000";
    EXPECT_EQ(setting(load(), "cors.origins").value, "https://shop.example,http://localhost:3000");
    sources_.environment["STREAMGAUGE_CORS_ORIGINS"] = "";
    EXPECT_TRUE(load().config.cors_origins.empty());
    sources_.environment["STREAMGAUGE_CORS_ORIGINS"] = "https://shop.example,,";
    EXPECT_THAT(faults(), HasSubstr("must not have empty elements"));
}

TEST_F(ConfigTest, TheSurroundingsOfListenersAreChecked) {
    sources_.flags = {{"trusted_proxies", {"10.0.0.0/8", "10.0.0.1/8"}},
                      {"cors.origins", {"https://shop.example/", "shop.example", "*", "http://localhost:3000"}},
                      {"allowed_hosts", {"stats.example", "stats.example:80", "http://stats.example"}}};
    const std::string wrong = faults();
    EXPECT_THAT(wrong,
                HasSubstr("trusted_proxies (flag --trusted-proxies): \"10.0.0.1/8\" is no network: bits beyond"));
    EXPECT_THAT(wrong, HasSubstr("cors.origins (flag --cors-origins): \"https://shop.example/\" is no origin"));
    EXPECT_THAT(wrong, HasSubstr("\"shop.example\" is no origin"));
    EXPECT_THAT(wrong, HasSubstr("allowed_hosts (flag --allowed-hosts): \"stats.example:80\" is no host name"));
    EXPECT_THAT(wrong, HasSubstr("\"http://stats.example\" is no host name"));
    EXPECT_EQ(std::count(wrong.begin(), wrong.end(), '\n'), 4);
    sources_.flags = {{"proxy_protocol", {"true"}}};
    EXPECT_THAT(faults(), HasSubstr("there is nobody whose PROXY header would be believed"));
    sources_.flags.push_back({"trusted_proxies", {"::1"}});
    EXPECT_TRUE(load().config.proxy_protocol);
}

TEST_F(ConfigTest, TlsNeedsItsFiles) {
    sources_.flags = {{"listen", {"https://0.0.0.0:8443", "127.0.0.1:8080"}},
                      {"tls.client_certificates", {"optional"}}};
    const std::string wrong = faults();
    EXPECT_THAT(wrong, HasSubstr("tls.certificate: an https:// address is listened to"));
    EXPECT_THAT(wrong, HasSubstr("tls.key: an https:// address is listened to"));
    EXPECT_THAT(wrong, HasSubstr("tls.client_certificates (flag --tls-client-certificates): there is nobody"));
    sources_.flags.insert(sources_.flags.end(),
                          {{"tls.certificate", {"c"}}, {"tls.key", {"k"}}, {"tls.client_ca", {"a"}}});
    EXPECT_EQ(load().config.tls.client_certificates, http::ClientCertificates::Optional);
    sources_.flags = {{"management", {"https://127.0.0.1:8090"}}};
    EXPECT_THAT(faults(), HasSubstr("speaks plain HTTP"));
    sources_.flags = {{"listen", {"https://127.0.0.1:8080", "http://127.0.0.1:8080"}}};
    EXPECT_THAT(faults(), HasSubstr("is listed twice"));
}

}  // namespace
}  // namespace streamgauge
