#include "acme/dns/propagation.h"

#include "support/acme/dns_server.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::acme::dns;
using test::DnsServer;
using test::ZoneData;

namespace {

const std::string kName = "_acme-challenge.example.com.";

struct Outcome {
  Status status;
  std::string why;
};

// `now`: one look at each server, no second.
Outcome wait(Lookup::Settings settings, Place place, PropagationRules rules, Duration timeout = 0s) {
  Lookup lookup(std::move(settings));
  std::string why;
  Status status = test::run_task(
      wait_for_propagation(lookup, std::move(place), "value", rules, PropagationTiming{timeout, 0s}, why));
  return {status, why};
}

Place at(const std::vector<const DnsServer*>& servers) {
  Place place{kName, "example.com.", {}, {}};
  int number = 0;
  for (const DnsServer* server : servers) {
    place.servers.push_back({"ns" + std::to_string(++number) + ".example.com.", {server->address()}});
  }
  return place;
}

}  // namespace

TEST_CASE("options and their deprecated spellings come down to the same rules") {
  config::DnsChallenge settings;
  CHECK(PropagationRules::of(settings) == PropagationRules{true, false, false, 0s});
  settings.delay_before_check = 5s;
  settings.disable_propagation_check = true;
  CHECK(PropagationRules::of(settings) == PropagationRules{true, false, true, 5s});
  settings = {};
  settings.propagation = config::DnsPropagation{true, true, true, 7s};
  CHECK(PropagationRules::of(settings) == PropagationRules{false, true, true, 7s});
}

TEST_CASE("every name server of the zone must have the value") {
  ZoneData first;
  ZoneData second;
  first.add_zone("example.com.", {"ns1.example.com."});
  second.add_zone("example.com.", {"ns1.example.com."});
  DnsServer one(first.script());
  DnsServer two(second.script());
  first.add_txt(kName, "other");
  first.add_txt(kName, "value");
  Outcome outcome = wait({}, at({&one, &two}), {});
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.error().code == Code::timed_out);
  CHECK(outcome.why.find("ns2.example.com.") != std::string::npos);
  CHECK(outcome.why.find("NXDOMAIN") != std::string::npos);

  second.add_txt(kName, "stale");
  outcome = wait({}, at({&one, &two}), {});
  CHECK(outcome.why.find("\"stale\"") != std::string::npos);

  second.add_txt(kName, "value");
  CHECK(wait({}, at({&one, &two}), {}).status.ok());
}

TEST_CASE("it is looked again until the record is there; who has shown it is not asked again") {
  ZoneData fast;
  ZoneData slow;
  int asked = 0;
  fast.add_txt(kName, "value");
  DnsServer one(fast.script());
  DnsServer two([&](const DnsServer::Query& query) {
    if (++asked == 3) slow.add_txt(kName, "value");
    return *encode(slow.reply(query.message));
  });
  CHECK(wait({}, at({&one, &two}), {}, 20s).status.ok());
  CHECK(asked == 3);
  CHECK(one.queries() == 1);
}

TEST_CASE("resolvers are asked only when all must see it, and after the zone's own servers") {
  ZoneData own;
  ZoneData cached;
  own.add_txt(kName, "value");
  DnsServer authority(own.script());
  DnsServer resolver(cached.script());
  Lookup::Settings settings;
  settings.resolvers.push_back({"127.0.0.1", resolver.port()});
  CHECK(wait(settings, at({&authority}), {}).status.ok());
  CHECK(resolver.queries() == 0);

  PropagationRules all;
  all.ask_all_resolvers = true;
  Outcome outcome = wait(settings, at({&authority}), all);
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.why.find("the resolver 127.0.0.1:") != std::string::npos);
  cached.add_txt(kName, "value");
  CHECK(wait(settings, at({&authority}), all).status.ok());

  own.remove_txt(kName);
  int before = resolver.queries();
  CHECK_FALSE(wait(settings, at({&authority}), all).status.ok());
  CHECK(resolver.queries() == before);

  PropagationRules only_resolvers = all;
  only_resolvers.ask_authorities = false;
  before = authority.queries();
  CHECK(wait(settings, at({&authority}), only_resolvers).status.ok());
  CHECK(authority.queries() == before);
}

TEST_CASE("without checks nobody is asked") {
  DnsServer nobody([](const DnsServer::Query&) { return std::optional<std::string>(); });
  PropagationRules rules;
  rules.no_checks = true;
  CHECK(wait({}, at({&nobody}), rules).status.ok());
  CHECK(nobody.queries() == 0);
}

TEST_CASE("a zone whose servers are unknown is looked for again, and its trouble told") {
  DnsServer resolver([](const DnsServer::Query& query) {
    Message reply;
    reply.id = query.message.id;
    reply.flags = 0x8005;
    reply.questions = query.message.questions;
    return *encode(reply);
  });
  Lookup::Settings settings;
  settings.resolvers.push_back({"127.0.0.1", resolver.port()});
  Outcome outcome = wait(settings, Place{kName, "", {}, ""}, {});
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.why.find("REFUSED") != std::string::npos);
}
