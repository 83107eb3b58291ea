#include "tls/hot_certificates.h"

#include <openssl/ssl.h>

#include "support/catch.h"
#include "support/tls/test_certificates.h"
#include "tls/server_context.h"

using namespace sluice;
using namespace sluice::tls;

namespace {

std::shared_ptr<const ServerContext> context_of(const ServerPolicy& policy) {
  ServerContext::Made made = ServerContext::make(policy, std::make_shared<TicketKeys>());
  REQUIRE(made.context != nullptr);
  return made.context;
}

CertificateIndex::Choice only(const Certificate& certificate) {
  CertificateIndex::Choice choice;
  choice.certificates[0] = &certificate;
  return choice;
}

}  // namespace

TEST_CASE("a certificate that is asked for again and again gets a context and is served from it") {
  auto certificate = Certificate::self_signed("a.example");
  auto context = context_of({});
  Native<ssl_st> first = context->session(only(*certificate));
  for (int i = 0; i < HotCertificates::kWorth; ++i) context->session(only(*certificate));
  Native<ssl_st> later = context->session(only(*certificate));
  CHECK(SSL_get_SSL_CTX(first.get()) != SSL_get_SSL_CTX(later.get()));
  CHECK(SSL_get_certificate(later.get()) == certificate->native());
  CHECK(SSL_get_privatekey(later.get()) != nullptr);
  // What the options say holds there too.
  CHECK(SSL_get_options(later.get()) == SSL_get_options(first.get()));
  CHECK(SSL_get_num_tickets(later.get()) == SSL_get_num_tickets(first.get()));

  auto renewed = Certificate::self_signed("a.example");
  CHECK(SSL_get_certificate(context->session(only(*renewed)).get()) == renewed->native());
}

TEST_CASE("with client certificates there is one context for all") {
  ServerPolicy policy;
  policy.client_auth = ServerPolicy::ClientAuth::require_any;
  auto context = context_of(policy);
  auto certificate = Certificate::self_signed("a.example");
  Native<ssl_st> first = context->session(only(*certificate));
  for (int i = 0; i < 2 * HotCertificates::kMost; ++i) context->session(only(*certificate));
  CHECK(SSL_get_SSL_CTX(context->session(only(*certificate)).get()) == SSL_get_SSL_CTX(first.get()));
}

TEST_CASE("of many certificates in turn none gets a context, and one among them does") {
  std::vector<std::shared_ptr<const Certificate>> certificates;
  for (std::size_t i = 0; i < 20 * HotCertificates::kPlaces; ++i) {
    certificates.push_back(Certificate::self_signed("a.example"));
  }
  HotCertificates hot;
  for (int round = 0; round < 100; ++round) {
    for (const auto& certificate : certificates) CHECK_FALSE(hot.find({certificate->native()}).worth_keeping);
  }
  bool worth = false;
  for (std::size_t i = 1; i < certificates.size() && !worth; ++i) {
    hot.find({certificates[i]->native()});
    for (int twice = 0; twice < 2; ++twice) worth = worth || hot.find({certificates[0]->native()}).worth_keeping;
  }
  CHECK(worth);
}

TEST_CASE("a context is kept until others are asked for more often") {
  HotCertificates hot;
  std::vector<std::shared_ptr<const Certificate>> others;
  auto certificate = Certificate::self_signed("a.example");
  HotCertificates::Key key = {certificate->native()};
  while (!hot.find(key).worth_keeping) continue;
  Native<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()));
  REQUIRE(certificate->use_in(context.get()));
  hot.keep(key, context);
  for (int i = 0; i < 10; ++i) CHECK(hot.find(key).context.get() == context.get());
  for (int i = 0; i < 40 * HotCertificates::kMost; ++i) {
    if (i % 2 == 0) others.push_back(Certificate::self_signed("b.example"));
    hot.find({others.back()->native()});
  }
  CHECK(hot.find(key).context == nullptr);
}
