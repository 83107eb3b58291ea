#include "acme/dns/caa.h"

#include "support/acme/dns_server.h"
#include "support/catch.h"
#include "support/run_task.h"

using namespace sluice;
using namespace sluice::acme::dns;
using test::DnsServer;

namespace {

std::string caa(std::string_view tag, std::string_view value) {
  return std::string(1, '\0') + static_cast<char>(tag.size()) + std::string(tag) + std::string(value);
}

// A resolver that knows CAA records, and nothing else.
std::string obstacle(const std::map<std::string, std::vector<std::string>>& records, const std::string& name) {
  DnsServer server([&](const DnsServer::Query& query) -> std::optional<std::string> {
    Message reply = query.message;
    reply.flags |= 0x8180;
    reply.additionals.clear();
    auto known = records.find(reply.questions.front().name);
    if (known != records.end()) {
      for (const std::string& data : known->second) {
        reply.answers.push_back({known->first, type::kCaa, dns_class::kIn, 60, data});
      }
    }
    return *encode(reply);
  });
  Lookup::Settings settings;
  settings.resolvers.push_back({"127.0.0.1", server.port()});
  Lookup lookup(settings);
  return test::run_task(caa_obstacle(lookup, name, {"ca.example", "old-ca.example"}));
}

}  // namespace

TEST_CASE("a name without CAA records may be certified by anybody") {
  CHECK(obstacle({}, "www.a.test") == "");
  CHECK(obstacle({{"a.test.", {caa("iodef", "mailto:a@a.test")}}}, "www.a.test") == "");
}

TEST_CASE("the CA that the records name may certify, whatever its case and parameters") {
  CHECK(obstacle({{"a.test.", {caa("issue", "other.example"), caa("ISSUE", " CA.example; account=1")}}}, "a.test") ==
        "");
}

TEST_CASE("records that name others, or nobody, are told of") {
  CHECK(obstacle({{"a.test.", {caa("issue", "x.example"), caa("issue", "y.example")}}}, "www.a.test") ==
        "the CAA records of a.test let only x.example, y.example certify it");
  CHECK(obstacle({{"a.test.", {caa("issue", ";")}}}, "a.test") == "the CAA records of a.test let nobody certify it");
}

TEST_CASE("the nearest name with records counts") {
  CHECK(obstacle({{"a.test.", {caa("issue", ";")}}, {"www.a.test.", {caa("issue", "ca.example")}}}, "www.a.test") ==
        "");
}

TEST_CASE("for wildcards their own property counts before that for names") {
  const std::map<std::string, std::vector<std::string>> records = {
      {"a.test.", {caa("issue", "ca.example"), caa("issuewild", ";")}}};
  CHECK(obstacle(records, "a.test") == "");
  CHECK(obstacle(records, "*.a.test") == "the CAA records of a.test let nobody certify it");
  CHECK(obstacle({{"a.test.", {caa("issue", "old-ca.example")}}}, "*.a.test") == "");
}

TEST_CASE("records that are cut short say nothing") {
  CHECK(obstacle({{"a.test.", {std::string("\0\x09issue", 7), std::string("\0", 1)}}}, "a.test") == "");
}
