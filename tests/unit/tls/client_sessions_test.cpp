#include "tls/client_sessions.h"

#include "async/loop.h"
#include "async/scope.h"
#include "net/memory_stream.h"
#include "support/catch.h"
#include "support/tls/test_certificates.h"
#include "tls/tls_stream.h"

using namespace sluice;
using namespace sluice::tls;
using net::Bytes;
using net::MemoryStream;

namespace {

using Streamed = Result<std::unique_ptr<TlsStream>>;

std::shared_ptr<const Certificate> parsed(const test::Pem& pem) {
  Certificate::Made made = Certificate::parse(pem.certificate, pem.key);
  REQUIRE(made.certificate != nullptr);
  return made.certificate;
}

// A server that greets and ends.
Task<void> greet(std::unique_ptr<net::Stream> transport, TlsStream::Server server, std::vector<std::string>& chain) {
  LentBytes first;
  Streamed stream = co_await TlsStream::accept(std::move(transport), first, server, kNoDeadline);
  if (!stream) co_return;
  chain = (*stream)->peer_chain();
  Status written = co_await net::write_all(**stream, "hello", 3600s);
  if (written) (*stream)->shutdown();
}

Task<void> listen(std::unique_ptr<net::Stream> transport, TlsStream::Client client, std::string& outcome) {
  Streamed stream = co_await TlsStream::connect(std::move(transport), client, kNoDeadline);
  outcome = !stream ? std::string(stream.error().text) : (*stream)->resumed() ? "resumed" : "full";
  if (!stream) co_return;
  for (;;) {
    Result<Bytes> bytes = co_await (*stream)->read(kNoDeadline);
    if (!bytes || bytes->empty()) co_return;
  }
}

struct Place {
  Loop loop{Loop::ClockKind::manual};
  test::Pem authority = test::make_authority();
  test::Pem own = test::certificate_for({"edge.example"}, &authority);
  ServerPolicy policy;
  ClientPolicy client;
  std::shared_ptr<TicketKeys> tickets = std::make_shared<TicketKeys>();
  CertificateIndex certificates{{parsed(test::certificate_for({"a.example", "b.example"}, &authority))},
                                Certificate::self_signed("default.example")};
  std::vector<std::string> chain;

  Place() { client.authorities = {authority.certificate}; }

  std::shared_ptr<const ClientContext> context() const {
    ClientContext::Made made = ClientContext::make(client);
    REQUIRE(made.context != nullptr);
    return made.context;
  }
  // "resumed", "full", or why there is no session.
  std::string session(const std::shared_ptr<const ClientContext>& context, const std::string& name,
                      const char* server) {
    ServerContext::Made made = ServerContext::make(policy, tickets);
    REQUIRE(made.context != nullptr);
    auto [ours, theirs] = MemoryStream::pair();
    Scope scope;
    std::string outcome = "nothing happened";
    TlsStream::Client how{context, name};
    if (server != nullptr) how.server = *SocketAddress::parse(server);
    scope.spawn(greet(std::move(ours), TlsStream::Server{made.context, &certificates, "a.example"}, chain));
    scope.spawn(listen(std::move(theirs), how, outcome));
    loop.run_ready();
    scope.cancel(Error::of(Code::cancelled, "the test is over"));
    loop.run_ready();
    return outcome;
  }
};

constexpr const char* kServer = "192.0.2.1:443";

}  // namespace

TEST_CASE("a session is resumed with the same settings, server and name, and with no other") {
  for (const char* version : {"VersionTLS12", "VersionTLS13"}) {
    INFO(version);
    Place place;
    place.policy.protocol.max_version = version;
    std::shared_ptr<const ClientContext> context = place.context();
    CHECK(place.session(context, "a.example", kServer) == "full");
    CHECK(place.session(context, "a.example", kServer) == "resumed");
    CHECK(place.session(context, "a.example", kServer) == "resumed");
    CHECK(place.session(context, "b.example", kServer) == "full");
    CHECK(place.session(context, "a.example", "192.0.2.1:8443") == "full");
    CHECK(place.session(context, "a.example", nullptr) == "full");
    // A transport whose files have changed has another context.
    CHECK(place.session(place.context(), "a.example", kServer) == "full");
  }
}

TEST_CASE("a ticket is used once") {
  Place place;
  ClientSessions::Key key{place.context(), kServer};
  CHECK(ClientSessions::of_thread().take(key) == nullptr);
  CHECK(place.session(key.context, "a.example", kServer) == "full");
  key.server = "192.0.2.1:443 a.example";
  CHECK(ClientSessions::of_thread().take(key) != nullptr);
  CHECK(ClientSessions::of_thread().take(key) == nullptr);
}

TEST_CASE("names that the certificate must have are looked for in a resumed session too") {
  Place place;
  place.client.peer_names = {{ClientPolicy::PeerName::Kind::dns, "B.example"}};
  std::shared_ptr<const ClientContext> context = place.context();
  CHECK(place.session(context, "anything", kServer) == "full");
  CHECK(place.session(context, "anything", kServer) == "resumed");
  place.client.peer_names = {{ClientPolicy::PeerName::Kind::uri, "b.example"}};
  CHECK(place.session(place.context(), "anything", kServer) ==
        "the certificate has no name that peerCertSANs or peerCertURI asks for");
}

TEST_CASE("a server sees the chain its client showed") {
  Place place;
  place.policy.client_auth = ServerPolicy::ClientAuth::require_any;
  test::Pem chained{place.own.certificate + place.authority.certificate, place.own.key};
  place.client.certificates = {parsed(chained)};
  CHECK(place.session(place.context(), "a.example", nullptr) == "full");
  CHECK(place.chain.size() == 2);
  place.policy.client_auth = ServerPolicy::ClientAuth::request;
  place.client.certificates.clear();
  CHECK(place.session(place.context(), "a.example", nullptr) == "full");
  CHECK(place.chain.empty());
}
