// The solver as a whole, mostly with the provider rfc2136, whose server is the test's.
#include "acme/dns/solver.h"

#include "acme/dns/name_locks.h"
#include "acme/dns/persistent.h"
#include "support/acme/dns_bench.h"
#include "support/catch.h"

using namespace sluice;
using test::DnsBench;

namespace {

const std::string kRecord = "_acme-challenge.example.com.";

struct Rfc2136Bench : DnsBench {
  Rfc2136Bench() {
    challenge.provider = "rfc2136";
    environment = {{"RFC2136_NAMESERVER", server.name()},
                   {"RFC2136_POLLING_INTERVAL", "0"},
                   {"RFC2136_PROPAGATION_TIMEOUT", "20"}};
  }
};

const config::Problem& only(const config::Report& report) {
  REQUIRE(report.size() == 1);
  return report.front();
}

}  // namespace

TEST_CASE("a record is published, seen and removed again") {
  Rfc2136Bench bench;
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  CHECK(outcome.why.empty());
  REQUIRE(outcome.status.ok());
  CHECK(bench.zones.txt(kRecord) == std::vector<std::string>{"v1"});
  // By another solver, as after a restart.
  CHECK(bench.clean_up("example.com", "v1").status.ok());
  CHECK(bench.zones.txt(kRecord).empty());
  CHECK(bench.clean_up("example.com", "v1").status.ok());
}

TEST_CASE("values of apex and wildcard stand side by side, and each is removed alone") {
  Rfc2136Bench bench;
  bench.zones.add_txt(kRecord, "somebody else's");
  auto outcomes = bench.present_together({DnsBench::proof("example.com", "v1"), DnsBench::proof("example.com", "v2")});
  for (const auto& outcome : outcomes) CHECK(outcome.status.ok());
  std::vector<std::string> values = bench.zones.txt(kRecord);
  CHECK(values.size() == 3);
  REQUIRE(bench.clean_up("example.com", "v1").status.ok());
  CHECK(bench.zones.txt(kRecord) == std::vector<std::string>{"somebody else's", "v2"});
}

TEST_CASE("two names delegated to one record have their values there side by side") {
  Rfc2136Bench bench;
  bench.zones.add_zone("example.net.", {"ns1.example.com."});
  bench.zones.add_cname(kRecord, "shared.example.net.");
  bench.zones.add_cname("_acme-challenge.www.example.com.", "shared.example.net.");
  auto outcomes =
      bench.present_together({DnsBench::proof("example.com", "v1"), DnsBench::proof("www.example.com", "v2")});
  for (const auto& outcome : outcomes) CHECK(outcome.status.ok());
  CHECK(bench.zones.txt("shared.example.net.").size() == 2);
  REQUIRE(bench.clean_up("www.example.com", "v2").status.ok());
  CHECK(bench.zones.txt("shared.example.net.") == std::vector<std::string>{"v1"});
}

TEST_CASE("LEGO_DISABLE_CNAME_SUPPORT leaves the record where its name says") {
  Rfc2136Bench bench;
  bench.zones.add_cname(kRecord, "shared.example.com.");
  bench.environment["LEGO_DISABLE_CNAME_SUPPORT"] = "true";
  bench.challenge.propagation = config::DnsPropagation{true, false, false, 0s};
  REQUIRE(bench.present("example.com", "v1").status.ok());
  CHECK(bench.zones.txt(kRecord) == std::vector<std::string>{"v1"});
  CHECK(bench.zones.txt("shared.example.com.").empty());
}

TEST_CASE("a record that never appears is an error that names the server") {
  Rfc2136Bench bench;
  bench.environment["RFC2136_PROPAGATION_TIMEOUT"] = "0";
  test::ZoneData elsewhere;  // takes the update, but the zone's own server never has it
  test::DnsServer taker(elsewhere.script());
  elsewhere.add_zone("example.com.", {"ns1.example.com."});
  bench.environment["RFC2136_NAMESERVER"] = taker.name();
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.error().code == Code::timed_out);
  CHECK(outcome.why.find("ns1.example.com.") != std::string::npos);
  CHECK(elsewhere.txt(kRecord) == std::vector<std::string>{"v1"});
}

TEST_CASE("a name that is none is an error, not a question") {
  Rfc2136Bench bench;
  DnsBench::Outcome outcome = bench.present("bad..name", "v");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.why.find("bad..name") != std::string::npos);
  CHECK(bench.server.queries() == 0);
}

TEST_CASE("an unknown provider names itself, the nearest, all there are, and the ways for others") {
  DnsBench bench;
  bench.challenge.provider = "cloudfare";
  CHECK_FALSE(bench.can_be_made());
  const config::Problem& problem = only(bench.report);
  CHECK(problem.severity == config::Severity::error);
  CHECK(problem.source.where == "test.yml");
  CHECK(problem.what.find("\"cloudfare\"") != std::string::npos);
  for (const char* word : {"mean cloudflare", "acme-dns, cloudflare, exec, httpreq, rfc2136, route53", "CNAME"}) {
    CHECK(problem.fix.find(word) != std::string::npos);
  }
  bench.report.clear();
  bench.challenge.provider = "";
  CHECK_FALSE(bench.can_be_made());
  CHECK(only(bench.report).what.find("is empty") != std::string::npos);
}

TEST_CASE("providers go by all of lego's names, in any case") {
  DnsBench bench;
  bench.environment = {{"DNSUPDATE_NAMESERVER", "127.0.0.1"}};
  for (const char* name : {"rfc2136", "RFC2136", "dnsupdate"}) {
    bench.challenge.provider = name;
    CHECK(bench.can_be_made());
  }
  CHECK(bench.report.empty());
}

