// Route 53 against a server that has a hosted zone, and checks every signature as Amazon does.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "acme/dns/aws/credentials.h"
#include "acme/dns/aws/signature.h"
#include "acme/dns/aws/xml.h"
#include "base/encoding.h"
#include "support/acme/dns_bench.h"
#include "support/catch.h"
#include "support/scripted_server.h"

using namespace sluice;
using namespace sluice::acme::dns::aws;
using test::DnsBench;
using test::ScriptedServer;

namespace {

const std::string kRecord = "_acme-challenge.example.com.";
const std::string kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string header_of(const std::vector<rest::Header>& headers, std::string_view name) {
  for (const rest::Header& header : headers) {
    if (header.first == name) return header.second;
  }
  return {};
}

// A server's side of Signature Version 4, written from Amazon's description and not from our code: what a request must
// be signed with, from its bytes.
class Amazon {
 public:
  // Empty when the signature is right.
  static std::string complaint(const ScriptedServer::Request& request, const std::string& secret) {
    std::string authorization = request.header("Authorization");
    const std::string scheme = "AWS4-HMAC-SHA256 Credential=";
    if (authorization.rfind(scheme, 0) != 0) return "no signature";
    std::string credential = between(authorization, "Credential=", ",");
    std::string names = between(authorization, "SignedHeaders=", ",");
    std::string signature = between(authorization + ",", "Signature=", ",");
    std::vector<std::string_view> scope = split(credential, '/');
    if (scope.size() != 5) return "credential scope";
    std::string date = request.header("X-Amz-Date");
    if (date.substr(0, 8) != scope[1]) return "date";
    std::string canonical = request.method + "\n" + request.path.substr(0, request.path.find('?')) + "\n";
    if (request.path.find('?') != std::string::npos) canonical += request.path.substr(request.path.find('?') + 1);
    canonical += "\n";
    for (std::string_view name : split(names, ';')) {
      canonical += std::string(name) + ":" + request.header(name) + "\n";
    }
    canonical += "\n" + names + "\n" + hex_encode(hash(request.body));
    std::string rest = credential.substr(credential.find('/') + 1);
    std::string key = mac("AWS4" + secret, scope[1]);
    for (std::size_t i = 2; i < 5; ++i) key = mac(key, scope[i]);
    std::string expected =
        hex_encode(mac(key, "AWS4-HMAC-SHA256\n" + date + "\n" + rest + "\n" + hex_encode(hash(canonical))));
    if (names.find("host") == std::string::npos) return "host is not signed";
    return expected == signature ? "" : "signature of\n" + canonical;
  }

 private:
  static std::string between(const std::string& text, const std::string& begin, const std::string& end) {
    std::size_t from = text.find(begin);
    if (from == std::string::npos) return {};
    from += begin.size();
    return text.substr(from, text.find(end, from) - from);
  }
  static std::string hash(std::string_view bytes) {
    std::string out(32, '\0');
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &size, EVP_sha256(), nullptr);
    return out;
  }
  static std::string mac(const std::string& key, std::string_view bytes) {
    std::string out(32, '\0');
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(bytes.data()),
         bytes.size(), reinterpret_cast<unsigned char*>(out.data()), &size);
    return out;
  }
};

// A hosted zone in memory.
struct HostedZone {
  std::mutex mutex;
  std::vector<std::string> values;  // of the record set, as the API writes them
  std::vector<std::string> log;     // requests, and what is wrong with them
  int throttle = 0;
  int pending = 0;  // so many answers PENDING before INSYNC
  ScriptedServer server{[this](const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
                          serve(request, connection);
                        },
                        ScriptedServer::At::tcp};

