#include "acme/objects.h"

#include "acme/certificate.h"
#include "base/text.h"
#include "support/catch.h"
#include "support/tls/test_certificates.h"

using namespace sluice;
using namespace sluice::acme;

namespace {
constexpr std::int64_t kNow = 1'800'000'000;
}

TEST_CASE("a directory is read with what it may leave out") {
  CHECK_FALSE(read_directory("<html>"));
  CHECK_FALSE(read_directory(R"({"newNonce":"a"})"));
  std::optional<Directory> plain = read_directory(R"({"newNonce":"a","newAccount":"b","newOrder":"c","odd":[1]})");
  REQUIRE(plain);
  CHECK(plain->key_change.empty());
  std::optional<Directory> full = read_directory(
      R"({"newNonce":"a","newAccount":"b","newOrder":"c","renewalInfo":"r","meta":{"externalAccountRequired":true,)"
      R"("termsOfService":"t","profiles":{"short":"s","x":7},"caaIdentities":["ca.test"]}})");
  REQUIRE(full);
  CHECK(full->external_account_required);
  CHECK(full->profiles.contains("short"));
  CHECK(full->renewal_info == "r");
}

TEST_CASE("an authorization may hold challenges nobody knows") {
  std::optional<Authorization> read = read_authorization(
      R"({"status":"pending","identifier":{"type":"dns","value":"a.x"},"wildcard":true,"challenges":[)"
      R"({"type":"dns-persist-01","url":"u"},{"type":"http-01","url":"v","token":"t","status":"invalid",)"
      R"("error":{"type":"urn:ietf:params:acme:error:connection","detail":"refused","status":400}}]})");
  REQUIRE(read);
  CHECK(read->name() == "*.a.x");
  REQUIRE(read->challenge("http-01") != nullptr);
  CHECK(read->challenge("dns-persist-01")->token.empty());
  REQUIRE(read->error());
  CHECK(read->error()->type == "connection");
}

TEST_CASE("problems say what kind of failure they are") {
  auto kind = [](int status, const std::string& type) {
    return read_problem(status, R"({"type":"urn:ietf:params:acme:error:)" + type + R"(","detail":"d"})", "", "u", kNow)
        .kind;
  };
  CHECK(kind(429, "rateLimited") == Failure::Kind::limited);
  CHECK(kind(403, "unauthorized") == Failure::Kind::refused);
  CHECK(kind(400, "rejectedIdentifier") == Failure::Kind::permanent);
  CHECK(kind(500, "serverInternal") == Failure::Kind::unreachable);
  Failure busy = read_problem(503, "<html>busy</html>", "120", "u", kNow);
  CHECK(busy.kind == Failure::Kind::limited);
  CHECK(busy.retry_after == 2min);
  CHECK(read_problem(503, "", "", "u", kNow).kind == Failure::Kind::unreachable);
  Failure parts = read_problem(
      400, R"({"type":"x","detail":"d","subproblems":[{"identifier":{"type":"dns","value":"a.x"},"detail":"no"}]})", "",
      "u", kNow);
  CHECK(parts.names == std::vector<std::string>{"a.x"});
  CHECK(parts.document.find("subproblems") != std::string::npos);
}

TEST_CASE("Retry-After is seconds, a date or words") {
  CHECK(parse_retry_after("7", kNow) == 7s);
  CHECK(parse_retry_after("Fri, 15 Jan 2027 08:00:30 GMT", kNow) == 30s);
  CHECK(parse_retry_after("Fri, 15 Jan 2027 07:00:00 GMT", kNow) == 0s);
  CHECK(parse_retry_after("soon", kNow) == 0s);
  CHECK(parse_retry_after("99999999999999", kNow) == 30 * 24h);
  Failure words = read_problem(
      429,
      R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many, retry after 2027-01-15 09:00:00 UTC: see"})",
      "", "u", kNow);
  CHECK(words.retry_after == 1h);
}

TEST_CASE("dates of RFC 3339 are read") {
  CHECK(parse_date_time("2027-01-15T08:00:00Z") == kNow);
  CHECK(parse_date_time("2027-01-15T08:00:00.123Z") == kNow);
  CHECK(parse_date_time("2027-01-15T10:00:00+02:00") == kNow);
  CHECK(parse_date_time("yesterday") == 0);
  std::optional<RenewalWindow> window = read_renewal_window(
      R"({"suggestedWindow":{"start":"2027-01-15T08:00:00Z","end":"2027-01-16T08:00:00Z"},"explanationURL":"e"})");
  REQUIRE(window);
  CHECK(window->end - window->start == 86400);
  CHECK_FALSE(
      read_renewal_window(R"({"suggestedWindow":{"start":"2027-01-15T08:00:00Z","end":"2027-01-15T08:00:00Z"}})"));
}

TEST_CASE("addresses are identifiers of their own") {
  CHECK(identifier_of("192.0.2.1").type == "ip");
  CHECK(identifier_of("a.x").type == "dns");
  CHECK(
      new_order_body({"a.x", "::1"}, "short", "id") ==
      R"({"identifiers":[{"type":"dns","value":"a.x"},{"type":"ip","value":"::1"}],"profile":"short","replaces":"id"})");
}

TEST_CASE("a chain is checked before it is used") {
  const test::Pem root = test::make_authority();
  const test::Pem own = test::certificate_for({"a.x", "*.b.x"}, &root);
  const std::optional<PrivateKey> key = PrivateKey::from_pem(own.key);
  REQUIRE(key);
  const std::int64_t now = std::time(nullptr);
  CHECK(check_chain(own.certificate, *key, {"a.x", "c.b.x"}, now).empty());
  CHECK_FALSE(check_chain(own.certificate, *key, {"z.x"}, now).empty());
  CHECK_FALSE(check_chain(own.certificate, PrivateKey::generate(KeyType::ec256), {"a.x"}, now).empty());
  CHECK_FALSE(check_chain(own.certificate, *key, {"a.x"}, now + 365L * 24 * 3600).empty());
  CHECK_FALSE(check_chain("", *key, {"a.x"}, now).empty());
  const test::Pem stranger = test::make_authority();
  CHECK_FALSE(check_chain(own.certificate + stranger.certificate, *key, {"a.x"}, now).empty());
  // The root goes, comments and line ends of other systems too; a key in it is nobody's business.
  const std::string cleaned = clean_chain("comment\r\n" + own.certificate + "\r\n" + root.certificate);
  CHECK(cleaned == own.certificate);
  CHECK(clean_chain(own.certificate + own.key).empty());
}

TEST_CASE("a leaf says its names, dates and identity") {
  const test::Pem root = test::make_authority();
  test::CertificateForm form;
  form.names = {"DNS:a.x", "IP:192.0.2.1"};
  const std::optional<Leaf> leaf = read_leaf(test::make_certificate(form, &root).certificate);
  REQUIRE(leaf);
  CHECK(leaf->names == std::vector<std::string>{"a.x", "192.0.2.1"});
  CHECK(leaf->lifetime() == 25L * 3600);
  CHECK(leaf->covers("a.x"));
  CHECK_FALSE(leaf->covers("b.x"));
  CHECK_FALSE(read_leaf("nothing"));
}

TEST_CASE("a wildcard is for one label") {
  CHECK(covers("*.x.y", "a.x.y"));
  CHECK_FALSE(covers("*.x.y", "x.y"));
  CHECK_FALSE(covers("*.x.y", "a.b.x.y"));
  CHECK_FALSE(covers("*.x.y", "*.a.x.y"));
  CHECK(covers("*.x.y", "*.x.y"));
  CHECK_FALSE(covers("*.x.y", ".x.y"));
}
