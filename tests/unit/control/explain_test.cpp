#include "control/explain.h"

#include <fmt/format.h>

#include <array>

#include "control/describe_live.h"
#include "control/internal_provider.h"
#include "control/snapshot_builder.h"
#include "support/catch.h"

using namespace sluice;
using namespace sluice::control;

namespace {

// Small and repeatable.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t count) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::size_t>(state_ % count);
  }
  template <class List>
  auto of(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::uint64_t state_;
};

constexpr std::array<const char*, 5> kHosts = {"a.example", "b.example", "www.a.example", "c.test", "x.c.test"};
constexpr std::array<const char*, 6> kPaths = {"/", "/api", "/api/v1", "/apix", "/login", "/a%20b"};
constexpr std::array<const char*, 3> kMethods = {"GET", "POST", "DELETE"};
constexpr std::array<const char*, 3> kValues = {"1", "2", "beta"};
constexpr std::array<const char*, 3> kClients = {"10.0.0.1", "10.1.0.1", "192.0.2.9"};

std::string clause(Dice& dice) {
  switch (dice.below(8)) {
    case 0: return fmt::format("Host(`{}`)", dice.of(kHosts));
    case 1: return "Host(`*.a.example`)";
    case 2: return fmt::format("PathPrefix(`{}`)", dice.of(kPaths));
    case 3: return fmt::format("Path(`{}`)", dice.of(kPaths));
    case 4: return fmt::format("Method(`{}`)", dice.of(kMethods));
    case 5: return fmt::format("Header(`X-Beta`, `{}`)", dice.of(kValues));
    case 6: return fmt::format("Query(`v`, `{}`)", dice.of(kValues));
    default: return "ClientIP(`10.0.0.0/16`)";
  }
}

std::string rule(Dice& dice, int depth = 0) {
  const std::size_t kind = depth > 2 ? 0 : dice.below(5);
  if (kind == 1) return fmt::format("({} || {})", rule(dice, depth + 1), rule(dice, depth + 1));
  if (kind == 2) return fmt::format("!({})", rule(dice, depth + 1));
  if (kind >= 3) return fmt::format("{} && {}", rule(dice, depth + 1), rule(dice, depth + 1));
  return clause(dice);
}

struct World {
  explicit World(Dice& dice) {
    configuration.entry_points["web"].address = ":80";
    settings.emplace_back();
    settings.back().name = "web";
    settings.back().address.port = 80;
    auto fragment = std::make_shared<Fragment>();
    fragment->provider = "file";
    fragment->configuration.http.services["app"].load_balancer.emplace().servers.push_back(
        {"http://10.0.0.9:80", {}, {}});
    const std::size_t count = 1 + dice.below(12);
    for (std::size_t i = 0; i < count; ++i) {
      config::HttpRouter& router = fragment->configuration.http.routers[fmt::format("r{}", i)];
      router.rule = rule(dice);
      router.service = "app";
      if (dice.below(4) == 0) router.priority = static_cast<std::int64_t>(1 + dice.below(50));
    }
    builder.emplace(configuration, settings, 1, MiddlewareKinds(), internal_services(configuration, terminating),
                    registry);
    live.fragments = {fragment};
    Build build = builder->build(live.fragments);
    live.configuration = &configuration;
    live.entry_points = settings;
    live.snapshot = build.snapshot;
    live.routers = build.routers;
  }

  config::Static configuration;
  std::vector<server::EntryPointSettings> settings;
  std::atomic<bool> terminating{false};
  Registry registry;
  std::optional<SnapshotBuilder> builder;
  Live live;
};

// What the data plane does with a request made by hand.
std::string matched(const World& world, const Question& question, std::string_view path, std::string_view query) {
  Arena arena;
  http::Peer peer;
  peer.remote = question.client;
  peer.entry_point = "web";
  http::Request request(arena, peer);
  request.method_text = question.method;
  request.method = http::method_of(question.method);
  request.host = request.authority = question.authority;
  request.target.path = path;
  std::string plain(path == "/a%20b" ? "/a b" : path);
  request.target.match_path = plain;
  request.target.query = query;
  for (const auto& [name, value] : question.fields) request.fields.add(name, value);
  const server::EntryPointRoutes& routes = *world.live.snapshot->entry_points[0];
  std::optional<std::uint32_t> found = routes.table.match(request);
  return found ? routes.routes[*found].router : "";
}

std::string text_at(const config::Node& node, std::string_view key) {
  const config::Node* found = node.find(key);
  return found == nullptr ? "" : found->text();
}

}  // namespace

TEST_CASE("explain names the router that the data plane's table takes, for 10,000 pairs of table and request") {
  Dice dice(0x5eed);
  int taken = 0;
  for (int table = 0; table < 200; ++table) {
    World world(dice);
    for (int i = 0; i < 50; ++i) {
      Question question;
      question.method = dice.of(kMethods);
      question.authority = dice.of(kHosts);
      const std::string path = dice.of(kPaths);
      const std::string query = dice.below(2) == 0 ? "" : fmt::format("v={}", dice.of(kValues));
      question.target = query.empty() ? path : path + "?" + query;
      question.client.ip = *IpAddress::parse(dice.of(kClients));
      if (dice.below(2) == 0) question.fields.emplace_back("X-Beta", dice.of(kValues));

      const config::Node explanation = explain(world.live, question);
      const std::string expected = matched(world, question, path, query);
      INFO(question.method << ' ' << question.authority << question.target);
      REQUIRE(taker(explanation).value_or("") == expected);
      taken += expected.empty() ? 0 : 1;

      // Those before it say which clause failed; it alone takes the request.
      const config::Node* routers = explanation.find("routers");
      REQUIRE(routers != nullptr);
      bool seen = false;
      for (const config::Node::Entry& router : routers->children()) {
        const bool takes = text_at(router.node, "takes") == "true";
        if (takes) REQUIRE(text_at(router.node, "name") == expected);
        if (text_at(router.node, "matches") == "false") REQUIRE_FALSE(text_at(router.node, "failed").empty());
        if (!seen && !takes) REQUIRE(text_at(router.node, "matches") == "false");
        seen = seen || takes;
      }
      REQUIRE(seen == !expected.empty());
    }
  }
  CHECK(taken > 1000);
  CHECK(taken < 9500);
}

TEST_CASE("explain says what a request is refused for before any router is asked") {
  Dice dice(1);
  World world(dice);
  Question question = *parse_question("GET", "http://a.example/x");
  question.target = "/%00";
  const config::Node explanation = explain(world.live, question);
  CHECK(text_at(explanation, "status") == "400");
  CHECK_FALSE(text_at(explanation, "refused").empty());
  CHECK(explanation.find("routers") == nullptr);
}

TEST_CASE("a question is read from a method and a URL") {
  Question question = *parse_question("", "https://a.example:8443/x?y=1#z");
  CHECK(question.method == "GET");
  CHECK(question.tls);
  CHECK(question.authority == "a.example:8443");
  CHECK(question.target == "/x?y=1");
  CHECK(parse_question("GET", "a.example")->target == "/");
  CHECK(parse_question("GET", "a.example?x")->target == "/?x");
  CHECK_FALSE(parse_question("GET", "ftp://a.example/").ok());
  CHECK_FALSE(parse_question("GET", "http://a.example/ b").ok());
  CHECK_FALSE(parse_question("G ET", "http://a.example/").ok());
  CHECK(add_field(question, "Host: other.example").empty());
  CHECK(question.authority == "other.example");
  CHECK_FALSE(add_field(question, "no colon").empty());
  CHECK_FALSE(add_field(question, "A: b\r\nC: d").empty());
}