  void serve(const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
    std::lock_guard<std::mutex> lock(mutex);
    log.push_back(request.method + " " + request.path);
    std::string wrong = Amazon::complaint(request, kSecret);
    if (!wrong.empty()) {
      log.push_back(wrong);
      return connection.reply(403, "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>");
    }
    if (throttle > 0) {
      --throttle;
      return connection.reply(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>");
    }
    const std::string change = "<ChangeInfo><Id>/change/C7</Id><Status>" +
                               std::string(pending > 0 ? "PENDING" : "INSYNC") + "</Status></ChangeInfo>";
    if (request.path == "/2013-04-01/hostedzonesbyname?dnsname=example.com") {
      return connection.reply(
          200,
          "<?xml version=\"1.0\"?>\n<ListHostedZonesByNameResponse xmlns=\"https://x/\"><HostedZones>"
          "<HostedZone><Id>/hostedzone/ZP</Id><Name>example.com.</Name><Config><PrivateZone>true"
          "</PrivateZone></Config></HostedZone><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com."
          "</Name><Config><PrivateZone>false</PrivateZone></Config></HostedZone></HostedZones>"
          "</ListHostedZonesByNameResponse>");
    }
    if (request.path.rfind("/2013-04-01/change/C7", 0) == 0) {
      if (pending > 0) --pending;
      return connection.reply(200, "<GetChangeResponse>" + change + "</GetChangeResponse>");
    }
    if (request.method == "GET") {
      std::string set;
      for (const std::string& value : values) {
        set += "<ResourceRecord><Value>" + xml_escaped(value) + "</Value></ResourceRecord>";
      }
      if (!set.empty()) {
        set = "<ResourceRecordSet><Name>" + kRecord + "</Name><Type>TXT</Type><TTL>30</TTL><ResourceRecords>" + set +
              "</ResourceRecords></ResourceRecordSet>";
      }
      return connection.reply(200, "<ListResourceRecordSetsResponse><ResourceRecordSets>" + set +
                                       "</ResourceRecordSets></ListResourceRecordSetsResponse>");
    }
    Result<XmlElement> root = parse_xml(request.body);
    const XmlElement* one = root.ok() ? root->child("ChangeBatch") : nullptr;
    one = one != nullptr && one->child("Changes") != nullptr ? one->child("Changes")->child("Change") : nullptr;
    if (one == nullptr || one->at("ResourceRecordSet/Name") != kRecord || one->at("ResourceRecordSet/Type") != "TXT") {
      return connection.reply(400, "<ErrorResponse><Error><Code>InvalidInput</Code></Error></ErrorResponse>");
    }
    std::vector<std::string> named;
    for (const XmlElement& record : one->child("ResourceRecordSet")->child("ResourceRecords")->children) {
      named.emplace_back(record.at("Value"));
    }
    if (one->at("Action") == "UPSERT") {
      values = named;
    } else if (one->at("Action") == "DELETE" && named == values && one->at("ResourceRecordSet/TTL") == "30") {
      values.clear();
    } else {
      return connection.reply(400, "<ErrorResponse><Error><Code>InvalidChangeBatch</Code></Error></ErrorResponse>");
    }
    connection.reply(200, "<ChangeResourceRecordSetsResponse>" + change + "</ChangeResourceRecordSetsResponse>");
  }
};

struct Route53Bench : DnsBench {
  explicit Route53Bench(const HostedZone& zone) {
    challenge.provider = "route53";
    challenge.disable_propagation_check = true;
    environment = {{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                   {"AWS_SECRET_ACCESS_KEY", kSecret},
                   {"AWS_POLLING_INTERVAL", "0"},
                   {"AWS_ENDPOINT_URL_ROUTE_53", "http://127.0.0.1:" + std::to_string(zone.server.port())}};
  }
};

}  // namespace

TEST_CASE("signature version 4: Amazon's own example") {
  Request request;
  request.host = "example.amazonaws.com";
  std::vector<rest::Header> headers =
      signed_headers(request, {"AKIDEXAMPLE", kSecret, ""}, {"us-east-1", "service"}, 1440938160);
  CHECK(header_of(headers, "X-Amz-Date") == "20150830T123600Z");
  CHECK(header_of(headers, "Authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_CASE("signature version 4: the query is sorted and encoded, a session token is signed") {
  Request request;
  request.host = "example.amazonaws.com";
  request.query = {{"b", "x y"}, {"a", "/"}};
  CHECK(query_text(request) == "a=%2F&b=x%20y");
  std::vector<rest::Header> headers =
      signed_headers(request, {"AKIDEXAMPLE", kSecret, "token"}, {"us-east-1", "route53"}, 1440938160);
  CHECK(header_of(headers, "X-Amz-Security-Token") == "token");
  CHECK(header_of(headers, "Authorization").find("SignedHeaders=host;x-amz-date;x-amz-security-token") !=
        std::string::npos);
}

TEST_CASE("route53: values are added beside others and removed alone, every request signed") {
  HostedZone zone;
  Route53Bench bench(zone);
  zone.values = {"\"other\""};
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  CHECK(outcome.why == "");
  REQUIRE(outcome.status.ok());
  CHECK(zone.values == std::vector<std::string>{"\"other\"", "\"v1\""});
  REQUIRE(bench.present("example.com", "v1").status.ok());
  CHECK(zone.values.size() == 2);
  REQUIRE(bench.clean_up("example.com", "v1").status.ok());
  CHECK(zone.values == std::vector<std::string>{"\"other\""});
  REQUIRE(bench.clean_up("example.com", "other").status.ok());
  CHECK(zone.values.empty());
  REQUIRE(bench.clean_up("example.com", "other").status.ok());
  for (const std::string& line : zone.log) CHECK(line.find("signature") == std::string::npos);
}

TEST_CASE("route53: two values at once do not lose each other") {
  HostedZone zone;
  Route53Bench bench(zone);
  for (const auto& outcome :
       bench.present_together({DnsBench::proof("example.com", "v1"), DnsBench::proof("example.com", "v2")})) {
    CHECK(outcome.status.ok());
  }
  CHECK(zone.values.size() == 2);
}

TEST_CASE("route53: waits until the change is everywhere, unless told not to; asks again when throttled") {
  HostedZone zone;
  Route53Bench bench(zone);
  zone.pending = 3;
  zone.throttle = 1;
  REQUIRE(bench.present("example.com", "v1").status.ok());
  CHECK(zone.pending == 0);
  zone.log.clear();
  bench.environment["AWS_WAIT_FOR_RECORD_SETS_CHANGED"] = "false";
  bench.environment["AWS_HOSTED_ZONE_ID"] = "/hostedzone/Z9";
  REQUIRE(bench.present("example.com", "v2").status.ok());
  CHECK(zone.log == std::vector<std::string>{
                        "GET /2013-04-01/hostedzone/Z9/rrset?maxitems=1&name=_acme-challenge.example.com.&type=TXT",
                        "POST /2013-04-01/hostedzone/Z9/rrset"});
}

TEST_CASE("route53: a wrong secret, and an account without the zone, are told") {
  HostedZone zone;
  Route53Bench bench(zone);
  bench.environment["AWS_SECRET_ACCESS_KEY"] = "wrong";
  DnsBench::Outcome outcome = bench.present("example.com", "v1");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.status.error().code == Code::security);
  CHECK(outcome.why.find("SignatureDoesNotMatch") != std::string::npos);

  bench.environment["AWS_SECRET_ACCESS_KEY"] = kSecret;
  bench.zones.add_zone("sub.example.com.", {"ns1.example.com."});
  outcome = bench.present("sub.example.com", "v1");
  REQUIRE_FALSE(outcome.status.ok());

  bench.environment.erase("AWS_ACCESS_KEY_ID");
  CHECK_FALSE(bench.can_be_made());
}

TEST_CASE("route53: keys come from the shared file, a container, or the role of a machine") {
  HostedZone zone;
  Route53Bench bench(zone);
  bench.environment.erase("AWS_ACCESS_KEY_ID");
  bench.environment.erase("AWS_SECRET_ACCESS_KEY");
  char folder[] = "/tmp/sluice-test-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  std::string path = std::string(folder) + "/credentials";
  std::ofstream(path) << "[default]\naws_access_key_id=no\naws_secret_access_key=no\n[dns]\naws_access_key_id = AKID\n"
                      << "aws_secret_access_key = " << kSecret << "\n";
  bench.environment["AWS_SHARED_CREDENTIALS_FILE"] = path;
  bench.environment["AWS_PROFILE"] = "dns";
  CHECK(bench.present("example.com", "v1").status.ok());
  std::filesystem::remove_all(folder);

  const std::string keys = R"({"AccessKeyId":"AKID","SecretAccessKey":")" + kSecret +
                           R"(","Token":"session","Expiration":"2099-01-01T00:00:00Z"})";
  ScriptedServer service(
      [&](const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
        if (request.path == "/container" && request.header("Authorization") == "let me in") {
          return connection.reply(200, keys);
        }
        if (request.method == "PUT" && request.path == "/latest/api/token") return connection.reply(200, "t0");
        bool known = request.header("X-aws-ec2-metadata-token") == "t0";
        if (known && request.path == "/latest/meta-data/iam/security-credentials/")
          return connection.reply(200, "role");
        if (known && request.path == "/latest/meta-data/iam/security-credentials/role") {
          return connection.reply(200, keys);
        }
        connection.reply(404, "");
      },
      ScriptedServer::At::tcp);
  const std::string url = "http://127.0.0.1:" + std::to_string(service.port());
  bench.environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url + "/container";
  bench.environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "let me in";
  CHECK(bench.present("example.com", "v2").status.ok());

  bench.environment.erase("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  bench.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = url;
  CHECK(bench.present("example.com", "v3").status.ok());

  bench.environment["AWS_EC2_METADATA_DISABLED"] = "true";
  DnsBench::Outcome outcome = bench.present("example.com", "v4");
  REQUIRE_FALSE(outcome.status.ok());
  CHECK(outcome.why.find("AWS_ACCESS_KEY_ID") != std::string::npos);
}

