#include "acme/dns/lookup.h"

#include <utility>

#include "support/acme/dns_server.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::acme::dns;
using test::DnsServer;
using test::ZoneData;

namespace {

// A resolver that knows the zones and their servers, and the zones' own servers, which know the rest. They are two
// servers on one address, so the own servers are reached at the second's port.
struct TestDns {
  ZoneData seen_by_resolvers;
  ZoneData own;
  DnsServer resolver{seen_by_resolvers.script()};
  DnsServer authority{own.script()};

  TestDns() {
    for (ZoneData* data : {&seen_by_resolvers, &own}) {
      data->add_zone("example.com.", {"ns1.example.com."});
      data->add_loopback("ns1.example.com.");
    }
  }

  Lookup::Settings settings() const {
    Lookup::Settings settings;
    settings.resolvers.push_back({"127.0.0.1", resolver.port()});
    settings.authority_port = authority.port();
    return settings;
  }
};

struct Found {
  Result<Place> place;
  std::string why;
};

Found place_of(Lookup::Settings settings, const std::string& name) {
  Lookup lookup(std::move(settings));
  std::string why;
  Result<Place> place = test::run_task(lookup.place_of(name, why));
  return {std::move(place), why};
}

}  // namespace

TEST_CASE("a record is where its name says when there is no CNAME") {
  TestDns dns;
  Found found = place_of(dns.settings(), "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->name == "_acme-challenge.example.com.");
  CHECK(found.place->zone == "example.com.");
  REQUIRE(found.place->servers.size() == 1);
  CHECK(found.place->servers[0].name == "ns1.example.com.");
  CHECK(found.place->servers[0].addresses == std::vector<SocketAddress>{dns.authority.address()});
}

TEST_CASE("no resolver is asked about a record that is not there yet") {
  TestDns dns;
  REQUIRE(place_of(dns.settings(), "_acme-challenge.www.example.com.").place.ok());
  for (const std::string& asked : dns.seen_by_resolvers.asked()) {
    CHECK(asked.find("_acme-challenge") == std::string::npos);
  }
}

TEST_CASE("CNAMEs are followed into another zone") {
  TestDns dns;
  dns.own.add_cname("_acme-challenge.example.com.", "one.challenges.example.net.");
  for (ZoneData* data : {&dns.seen_by_resolvers, &dns.own}) {
    data->add_zone("example.net.", {"ns1.example.com."});
    data->add_zone("challenges.example.net.", {"ns1.example.com."});
  }
  dns.own.add_cname("one.challenges.example.net.", "two.challenges.example.net.");
  Found found = place_of(dns.settings(), "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->name == "two.challenges.example.net.");
  CHECK(found.place->zone == "challenges.example.net.");

  Lookup::Settings as_written = dns.settings();
  as_written.follow_cnames = false;
  found = place_of(as_written, "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->name == "_acme-challenge.example.com.");
  CHECK(found.place->zone == "example.com.");
}

TEST_CASE("a loop of CNAMEs ends with an error that names it") {
  TestDns dns;
  dns.own.add_cname("_acme-challenge.example.com.", "b.example.com.");
  dns.own.add_cname("b.example.com.", "_acme-challenge.example.com.");
  for (bool ask_authorities : {true, false}) {
    Lookup::Settings settings = dns.settings();
    settings.ask_authorities = ask_authorities;
    if (!ask_authorities) settings.resolvers = {{"127.0.0.1", dns.authority.port()}};
    Found found = place_of(settings, "_acme-challenge.example.com.");
    REQUIRE_FALSE(found.place.ok());
    CHECK(found.place.error().code == Code::invalid);
    CHECK(found.why.find("example.com.") != std::string::npos);
  }
}

TEST_CASE("a referral leads to the servers of the zone below") {
  TestDns dns;
  ZoneData parent;
  ZoneData child;
  parent.refer("_acme-challenge.example.com.", "ns1.example.com.");
  child.add_zone("_acme-challenge.example.com.", {"ns1.example.com."});
  bool referred = false;
  DnsServer authority([&](const DnsServer::Query& query) {
    return *encode((std::exchange(referred, true) ? child : parent).reply(query.message));
  });
  Lookup::Settings settings = dns.settings();
  settings.authority_port = authority.port();
  Found found = place_of(settings, "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->zone == "_acme-challenge.example.com.");
  CHECK(authority.queries() == 2);
}

TEST_CASE("servers that refer to each other for ever are given up, and resolvers asked") {
  TestDns dns;
  std::string below = "d.d.d.d.d.d.d.d.d.d.d.d.example.com.";
  int asked = 0;
  ZoneData parent;
  DnsServer authority([&](const DnsServer::Query& query) {
    Message reply = parent.reply(query.message);
    // One label more each time.
    std::string zone = below;
    for (int i = 11 - asked++; i > 0; --i) zone = parent_name(zone);
    reply.flags = 0x8000;
    reply.authorities = {{zone, type::kNs, dns_class::kIn, 1, *wire_name("ns1.example.com.")}};
    return *encode(reply);
  });
  Lookup::Settings settings = dns.settings();
  settings.authority_port = authority.port();
  Found found = place_of(settings, "_acme-challenge." + below);
  REQUIRE(found.place.ok());
  CHECK(found.place->zone == "example.com.");
  CHECK(asked == Lookup::kMostHops);
}

TEST_CASE("a zone below that the same servers have is found too") {
  TestDns dns;
  dns.own.add_zone("_acme-challenge.example.com.", {"ns1.example.com."});
  dns.seen_by_resolvers.add("_acme-challenge.example.com.", type::kNs, *wire_name("ns1.example.com."));
  Found found = place_of(dns.settings(), "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->zone == "_acme-challenge.example.com.");
}

TEST_CASE("where the own servers cannot be asked, resolvers are") {
  TestDns dns;
  dns.seen_by_resolvers.add_cname("_acme-challenge.example.com.", "there.example.com.");
  Lookup::Settings settings = dns.settings();
  settings.ask_authorities = false;
  int before = dns.authority.queries();
  Found found = place_of(settings, "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->name == "there.example.com.");
  CHECK(found.place->zone == "example.com.");
  CHECK(found.place->servers.empty());
  CHECK(dns.authority.queries() == before);
}

TEST_CASE("a resolver that knows no SOA still tells where a record is, and that the zone is unknown") {
  DnsServer resolver([](const DnsServer::Query& query) {
    Message reply;
    reply.id = query.message.id;
    reply.questions = query.message.questions;
    bool is_soa = query.message.questions[0].type == type::kSoa || query.message.questions[0].type == type::kNs;
    reply.flags = is_soa ? 0x8004 : 0x8000;
    return *encode(reply);
  });
  Lookup::Settings settings;
  settings.resolvers.push_back({"127.0.0.1", resolver.port()});
  Found found = place_of(settings, "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->name == "_acme-challenge.example.com.");
  CHECK(found.place->zone.empty());
  CHECK(found.place->trouble.find("NOTIMP") != std::string::npos);
}

TEST_CASE("the next resolver is asked when one is silent or refuses") {
  TestDns dns;
  DnsServer refusing([](const DnsServer::Query& query) {
    Message reply;
    reply.id = query.message.id;
    reply.flags = 0x8005;
    reply.questions = query.message.questions;
    return *encode(reply);
  });
  Lookup::Settings settings = dns.settings();
  settings.resolvers.insert(settings.resolvers.begin(), {"127.0.0.1", refusing.port()});
  Found found = place_of(settings, "_acme-challenge.example.com.");
  REQUIRE(found.place.ok());
  CHECK(found.place->zone == "example.com.");
}

TEST_CASE("name servers are written in several ways") {
  CHECK(*ServerName::parse("1.1.1.1") == ServerName{"1.1.1.1", 53});
  CHECK(*ServerName::parse(" 1.1.1.1:5353 ") == ServerName{"1.1.1.1", 5353});
  CHECK(*ServerName::parse("ns.example.com:53") == ServerName{"ns.example.com", 53});
  CHECK(*ServerName::parse("2001:db8::1") == ServerName{"2001:db8::1", 53});
  CHECK(*ServerName::parse("[2001:db8::1]:5353") == ServerName{"2001:db8::1", 5353});
  CHECK(*ServerName::parse("[2001:db8::1]") == ServerName{"2001:db8::1", 53});
  for (const char* bad : {"", ":53", "a:0", "a:65536", "a:b", "[::1", "[::1]53"})
    CHECK_FALSE(ServerName::parse(bad).ok());
  CHECK((ServerName{"2001:db8::1", 53}).to_string() == "[2001:db8::1]:53");
}

TEST_CASE("resolv.conf names the resolvers, and public ones stand in for none") {
  std::vector<ServerName> servers = parse_resolv_conf(
      "# nameserver 9.9.9.9\nsearch example.com\nnameserver 10.0.0.1 # first\nnameserver\t::1\nnameserverx 1.2.3.4\n");
  CHECK(servers == std::vector<ServerName>{{"10.0.0.1", 53}, {"::1", 53}});
  CHECK(parse_resolv_conf("")[0].host == "1.1.1.1");
}
