// The providers httpreq, acme-dns and cloudflare against servers that say what the test wants.
#include <mutex>
#include <nlohmann/json.hpp>

#include "acme/dns/http_api.h"
#include "support/acme/dns_bench.h"
#include "support/catch.h"
#include "support/scripted_server.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace sluice;
using nlohmann::json;
using test::DnsBench;
using test::ScriptedServer;

namespace {

const std::string kRecord = "_acme-challenge.example.com.";

// A provider's server, and what it was asked.
struct Api {
  using Answer = std::function<std::pair<int, std::string>(const ScriptedServer::Request&)>;

  explicit Api(Answer answer)
      : server(
            [this, answer](const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
              std::lock_guard<std::mutex> lock(mutex);
              requests.push_back(request);
              auto [status, body] = answer(request);
              connection.reply(status, body, status == 503 ? "Retry-After: 0\r\n" : "");
            },
            ScriptedServer::At::tcp) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server.port()); }

  std::mutex mutex;
  std::vector<ScriptedServer::Request> requests;
  ScriptedServer server;
};

struct ApiBench : DnsBench {
  ApiBench(const char* provider, std::map<std::string, std::string> variables) {
    challenge.provider = provider;
    challenge.disable_propagation_check = true;
    environment = std::move(variables);
  }
};

}  // namespace

TEST_CASE("httpreq: present and cleanup carry record and value, or in RAW mode token and key authorization") {
  Api api([](const ScriptedServer::Request&) { return std::pair(200, std::string("{}")); });
  ApiBench bench(
      "httpreq",
      {{"HTTPREQ_ENDPOINT", api.url() + "/dns/"}, {"HTTPREQ_USERNAME", "me"}, {"HTTPREQ_PASSWORD", "secret"}});
  REQUIRE(bench.present("example.com", "v1").status.ok());
  REQUIRE(bench.clean_up("example.com", "v1").status.ok());
  bench.environment["HTTPREQ_MODE"] = "RAW";
  REQUIRE(bench.present("example.com", "v1").status.ok());
  REQUIRE(api.requests.size() == 3);
  CHECK(api.requests[0].method == "POST");
  CHECK(api.requests[0].path == "/dns/present");
  CHECK(api.requests[0].header("Authorization") == "Basic bWU6c2VjcmV0");
  CHECK(api.requests[0].header("Content-Type") == "application/json");
  CHECK(json::parse(api.requests[0].body) == json{{"fqdn", kRecord}, {"value", "v1"}});
  CHECK(api.requests[1].path == "/dns/cleanup");
  CHECK(json::parse(api.requests[2].body) ==
        json{{"domain", "example.com"}, {"token", "token-of-v1"}, {"keyAuth", "token-of-v1.thumbprint"}});
}

TEST_CASE("httpreq: an overloaded server is asked again, a refusal is told") {
  int calls = 0;
  Api api([&](const ScriptedServer::Request&) { return std::pair(++calls < 3 ? 503 : 204, std::string()); });
  ApiBench bench("httpreq", {{"HTTPREQ_ENDPOINT", api.url()}});
  CHECK(bench.present("example.com", "v1").status.ok());
  CHECK(calls == 3);

  Api refusing([](const ScriptedServer::Request&) { return std::pair(403, std::string("who are you?")); });
  bench.environment["HTTPREQ_ENDPOINT"] = refusing.url();
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.error().code == Code::security);
  CHECK(outcome.why.find("/present was answered 403: who are you?") != std::string::npos);

  bench.environment["HTTPREQ_ENDPOINT"] = "ftp://example.com";
  CHECK_FALSE(bench.can_be_made());
}

