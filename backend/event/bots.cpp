// SPDX-License-Identifier: GPL-3.0-or-later
// The names are those which the robots' operators publish. HTTP libraries of programs (curl, Go-http-client) count as
// robots, because no browser sends them; those of native apps (okhttp, CFNetwork, Dart) do not, because people use
// apps.
#include "event/bots.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "event/media_type.h"

namespace streamgauge {
namespace {

enum class Where : std::uint8_t {
    Anywhere,
    WordEnd,  // an "s" or no letter follows, and the word is no exception
    Word,     // no letter before it
    Start,    // at the beginning of the user agent
    Whole,    // nothing else
};

struct Marker {
    std::string_view text;  // lower case
    Where where = Where::Anywhere;
};

// Sorted by their first character, which is what chooses the ones to compare.
constexpr auto kMarkers = std::to_array<Marker>({
    {"+http"},  // "(compatible; Name/1.0; +https://operator/about)": no browser says where to complain
    {"aiohttp"},
    {"anthropic-ai"},
    {"apache-httpclient"},
    {"apachebench"},
    {"apis-google"},
    {"artillery", Where::Word},
    {"axios/", Where::Word},
    {"bingpreview"},
    {"blackbox exporter"},
    {"bot", Where::WordEnd},  // Googlebot, bingbot, GPTBot, UptimeRobot and most others
    {"bun/", Where::Start},
    {"bytespider"},
    {"catchpoint"},
    {"censysinspect"},
    {"chatgpt-user"},
    {"check_http"},
    {"chrome-lighthouse"},
    {"claude-user"},
    {"claude-web"},
    {"cohere-ai"},
    {"crawl"},
    {"curl/", Where::Word},
    {"cypress/", Where::Word},
    {"datadogsynthetics"},
    {"deno/", Where::Start},
    {"elb-healthchecker"},
    {"embedly"},
    {"facebookcatalog"},
    {"facebookexternalhit"},
    {"faraday", Where::Start},
    {"feedfetcher"},
    {"firecrawl"},
    {"go-http-client"},
    {"google favicon"},
    {"google web preview"},
    {"google-"},  // Google-InspectionTool, Google-Read-Aloud, Google-Extended, ...
    {"googlehc/"},
    {"googleother"},
    {"googlestackdriver"},
    {"got (", Where::Start},
    {"gtmetrix"},
    {"guzzlehttp"},
    {"headless"},  // HeadlessChrome, HeadlessEdg
    {"heritrix"},
    {"hey/", Where::Start},
    {"http.rb/"},
    {"httpie/"},
    {"httrack"},
    {"hyper/", Where::Start},
    {"ia_archiver"},
    {"iframely"},
    {"insomnia/", Where::Start},
    {"jakarta commons-httpclient"},
    {"java-http-client"},
    {"java/", Where::Start},
    {"jmeter"},
    {"jsdom/"},
    {"k6/", Where::Word},
    {"kube-probe"},
    {"libwww-perl"},
    {"locust", Where::Word},
    {"lwp-", Where::Start},
    {"lwp::simple"},
    {"masscan"},
    {"mediapartners-google"},
    {"meta-external"},
    {"mistralai-user"},
    {"newrelicpinger"},
    {"nmap scripting"},
    {"node", Where::Whole},  // Node.js's own fetch()
    {"node-fetch"},
    {"node/", Where::Start},
    {"nuclei", Where::Word},
    {"nutch"},
    {"omgili"},
    {"pagespeed"},
    {"perplexity-user"},
    {"phantomjs"},
    {"php/", Where::Start},
    {"pingdom"},
    {"playwright"},
    {"postmanruntime"},
    {"prometheus/", Where::Start},
    {"ptst/"},  // WebPageTest
    {"puppeteer"},
    {"pycurl"},
    {"python-"},  // python-requests, python-httpx, Python-urllib
    {"python/", Where::Start},
    {"rest-client/"},
    {"route53-health-check"},
    {"ruby", Where::Start},
    {"ruxitsynthetic"},
    {"reqwest/"},
    {"scrapy"},
    {"selenium"},
    {"siege/", Where::Word},
    {"site24x7"},
    {"skypeuripreview"},
    {"slack-imgproxy"},
    {"slurp"},
    {"snap url preview"},
    {"spider"},
    {"sqlmap"},
    {"statuscake"},
    {"symfony httpclient"},
    {"typhoeus"},
    {"undici", Where::Whole},
    {"uptime"},
    {"ureq/", Where::Start},
    {"vegeta", Where::Word},
    {"vkshare"},
    {"wget/"},
    {"whatsapp/", Where::Start},  // the link preview; the app opens links in the phone's browser
    {"winhttp"},
    {"wordpress/", Where::Start},
    {"wpscan"},
    {"zabbix"},
    {"zgrab"},
});

// Words that end like a robot's name and are makers of phones.
constexpr std::array<std::string_view, 1> kNoRobots = {"cubot"};

constexpr bool by_first_character(const Marker& a, const Marker& b) {
    return a.text.front() < b.text.front();
}
static_assert(std::is_sorted(kMarkers.begin(), kMarkers.end(), by_first_character));

// kMarkers[kFirst[c]] is the first marker that begins with c or a later character.
constexpr auto kFirst = [] {
    std::array<std::uint8_t, 129> first{};
    std::size_t at = 0;
    for (std::size_t c = 0; c < first.size(); ++c) {
        while (at < kMarkers.size() && static_cast<std::size_t>(kMarkers[at].text.front()) < c) ++at;
        first[c] = static_cast<std::uint8_t>(at);
    }
    return first;
}();

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_letter(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

bool ends_word(std::string_view text, std::size_t end) {
    if (end < text.size() && lower(text[end]) == 's') ++end;
    return end >= text.size() || !is_letter(text[end]);
}

// `end`: behind the word's last letter.
bool is_exception(std::string_view text, std::size_t end) {
    std::size_t begin = end;
    while (begin > 0 && is_letter(text[begin - 1])) --begin;
    return std::any_of(kNoRobots.begin(), kNoRobots.end(), [&](std::string_view word) {
        return equal_ignoring_case(text.substr(begin, end - begin), word);
    });
}

bool matches(std::string_view text, std::size_t at, const Marker& marker) {
    if (!equal_ignoring_case(text.substr(at, marker.text.size()), marker.text)) return false;
    const std::size_t end = at + marker.text.size();
    switch (marker.where) {
        case Where::Anywhere:
            return true;
        case Where::WordEnd:
            return ends_word(text, end) && !is_exception(text, end);
        case Where::Word:
            return at == 0 || !is_letter(text[at - 1]);
        case Where::Start:
            return at == 0;
        case Where::Whole:
            return at == 0 && end == text.size();
    }
    return false;
}

}  // namespace

bool is_bot(std::string_view user_agent) {
    for (std::size_t at = 0; at < user_agent.size(); ++at) {
        const auto c = static_cast<unsigned char>(lower(user_agent[at]));
        if (c >= 128) continue;
        for (std::size_t i = kFirst[c]; i < kFirst[c + 1U]; ++i)
            if (matches(user_agent, at, kMarkers[i])) return true;
    }
    return false;
}

}  // namespace streamgauge
