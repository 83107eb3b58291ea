#include "middleware/ip_allow_list.h"

#include "unit/middleware/middleware_test.h"

using namespace sluice;
using test::Ask;
using test::MiddlewareTest;
using test::Reply;

namespace {

int status_of(const config::IpAllowList& settings, const std::string& remote, const std::string& forwarded_for = "") {
  MiddlewareTest test(middleware::IpAllowList::make(settings));
  Ask ask{.remote = remote};
  if (!forwarded_for.empty()) ask.fields = {{"X-Forwarded-For", forwarded_for}};
  return test.ask(std::move(ask)).status;
}

config::IpAllowList ranges(std::vector<std::string> list) {
  config::IpAllowList settings;
  settings.source_range = std::move(list);
  return settings;
}

bool refused(const config::IpAllowList& settings) {
  return middleware::IpAllowList::make(settings).middleware == nullptr;
}

}  // namespace

TEST_CASE("ipAllowList lets in addresses and networks of its list") {
  config::IpAllowList settings = ranges({"10.0.0.0/8", "192.0.2.7", "2001:db8::/32"});
  CHECK(status_of(settings, "10.1.2.3:1") == 200);
  CHECK(status_of(settings, "192.0.2.7:1") == 200);
  CHECK(status_of(settings, "[::ffff:10.1.2.3]:1") == 200);
  CHECK(status_of(settings, "[2001:db8::9]:1") == 200);
  CHECK(status_of(settings, "192.0.2.8:1") == 403);
  CHECK(status_of(settings, "[2001:db9::9]:1") == 403);
}

TEST_CASE("a refusal of ipAllowList says its status, which rejectStatusCode sets") {
  config::IpAllowList settings = ranges({"10.0.0.1"});
  {
    MiddlewareTest test(middleware::IpAllowList::make(settings));
    CHECK(test.ask({}).body == "Forbidden");
    CHECK(test.handler.seen.empty());
  }
  settings.reject_status_code = 404;
  CHECK(status_of(settings, "192.0.2.1:1") == 404);
  settings.reject_status_code = 42;
  CHECK(refused(settings));
  settings.reject_status_code = 101;
  CHECK(refused(settings));
}

TEST_CASE("ipAllowList without a usable list is refused") {
  CHECK(refused(ranges({})));
  CHECK(refused(ranges({"10.0.0.0/33"})));
  CHECK(refused(ranges({"example.org"})));
}

TEST_CASE("without ipStrategy nobody believes X-Forwarded-For") {
  CHECK(status_of(ranges({"10.0.0.1"}), "192.0.2.1:1", "10.0.0.1") == 403);
  config::IpAllowList settings = ranges({"10.0.0.1"});
  settings.ip_strategy.emplace();
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.1") == 403);
  CHECK(status_of(settings, "10.0.0.1:1", "192.0.2.1") == 200);
}

TEST_CASE("depth counts X-Forwarded-For from the right") {
  config::IpAllowList settings = ranges({"10.0.0.1"});
  settings.ip_strategy.emplace();
  settings.ip_strategy->depth = 1;
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.9, 10.0.0.1") == 200);
  CHECK(status_of(settings, "10.0.0.1:1", "10.0.0.1, 10.0.0.9") == 403);
  settings.ip_strategy->depth = 2;
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.1 ,10.0.0.9") == 200);
  CHECK(status_of(settings, "10.0.0.1:1", "10.0.0.1") == 403);  // fewer entries than the depth
  CHECK(status_of(settings, "10.0.0.1:1") == 403);
  CHECK(status_of(settings, "10.0.0.1:1", "nonsense, 10.0.0.1") == 403);
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.1:4711, 10.0.0.9") == 200);  // with the client's port
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.2:4711, 10.0.0.9") == 403);
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.1:x, 10.0.0.9") == 403);
  settings.ip_strategy->depth = -1;
  CHECK(refused(settings));
}

TEST_CASE("excludedIPs takes the first address from the right that is not excluded, unless depth is set") {
  config::IpAllowList settings = ranges({"10.0.0.1"});
  settings.ip_strategy.emplace();
  settings.ip_strategy->excluded_ips = {"172.16.0.0/12"};
  CHECK(status_of(settings, "192.0.2.1:1", "8.8.8.8, 10.0.0.1, 172.16.0.5, 172.16.0.6") == 200);
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.1, 8.8.8.8, 172.16.0.6") == 403);
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.1:80, 172.16.0.6:81") == 200);
  CHECK(status_of(settings, "10.0.0.1:1", "172.16.0.6") == 403);
  settings.ip_strategy->depth = 1;
  CHECK(status_of(settings, "192.0.2.1:1", "10.0.0.1, 172.16.0.6") == 403);
  settings.ip_strategy->excluded_ips = {"nonsense"};
  CHECK(refused(settings));
}

TEST_CASE("ipv6Subnet cuts IPv6 addresses and leaves IPv4 alone") {
  config::IpAllowList settings = ranges({"2001:db8:1::", "10.0.0.1"});
  settings.ip_strategy.emplace();
  settings.ip_strategy->ipv6_subnet = 48;
  CHECK(status_of(settings, "[2001:db8:1:2::3]:1") == 200);
  CHECK(status_of(settings, "[2001:db8:2:2::3]:1") == 403);
  CHECK(status_of(settings, "10.0.0.1:1") == 200);
  settings.ip_strategy->ipv6_subnet = 0;
  CHECK(refused(settings));
  settings.ip_strategy->ipv6_subnet = 129;
  CHECK(refused(settings));
}

TEST_CASE("ipWhiteList is ipAllowList") {
  config::Middleware settings;
  settings.ip_white_list.emplace();
  settings.ip_white_list->source_range = {"10.0.0.1"};
  REQUIRE(middleware::IpAllowList::kOldKind.present(settings));
  control::Registry registry;
  std::string name = "old@test";
  MiddlewareTest test(middleware::IpAllowList::kOldKind.make(control::MiddlewareParts{settings, name, registry}));
  CHECK(test.ask({}).status == 403);
  CHECK(test.ask({.remote = "10.0.0.1:1"}).status == 200);
}
