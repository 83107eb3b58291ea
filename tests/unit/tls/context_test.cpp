#include "support/catch.h"
#include "support/tls/test_certificates.h"
#include "tls/client_context.h"
#include "tls/server_context.h"

using namespace sluice;
using namespace sluice::tls;

namespace {

ServerContext::Made made_with(const ServerPolicy& policy) {
  return ServerContext::make(policy, std::make_shared<TicketKeys>());
}

}  // namespace

TEST_CASE("the default options and every name of Traefik's documentation can be used") {
  CHECK(made_with({}).context != nullptr);
  ServerPolicy policy;
  policy.protocol.min_version = "VersionTLS12";
  policy.protocol.max_version = "VersionTLS13";
  policy.protocol.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
                                   "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA",
                                   "TLS_AES_128_GCM_SHA256"};
  policy.protocol.curves = {"CurveP521", "secp384r1", "X25519", "CurveP256", "x25519"};
  policy.alpn = {"h2", "http/1.1"};
  ServerContext::Made made = made_with(policy);
  CHECK(made.error.empty());
  CHECK(made.warnings.empty());
  REQUIRE(made.context != nullptr);
}

TEST_CASE("what the options say wrong is named") {
  auto error_of = [](auto change) {
    ServerPolicy policy;
    change(policy);
    ServerContext::Made made = made_with(policy);
    CHECK(made.context == nullptr);
    return made.error;
  };
  CHECK(error_of([](ServerPolicy& p) { p.protocol.min_version = "TLS12"; }) == "minVersion: there is no version TLS12");
  CHECK(error_of([](ServerPolicy& p) { p.protocol.max_version = "1.3"; }) == "maxVersion: there is no version 1.3");
  CHECK(error_of([](ServerPolicy& p) {
          p.protocol.min_version = "VersionTLS13";
          p.protocol.max_version = "VersionTLS12";
        }) == "maxVersion is below minVersion");
  CHECK(error_of([](ServerPolicy& p) { p.protocol.cipher_suites = {"HIGH"}; }) ==
        "cipherSuites: there is no suite HIGH");
  CHECK(error_of([](ServerPolicy& p) { p.protocol.curves = {"P-256"}; }) ==
        "curvePreferences: there is no curve P-256");
  CHECK(error_of([](ServerPolicy& p) { p.client_auth = ServerPolicy::ClientAuth::verify_if_given; }) ==
        "clientAuth: this type needs caFiles");
  CHECK(error_of([](ServerPolicy& p) {
          p.client_auth = ServerPolicy::ClientAuth::require_and_verify;
          p.client_authorities = {test::make_authority().key};
        }) == "clientAuth.caFiles: there is no certificate in it");
  CHECK(error_of([](ServerPolicy& p) { p.protocol.cipher_suites = {"TLS_RSA_WITH_RC4_128_SHA"}; }) ==
        "cipherSuites: this build has none of them");
}

TEST_CASE("names this build does not have are left out with a warning") {
  ServerPolicy policy;
  policy.protocol.cipher_suites = {"TLS_RSA_WITH_RC4_128_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"};
  ServerContext::Made made = made_with(policy);
  CHECK(made.context != nullptr);
  CHECK(made.warnings == std::vector<std::string>{"cipherSuites: this build has no TLS_RSA_WITH_RC4_128_SHA"});
}

TEST_CASE("a broken list of authorities gives no client context") {
  ClientPolicy policy;
  policy.authorities = {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
  ClientContext::Made made = ClientContext::make(policy);
  CHECK(made.context == nullptr);
  CHECK_THAT(made.error, Catch::Matchers::ContainsSubstring("rootCAs: certificate 1 cannot be read"));
}

TEST_CASE("a ticket key is accepted for one more period and then forgotten") {
  TicketKeys keys;
  TicketKeys::Key first = keys.current();
  CHECK(keys.find(first.name.data()) == &keys.current());
  keys.rotate();
  TicketKeys::Key second = keys.current();
  CHECK(second.name != first.name);
  REQUIRE(keys.find(first.name.data()) != nullptr);
  CHECK(keys.find(first.name.data())->cipher == first.cipher);
  keys.rotate();
  CHECK(keys.find(first.name.data()) == nullptr);
  CHECK(keys.find(second.name.data()) != nullptr);
  for (int i = 0; i < 10; ++i) keys.rotate();
  CHECK(keys.find(second.name.data()) == nullptr);
  CHECK(keys.find(keys.current().name.data()) == &keys.current());
}
