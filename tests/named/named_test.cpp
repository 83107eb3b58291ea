// The provider rfc2136, and looking for records, against BIND.
#include "named/named.h"

#include <fstream>

#include "acme/dns/lookup.h"
#include "acme/dns/solver_parts.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using test::Named;

namespace {

const std::string kSecret = "bm9ib2R5IGd1ZXNzZXMgdGhpcyBrZXkgb2Ygb3Vycy4=";

std::vector<Named::Key> keys(const std::string& algorithm = "hmac-sha256") {
  return {{"sluice-key.", algorithm, kSecret}};
}

// A solver whose world is one or two servers: they are the resolvers and the zones' own servers.
struct Bench {
  explicit Bench(const Named& named) : port(named.port()) {
    challenge.provider = "rfc2136";
    environment = {{"RFC2136_NAMESERVER", named.address()}, {"RFC2136_TSIG_KEY", "sluice-key"},
                   {"RFC2136_TSIG_SECRET", kSecret},        {"RFC2136_TSIG_ALGORITHM", "hmac-sha256."},
                   {"RFC2136_POLLING_INTERVAL", "0"},       {"RFC2136_PROPAGATION_TIMEOUT", "20"}};
  }

  acme::dns::Lookup::Settings lookup_settings() const {
    acme::dns::Lookup::Settings settings;
    settings.resolvers.push_back({"127.0.0.1", port});
    settings.authority_port = port;
    return settings;
  }

  struct Outcome {
    Status status;
    std::string why;
  };
  enum class Step { present, clean_up };

  Task<Outcome> once(Step step, std::string name, std::string value) {
    rest::Client client("Sluice/test");
    acme::DnsSurroundings surroundings{client, environment, "test", {}};
    config::Report report;
    auto solver = acme::dns::make_solver(challenge, surroundings, lookup_settings(), report);
    for (const config::Problem& problem : report) UNSCOPED_INFO(config::to_line(problem));
    SLUICE_CHECK(solver != nullptr);
    acme::DnsProof proof{name, value, {}, {}};
    Outcome outcome;
    if (step == Step::present) {
      outcome.status = co_await solver->present(proof, outcome.why);
    } else {
      outcome.status = co_await solver->clean_up(proof, outcome.why);
    }
    co_return std::move(outcome);
  }
  Outcome present(const std::string& name, const std::string& value) {
    return test::run_task(once(Step::present, name, value));
  }
  Outcome clean_up(const std::string& name, const std::string& value) {
    return test::run_task(once(Step::clean_up, name, value));
  }

  // What the server itself says, sorted.
  std::vector<std::string> values(const std::string& record) {
    acme::dns::Lookup lookup(lookup_settings());
    std::string why;
    std::vector<SocketAddress> servers;
    servers.push_back({*IpAddress::parse("127.0.0.1"), port});
    Result<acme::dns::Message> reply = test::run_task(lookup.ask(servers, record, acme::dns::type::kTxt, false, why));
    REQUIRE(reply.ok());
    std::vector<std::string> all = acme::dns::txt_values(*reply, record);
    std::sort(all.begin(), all.end());
    return all;
  }

  std::uint16_t port;
  config::DnsChallenge challenge;
  std::map<std::string, std::string> environment;
};

const std::string kRecord = "_acme-challenge.example.com.";

}  // namespace

TEST_CASE("BIND takes our signed changes with every algorithm, and we take its signed answers") {
  REQUIRE(Named::is_installed());
  for (const char* algorithm : {"hmac-md5", "hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"}) {
    CAPTURE(algorithm);
    Named named(keys(algorithm), {{"example.com", "sluice-key.", "", ""}});
    Bench bench(named);
    bench.environment["RFC2136_TSIG_ALGORITHM"] = algorithm;
    Bench::Outcome outcome = bench.present("example.com", "v1");
    INFO(outcome.why);
    REQUIRE(outcome.status.ok());
    CHECK(bench.values(kRecord) == std::vector<std::string>{"v1"});
    REQUIRE(bench.clean_up("example.com", "v1").status.ok());
    CHECK(bench.values(kRecord).empty());
  }
}