TEST_CASE("cloudflare: zone by name, record added beside others, and found again by its content") {
  Api api([](const ScriptedServer::Request& request) {
    if (request.path.find("/zones?") != std::string::npos) {
      return std::pair(200, std::string(R"({"success":true,"result":[{"id":"z1","name":"example.com"}]})"));
    }
    if (request.method == "GET") {
      return std::pair(200, std::string(R"({"success":true,"result":[{"id":"r0","content":"\"other\""},)"
                                        R"({"id":"r1","content":"\"v1\""},{"id":"r2","content":"v1"}]})"));
    }
    return std::pair(200, std::string(R"({"success":true,"result":{"id":"r1"}})"));
  });
  ApiBench bench("cloudflare", {{"CF_DNS_API_TOKEN", "edit"},
                                {"CLOUDFLARE_ZONE_API_TOKEN", "read"},
                                {"CLOUDFLARE_BASE_URL", api.url() + "/client/v4"}});
  REQUIRE(bench
              .run({{DnsBench::Step::present, DnsBench::proof("example.com", "v1")},
                    {DnsBench::Step::clean_up, DnsBench::proof("example.com", "v1")}})[1]
              .status.ok());
  REQUIRE(api.requests.size() == 5);
  CHECK(api.requests[0].path == "/client/v4/zones?per_page=50&name=example.com");
  CHECK(api.requests[0].header("Authorization") == "Bearer read");
  CHECK(api.requests[1].method == "POST");
  CHECK(api.requests[1].path == "/client/v4/zones/z1/dns_records");
  CHECK(api.requests[1].header("Authorization") == "Bearer edit");
  CHECK(json::parse(api.requests[1].body) ==
        json{{"type", "TXT"}, {"name", "_acme-challenge.example.com"}, {"content", "\"v1\""}, {"ttl", 120}});
  CHECK(api.requests[2].path ==
        "/client/v4/zones/z1/dns_records?type=TXT&per_page=100&name=_acme-challenge.example.com");
  CHECK(api.requests[3].method == "DELETE");
  CHECK(api.requests[3].path == "/client/v4/zones/z1/dns_records/r1");
  CHECK(api.requests[4].path == "/client/v4/zones/z1/dns_records/r2");
}

TEST_CASE("cloudflare: a record that is there already is none to complain of; a missing zone and a bad token are") {
  Api api([](const ScriptedServer::Request& request) {
    if (request.method == "GET") return std::pair(200, std::string(R"({"result":[{"id":"z1"}]})"));
    return std::pair(400, std::string(R"({"success":false,"errors":[{"code":81058,"message":"identical"}]})"));
  });
  ApiBench bench("cloudflare",
                 {{"CLOUDFLARE_EMAIL", "me@example.com"}, {"CF_API_KEY", "key"}, {"CLOUDFLARE_BASE_URL", api.url()}});
  CHECK(bench.present("example.com", "v1").status.ok());
  CHECK(api.requests[0].header("X-Auth-Email") == "me@example.com");
  CHECK(api.requests[0].header("X-Auth-Key") == "key");

  Api empty([](const ScriptedServer::Request&) { return std::pair(200, std::string(R"({"result":[]})")); });
  bench.environment["CLOUDFLARE_BASE_URL"] = empty.url();
  CHECK(bench.present("example.com", "v1").why.find("no zone example.com.") != std::string::npos);

  Api refusing([](const ScriptedServer::Request&) {
    return std::pair(403, std::string(R"({"errors":[{"code":9109,"message":"Invalid access token"}]})"));
  });
  bench.environment["CLOUDFLARE_BASE_URL"] = refusing.url();
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.error().code == Code::security);
  CHECK(outcome.why.find("Invalid access token") != std::string::npos);
  CHECK(outcome.why.find("cloudflare: ") == 0);

  for (const char* nonsense : {"", "[]", "{}", "<html>", R"({"result":7})"}) {
    Api broken([&](const ScriptedServer::Request&) { return std::pair(200, std::string(nonsense)); });
    bench.environment["CLOUDFLARE_BASE_URL"] = broken.url();
    CHECK_FALSE(bench.present("example.com", "v1").status.ok());
  }
}

