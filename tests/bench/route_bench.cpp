// What routing costs: nanoseconds per lookup as hosts and paths grow, and milliseconds to parse rules and build a
// table. Prints one line per case. Links sluice_route only; meaningful in a Release build on an idle machine.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "route/http_table.h"
#include "route/parser.h"
#include "route/sni_table.h"

using namespace sluice;
using namespace sluice::route;

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

struct Asked {
  std::string host;
  std::string path;
};

struct Routers {
  std::vector<Rule> rules;
  std::vector<std::string> names;
  std::vector<Route> routes;

  explicit Routers(const std::vector<std::string>& texts, Family family = Family::http) {
    for (const std::string& text : texts) {
      ParsedRule parsed = parse_rule(text, family, Syntax::v3);
      SLUICE_CHECK(parsed.rule.has_value());
      rules.push_back(std::move(*parsed.rule));
      names.push_back("router-" + std::to_string(names.size()) + "@docker");
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
      routes.push_back(Route{&rules[i], 0, names[i], 0, static_cast<std::uint32_t>(i)});
    }
  }
};

// Each lookup asks for another of the routers, in an order that no cache can guess. The best of several rounds, so that
// what else the machine does counts as little as possible.
template <class Lookup>
double nanoseconds_per_lookup(std::size_t count, const Lookup& lookup) {
  constexpr std::size_t kRounds = 20;
  constexpr std::size_t kLookups = 100'000;
  double best = 1e300;
  std::size_t found = 0, at = 0;
  for (std::size_t round = 0; round < kRounds; ++round) {
    Clock::time_point begin = Clock::now();
    for (std::size_t i = 0; i < kLookups; ++i) {
      at = (at * 1664525 + 1013904223) & 0xffffffff;
      found += lookup((at >> 8) % count);
    }
    best = std::min(best, milliseconds(Clock::now() - begin) * 1e6 / kLookups);
  }
  SLUICE_CHECK(found == kRounds * kLookups);
  return best;
}

void bench(const char* name, const std::vector<std::string>& texts, const std::vector<Asked>& asked) {
  Clock::time_point begin = Clock::now();
  Routers routers(texts);
  Clock::time_point parsed = Clock::now();
  HttpTable table(routers.routes);
  Clock::time_point built = Clock::now();

  Arena arena;
  http::Peer peer;
  peer.remote.ip = IpAddress::v4(0x0a000001);
  http::Request request(arena, peer);
  double time = nanoseconds_per_lookup(asked.size(), [&](std::size_t i) {
    request.host = asked[i].host;
    request.target.match_path = asked[i].path;
    return table.match(request).has_value() ? 1U : 0U;
  });
  std::printf("%-44s %7.1f ns/lookup   parse %6.1f ms   build %6.1f ms\n", name, time, milliseconds(parsed - begin),
              milliseconds(built - parsed));
}

void bench_hosts(std::size_t count) {
  std::vector<std::string> texts;
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < count; ++i) {
    std::string host = "service-" + std::to_string(i) + ".apps.example.com";
    texts.push_back("Host(`" + host + "`)");
    asked.push_back({host, "/some/page/of/it"});
  }
  bench(("hosts: " + std::to_string(count)).c_str(), texts, asked);
}

void bench_paths(std::size_t count) {
  std::vector<std::string> texts;
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < count; ++i) {
    std::string path = "/api/v1/resource-" + std::to_string(i);
    texts.push_back("Host(`apps.example.com`) && PathPrefix(`" + path + "/`)");
    asked.push_back({"apps.example.com", path + "/items/7"});
  }
  bench(("paths on one host: " + std::to_string(count)).c_str(), texts, asked);
}

void bench_mixed(std::size_t count) {
  std::vector<std::string> texts = {"PathPrefix(`/`)", "Host(`*.apps.example.com`)"};
  std::vector<Asked> asked;
  for (std::size_t i = 0; i < count; ++i) {
    std::string host = "service-" + std::to_string(i % (count / 4 + 1)) + ".apps.example.com";
    std::string path = "/v" + std::to_string(i);
    switch (i % 4) {
      case 0: texts.push_back("Host(`" + host + "`)"); break;
      case 1: texts.push_back("Host(`" + host + "`) && PathPrefix(`" + path + "`) && Method(`GET`)"); break;
      case 2: texts.push_back("Host(`" + host + "`) && PathRegexp(`^" + path + "/[0-9]+$`)"); break;
      default: texts.push_back("(Host(`" + host + "`) || Host(`www." + host + "`)) && Path(`" + path + "`)"); break;
    }
    asked.push_back({host, path + "/12"});
  }
  bench(("mixed, a quarter with regexps: " + std::to_string(count)).c_str(), texts, asked);
}

void bench_server_names(std::size_t count) {
  std::vector<std::string> texts = {"HostSNI(`*`)"};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back("vm-" + std::to_string(i) + ".example.com");
    texts.push_back("HostSNI(`" + names.back() + "`)");
  }
  Routers routers(texts, Family::tcp);
  SniTable table(routers.routes);
  IpAddress client = IpAddress::v4(0x0a000001);
  double time = nanoseconds_per_lookup(count, [&](std::size_t i) {
    return table.match(Hello{names[i], client, {}}).has_value() ? 1U : 0U;
  });
  std::printf("%-44s %7.1f ns/lookup\n", ("server names: " + std::to_string(count)).c_str(), time);
}

}  // namespace

int main() {
  for (std::size_t count : {1U, 100U, 10000U}) bench_hosts(count);
  for (std::size_t count : {1U, 100U, 10000U}) bench_paths(count);
  for (std::size_t count : {4U, 100U, 10000U}) bench_mixed(count);
  for (std::size_t count : {1U, 10000U}) bench_server_names(count);
}