TEST_CASE("values stand side by side at BIND, and each is removed alone, with a key file of tsig-keygen's") {
  Named named(keys(), {{"example.com", "sluice-key.", "_acme-challenge IN TXT \"somebody else's\"\n", ""}});
  Bench bench(named);
  std::string path = named.folder() + "/key";
  std::ofstream(path) << "key \"sluice-key\" {\n\talgorithm hmac-sha256;\n\tsecret \"" << kSecret << "\";\n};\n";
  bench.environment["RFC2136_TSIG_FILE"] = path;
  bench.environment.erase("RFC2136_TSIG_SECRET");
  REQUIRE(bench.present("example.com", "v1").status.ok());
  REQUIRE(bench.present("example.com", "v2").status.ok());
  CHECK(bench.values(kRecord) == std::vector<std::string>{"somebody else's", "v1", "v2"});
  REQUIRE(bench.clean_up("example.com", "v1").status.ok());
  REQUIRE(bench.clean_up("example.com", "v1").status.ok());
  CHECK(bench.values(kRecord) == std::vector<std::string>{"somebody else's", "v2"});
}

TEST_CASE("a delegated record is changed where its CNAME leads, in the deepest zone") {
  Named named(keys(), {{"example.com", "", "_acme-challenge IN CNAME one.dyn.example.net.\n", ""},
                       {"example.net", "", "dyn IN NS ns1\n", ""},
                       {"dyn.example.net", "sluice-key.", "one IN CNAME two\n", ""}});
  Bench bench(named);
  Bench::Outcome outcome = bench.present("example.com", "v1");
  INFO(outcome.why);
  REQUIRE(outcome.status.ok());
  CHECK(bench.values("two.dyn.example.net.") == std::vector<std::string>{"v1"});
  REQUIRE(bench.clean_up("example.com", "v1").status.ok());
  CHECK(bench.values("two.dyn.example.net.").empty());
}

TEST_CASE("a record that has a zone of its own is found there") {
  Named named(keys(), {{"example.com", "", "_acme-challenge IN NS ns1\n", ""},
                       {"_acme-challenge.example.com", "sluice-key.", "", ""}});
  Bench bench(named);
  Bench::Outcome outcome = bench.present("example.com", "v1");
  INFO(outcome.why);
  REQUIRE(outcome.status.ok());
  CHECK(bench.values(kRecord) == std::vector<std::string>{"v1"});
}

TEST_CASE("what BIND refuses is told: another secret, another key, no key, a zone it does not have") {
  Named named(keys(), {{"example.com", "sluice-key.", "", ""}});
  const std::pair<std::map<std::string, std::string>, const char*> all[] = {
      {{{"RFC2136_TSIG_SECRET", "b3RoZXI="}}, "BADSIG"},
      {{{"RFC2136_TSIG_KEY", "other"}}, "BADKEY"},
      {{{"RFC2136_TSIG_KEY", ""}}, "REFUSED"},
      {{{"RFC2136_ZONES", "com"}}, "NOTAUTH"}};
  for (const auto& [changes, word] : all) {
    CAPTURE(word);
    Bench bench(named);
    for (const auto& [name, value] : changes) bench.environment[name] = value;
    Bench::Outcome outcome = bench.present("example.com", "v1");
    REQUIRE_FALSE(outcome.status.ok());
    CHECK(outcome.status.error().code == Code::security);
    CAPTURE(outcome.why);
    CHECK(outcome.why.find(word) != std::string::npos);
    CHECK(bench.values(kRecord).empty());
  }
}

TEST_CASE("a name server that follows later is waited for") {
  Named primary(keys(), {{"example.com", "sluice-key.", "", ""}});
  // It asks its primary every second: the SOA says so, and nobody notifies it.
  Named secondary({}, {{"example.com", "", "", "127.0.0.1 port " + std::to_string(primary.port())}});
  Bench bench(secondary);
  bench.environment["RFC2136_NAMESERVER"] = primary.address();
  Bench::Outcome outcome = bench.present("example.com", "v1");
  INFO(outcome.why);
  REQUIRE(outcome.status.ok());
  CHECK(bench.values(kRecord) == std::vector<std::string>{"v1"});
}

TEST_CASE("everything goes over TCP where that is wished, and where UDP does not fit") {
  std::string many;
  for (int i = 0; i < 40; ++i)
    many += "_acme-challenge IN TXT \"" + std::string(60, static_cast<char>('a' + i % 26)) + std::to_string(i) + "\"\n";
  Named named(keys(), {{"example.com", "sluice-key.", many, ""}});
  Bench bench(named);
  for (const char* tcp_only : {"false", "true"}) {
    bench.environment["LEGO_EXPERIMENTAL_DNS_TCP_ONLY"] = tcp_only;
    Bench::Outcome outcome = bench.present("example.com", tcp_only);
    INFO(outcome.why);
    REQUIRE(outcome.status.ok());
    CHECK(bench.values(kRecord).size() >= 41);
  }
}