TEST_CASE("acme-dns: a name without account gets one, and the CNAME to make is told; then values go there") {
  Api api([](const ScriptedServer::Request& request) {
    if (request.path == "/register") {
      return std::pair(201, std::string(R"({"username":"u","password":"p","fulldomain":"abc.auth.example.org",)"
                                        R"("subdomain":"abc","allowfrom":[]})"));
    }
    return std::pair(200, std::string(R"({"txt":"v1"})"));
  });
  char folder[] = "/tmp/sluice-test-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  std::string path = std::string(folder) + "/accounts.json";
  std::ofstream(path) << R"({"kept.example":{"fulldomain":"x","subdomain":"y","username":"z","password":"w"}})";
  ApiBench bench("acme-dns", {{"ACME_DNS_API_BASE", api.url()},
                              {"ACME_DNS_STORAGE_PATH", path},
                              {"ACME_DNS_ALLOWLIST", "192.0.2.0/24, 198.51.100.1/32"}});
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.why.find("_acme-challenge.example.com. CNAME abc.auth.example.org.") != std::string::npos);
  CHECK(json::parse(api.requests[0].body) == json{{"allowfrom", {"192.0.2.0/24", "198.51.100.1/32"}}});
  json kept = json::parse(std::ifstream(path));
  CHECK(kept["example.com"]["subdomain"] == "abc");
  CHECK(kept["example.com"]["password"] == "p");
  CHECK(kept["kept.example"]["password"] == "w");
  struct stat status;
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);

  bench.zones.add_cname(kRecord, "abc.auth.example.org.");
  REQUIRE(bench.present("example.com", "v1").status.ok());
  REQUIRE(api.requests.size() == 2);
  CHECK(api.requests[1].path == "/update");
  CHECK(api.requests[1].header("X-Api-User") == "u");
  CHECK(api.requests[1].header("X-Api-Key") == "p");
  CHECK(json::parse(api.requests[1].body) == json{{"subdomain", "abc"}, {"txt", "v1"}});
  CHECK(bench.clean_up("example.com", "v1").status.ok());
  CHECK(api.requests.size() == 2);

  // A file that is no JSON is left as it is.
  std::ofstream(path) << "not json";
  outcome = bench.present("other.example.com", "v1");
  CHECK(outcome.why.find(path) != std::string::npos);
  std::ifstream same(path);
  CHECK(std::string((std::istreambuf_iterator<char>(same)), std::istreambuf_iterator<char>()) == "not json");
  std::filesystem::remove_all(folder);
}

TEST_CASE("acme-dns: accounts may be kept at a server, which may make the CNAME itself") {
  Api api([](const ScriptedServer::Request& request) {
    if (request.path == "/register") {
      return std::pair(201,
                       std::string(R"({"username":"u","password":"p","fulldomain":"abc.auth","subdomain":"abc"})"));
    }
    return std::pair(200, std::string("{}"));
  });
  Api store([](const ScriptedServer::Request& request) {
    return request.method == "GET" ? std::pair(404, std::string()) : std::pair(201, std::string());
  });
  ApiBench bench("acmedns", {{"ACME_DNS_API_BASE", api.url()}, {"ACME_DNS_STORAGE_BASE_URL", store.url() + "/store"}});
  REQUIRE(bench.present("example.com", "v1").status.ok());
  CHECK(store.requests[0].path == "/store/example.com");
  CHECK(json::parse(store.requests[1].body)["fulldomain"] == "abc.auth");
  CHECK(api.requests.back().path == "/update");

  bench.environment["ACME_DNS_STORAGE_PATH"] = "/tmp/x";
  CHECK_FALSE(bench.can_be_made());
}

TEST_CASE("text is percent-encoded but for what RFC 3986 leaves unreserved") {
  CHECK(acme::dns::percent_encoded("a-Z0._~ /\"\xc3") == "a-Z0._~%20%2F%22%C3");
}