TEST_CASE("missing variables are named, all at once") {
  const std::pair<const char*, const char*> all[] = {{"exec", "EXEC_PATH"},
                                                     {"httpreq", "HTTPREQ_ENDPOINT"},
                                                     {"rfc2136", "RFC2136_NAMESERVER"},
                                                     {"acme-dns", "ACME_DNS_API_BASE"},
                                                     {"cloudflare", "CF_DNS_API_TOKEN"}};
  for (const auto& [provider, variable] : all) {
    CAPTURE(provider);
    DnsBench bench;
    bench.challenge.provider = provider;
    CHECK_FALSE(bench.can_be_made());
    REQUIRE_FALSE(bench.report.empty());
    CHECK(bench.report.front().what.find(variable) != std::string::npos);
    CHECK(bench.report.front().what.find(provider) != std::string::npos);
    CHECK(bench.report.front().effect.find("test") != std::string::npos);
  }
}

TEST_CASE("a resolver that is no address is refused; a wrong number is only warned of") {
  Rfc2136Bench bench;
  bench.challenge.resolvers = {"1.1.1.1:99999"};
  CHECK_FALSE(bench.can_be_made());
  CHECK(only(bench.report).what.find("1.1.1.1:99999") != std::string::npos);
  bench.report.clear();
  bench.challenge.resolvers.clear();
  bench.environment["RFC2136_TTL"] = "two minutes";
  CHECK(bench.can_be_made());
  CHECK(only(bench.report).severity == config::Severity::warning);
}

TEST_CASE("dns-persist-01: a record of the user's allows the account, or the record to publish is told") {
  Rfc2136Bench bench;
  DnsBench::Outcome outcome = bench.check_persistent("example.com", true);
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.error().code == Code::not_found);
  CHECK(outcome.why.find("_validation-persist.example.com. TXT "
                         "\"ca.example; accounturi=https://ca.example/acct/1; policy=wildcard\"") != std::string::npos);
  bench.zones.add_txt("_validation-persist.example.com.", "ca.example; accounturi=https://ca.example/acct/1");
  CHECK(bench.check_persistent("example.com", false).status.ok());
  CHECK_FALSE(bench.check_persistent("example.com", true).status.ok());
  bench.zones.add_txt("_validation-persist.example.com.",
                      "ca.example; accounturi=https://ca.example/acct/1; policy=wildcard");
  CHECK(bench.check_persistent("example.com", true).status.ok());
}

TEST_CASE("what a dns-persist-01 record allows") {
  using acme::dns::allows;
  const acme::dns::PersistentGrant one{"ca.example", "https://ca.example/1", false};
  const acme::dns::PersistentGrant below{"ca.example", "https://ca.example/1", true};
  CHECK(allows(acme::dns::persistent_value(one), one, 100));
  CHECK(allows(acme::dns::persistent_value(below), below, 100));
  CHECK(allows(acme::dns::persistent_value(below), one, 100));
  CHECK(allows("CA.example ;\tAccountURI = https://ca.example/1; POLICY=Wildcard; persistUntil=100; x=y", below, 100));
  CHECK_FALSE(allows(acme::dns::persistent_value(one), below, 100));
  for (const char* bad :
       {"", "ca.example", "other.example; accounturi=https://ca.example/1",
        "ca.example; accounturi=https://ca.example/2", "ca.example; accounturi=https://ca.example/1; persistuntil=99",
        "ca.example; accounturi=https://ca.example/1; persistuntil=soon",
        "ca.example; accounturi=https://ca.example/1; accounturi=https://ca.example/1",
        "ca.example; accounturi=https://ca.example/1;", "ca.example; accounturi=https://ca.example/1; policy",
        "ca.example; accounturi=HTTPS://ca.example/1", "ca.example; accounturi=https://ca.example/1; x=a b"}) {
    CAPTURE(bad);
    CHECK_FALSE(allows(bad, one, 100));
  }
}

namespace {

Task<void> hold_and_note(acme::dns::NameLocks& locks, std::string name, int number, Signal& go,
                         std::vector<int>& order) {
  Result<acme::dns::NameLocks::Guard> held = co_await locks.hold(std::move(name));
  if (!held) {
    order.push_back(-number);
    co_return;
  }
  order.push_back(number);
  Status waited = co_await go.wait();
  if (!waited) order.push_back(100 + number);
}

}  // namespace

TEST_CASE("a name is held by one task at a time, in the order they came; another name is free") {
  Loop loop(Loop::ClockKind::manual);
  acme::dns::NameLocks locks;
  Signal go;
  std::vector<int> order;
  Scope scope;
  Scope impatient;
  scope.spawn(hold_and_note(locks, "a", 1, go, order));
  scope.spawn(hold_and_note(locks, "a", 2, go, order));
  impatient.spawn(hold_and_note(locks, "a", 3, go, order));
  scope.spawn(hold_and_note(locks, "a", 4, go, order));
  scope.spawn(hold_and_note(locks, "b", 5, go, order));
  loop.run_ready();
  CHECK(order == std::vector<int>{1, 5});
  impatient.cancel(Error::of(Code::cancelled, "test"));
  loop.run_ready();
  for (int i = 0; i < 3; ++i) {
    go.notify_all();
    loop.run_ready();
  }
  CHECK(order == std::vector<int>{1, 5, -3, 2, 4});
}