TEST_CASE("route53: keys may be changed for those of a role") {
  HostedZone zone;
  Route53Bench bench(zone);
  std::string asked;
  ScriptedServer sts(
      [&](const ScriptedServer::Request& request, ScriptedServer::Connection& connection) {
        asked = request.path + Amazon::complaint(request, "first");
        connection.reply(200,
                         "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKID</AccessKeyId>"
                         "<SecretAccessKey>" +
                             kSecret +
                             "</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z"
                             "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>");
      },
      ScriptedServer::At::tcp);
  bench.environment["AWS_SECRET_ACCESS_KEY"] = "first";
  bench.environment["AWS_ASSUME_ROLE_ARN"] = "arn:aws:iam::1:role/dns";
  bench.environment["AWS_EXTERNAL_ID"] = "x";
  bench.environment["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:" + std::to_string(sts.port());
  REQUIRE(bench.present("example.com", "v1").status.ok());
  CHECK(asked ==
        "/?Action=AssumeRole&ExternalId=x&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fdns&RoleSessionName=sluice&"
        "Version=2011-06-15");
}

TEST_CASE("the shared file has profiles, comments and blanks") {
  const std::string text =
      "# keys\n[ a ]\naws_access_key_id = A\n; no\naws_secret_access_key=S=\n\n[b]\naws_session_token=T\n";
  std::optional<Credentials> a = parse_shared_file(text, "a");
  REQUIRE(a);
  CHECK(a->access_key == "A");
  CHECK(a->secret_key == "S=");
  CHECK(a->session_token.empty());
  CHECK_FALSE(parse_shared_file(text, "b"));
  CHECK_FALSE(parse_shared_file("", "default"));
}

TEST_CASE("xml: elements, attributes, entities and comments") {
  Result<XmlElement> root = parse_xml(
      "<?xml version=\"1.0\"?><!-- c --><a x='1' y=\"&lt;>\"> <b>1 &amp; &#50;&#x33;<!-- d --></b><c/><b>z</b></a>\n");
  REQUIRE(root.ok());
  CHECK(root->name == "a");
  CHECK(root->at("b") == "1 & 23");
  CHECK(root->children.size() == 3);
  CHECK(root->at("c/d").empty());
  CHECK(root->child("none") == nullptr);
  CHECK(xml_escaped("<a&\">") == "&lt;a&amp;&quot;&gt;");
}

TEST_CASE("xml: what breaks off, nests without end, or has a document type is refused") {
  const std::string whole = "<a x='1'><b>t</b><!-- c --></a>";
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(parse_xml(whole.substr(0, size)).ok());
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "<a>";
  for (const std::string& bad : {deep, std::string("<!DOCTYPE a><a/>"), std::string("<a></b>"), std::string("<a/>x"),
                                 std::string("<a b></a>"), std::string("<a b=c/>")}) {
    CHECK_FALSE(parse_xml(bad).ok());
  }
}
