#include "tls/tls_stream.h"

#include "async/loop.h"
#include "async/scope.h"
#include "net/memory_stream.h"
#include "support/catch.h"
#include "support/tls/test_certificates.h"
#include "unit/tls/hello.h"

using namespace sluice;
using namespace sluice::tls;
using net::Bytes;
using net::MemoryStream;
using test::certificate_for;
using test::Pem;

namespace {

using Streamed = Result<std::unique_ptr<TlsStream>>;

std::shared_ptr<const Certificate> parsed(const Pem& pem) {
  Certificate::Made made = Certificate::parse(pem.certificate, pem.key);
  REQUIRE(made.certificate != nullptr);
  return made.certificate;
}

Task<void> accept_into(std::optional<Streamed>& result, std::unique_ptr<net::Stream> transport,
                       TlsStream::Server server, Deadline deadline) {
  LentBytes first;
  if (server.context->sni_strict()) {  // as an entry point does: the hello is there before the answer
    Result<Bytes> hello = co_await transport->read(deadline);
    if (hello) first.hold(*hello);
  }
  result.emplace(co_await TlsStream::accept(std::move(transport), first, server, deadline));
}

Task<void> connect_into(std::optional<Streamed>& result, std::unique_ptr<net::Stream> transport,
                        TlsStream::Client client, Deadline deadline) {
  result.emplace(co_await TlsStream::connect(std::move(transport), client, deadline));
}

Task<void> read_all(net::Stream& stream, std::string& into, std::optional<Status>& end) {
  for (;;) {
    Result<Bytes> bytes = co_await stream.read(kNoDeadline);
    if (!bytes || bytes->empty()) {
      end.emplace(bytes ? Status() : Status(bytes.error()));
      co_return;
    }
    into += *bytes;
  }
}

Task<void> write_pieces(net::Stream& stream, std::vector<std::string> pieces, std::optional<Status>& done) {
  std::vector<iovec> list;
  for (const std::string& piece : pieces) list.push_back(net::piece(piece));
  Status written = co_await stream.write(list, 3600s);
  done.emplace(written);
}

// A server and a client back to back, on a loop whose clock stands still.
// What its tasks write into must outlive it.
struct Pair {
  Loop loop{Loop::ClockKind::manual};
  Pem authority = test::make_authority();
  Pem pem = certificate_for({"a.example"}, &authority);
  ServerPolicy server;
  ClientPolicy client;
  std::string sni = "a.example";   // as the entry point read it
  std::string name = "a.example";  // what the client wants
  std::shared_ptr<TicketKeys> tickets = std::make_shared<TicketKeys>();
  std::unique_ptr<CertificateIndex> certificates;
  Scope scope;
  std::optional<Streamed> accepted;
  std::optional<Streamed> connected;

  Pair() { client.authorities = {authority.certificate}; }
  ~Pair() {
    scope.cancel(Error::of(Code::cancelled, "the test is over"));
    loop.run_ready();
  }

  TlsStream::Server server_side() {
    if (!certificates) {
      std::vector<std::shared_ptr<const Certificate>> all;
      all.push_back(parsed(pem));
      certificates = std::make_unique<CertificateIndex>(all, Certificate::self_signed("default.example"));
    }
    ServerContext::Made made = ServerContext::make(server, tickets);
    INFO(made.error);
    REQUIRE(made.context != nullptr);
    return {made.context, certificates.get(), sni};
  }
  TlsStream::Client client_side() {
    ClientContext::Made made = ClientContext::make(client);
    INFO(made.error);
    REQUIRE(made.context != nullptr);
    return {made.context, name};
  }
  void shake(std::size_t capacity = 64 * 1024, std::size_t piece = SIZE_MAX) {
    auto [a, b] = MemoryStream::pair(capacity);
    a->set_piece(piece);
    b->set_piece(piece);
    scope.spawn(accept_into(accepted, std::move(a), server_side(), kNoDeadline));
    scope.spawn(connect_into(connected, std::move(b), client_side(), kNoDeadline));
    loop.run_ready();
    REQUIRE(accepted.has_value());
    REQUIRE(connected.has_value());
  }
  TlsStream& ours() { return ***accepted; }
  TlsStream& theirs() { return ***connected; }

  std::string client_error() {
    shake();
    CHECK_FALSE(connected->ok());
    return connected->ok() ? "" : std::string(connected->error().text);
  }
};

}  // namespace

TEST_CASE("bytes pass through TLS both ways, whatever the size of writes, records and pieces") {
  for (std::size_t piece : {SIZE_MAX, std::size_t{1}, std::size_t{777}}) {
    for (std::size_t capacity : {std::size_t{64 * 1024}, std::size_t{1000}}) {
      std::string got_up;
      std::string got_down;
      std::optional<Status> end_up;
      std::optional<Status> end_down;
      std::optional<Status> sent_up;
      std::optional<Status> sent_down;
      Pair pair;
      pair.shake(capacity, piece);
      REQUIRE(pair.accepted->ok());
      REQUIRE(pair.connected->ok());
      std::vector<std::string> up = {"a", std::string(40'000, 'b'), "", "c", std::string(16'384, 'd')};
      std::vector<std::string> down = {std::string(piece == 1 ? 20'000 : 500'000, 'x'), "y"};
      pair.scope.spawn(write_pieces(pair.theirs(), up, sent_up));
      pair.scope.spawn(write_pieces(pair.ours(), down, sent_down));
      pair.scope.spawn(read_all(pair.ours(), got_up, end_up));
      pair.scope.spawn(read_all(pair.theirs(), got_down, end_down));
      pair.loop.run_ready();
      REQUIRE(sent_up.has_value());
      REQUIRE(sent_down.has_value());
      CHECK(sent_up->ok());
      CHECK(got_up == up[0] + up[1] + up[2] + up[3] + up[4]);
      CHECK(got_down == down[0] + down[1]);
      // One direction ends, the other goes on.
      pair.theirs().shutdown();
      pair.loop.run_ready();
      REQUIRE(end_up.has_value());
      CHECK(end_up->ok());
      sent_down.reset();
      pair.scope.spawn(write_pieces(pair.ours(), {"more"}, sent_down));
      pair.loop.run_ready();
      CHECK(got_down.ends_with("more"));
      pair.accepted.reset();
      pair.loop.run_ready();
      REQUIRE(end_down.has_value());
      CHECK(end_down->ok());
    }
  }
}

TEST_CASE("a write waits until the transport has taken everything") {
  std::optional<Status> sent;
  std::string got;
  std::optional<Status> end;
  Pair pair;
  pair.shake(1000);
  pair.scope.spawn(write_pieces(pair.ours(), {std::string(5000, 'x')}, sent));
  pair.loop.run_ready();
  CHECK_FALSE(sent.has_value());
  pair.scope.spawn(read_all(pair.theirs(), got, end));
  pair.loop.run_ready();
  REQUIRE(sent.has_value());
  CHECK(sent->ok());
  CHECK(got.size() == 5000);
}

TEST_CASE("a peer that does not read ends the write at its stall") {
  std::optional<Status> sent;
  Pair pair;
  pair.shake(1000);
  pair.scope.spawn(write_pieces(pair.ours(), {std::string(5000, 'x')}, sent));
  pair.loop.run_ready();
  pair.loop.advance(3601s);
  REQUIRE(sent.has_value());
  REQUIRE_FALSE(sent->ok());
  CHECK(sent->error().code == Code::timed_out);
}

TEST_CASE("data that comes with the client's last handshake message is read") {
  for (const char* version : {"VersionTLS12", "VersionTLS13"}) {
    std::optional<Status> sent;
    std::string got;
    std::optional<Status> end;
    Pair pair;
    pair.client.protocol.max_version = version;
    auto [a, b] = MemoryStream::pair();
    pair.scope.spawn(connect_into(pair.connected, std::move(b), pair.client_side(), kNoDeadline));
    pair.scope.spawn(accept_into(pair.accepted, std::move(a), pair.server_side(), kNoDeadline));
    pair.loop.run_ready();
    REQUIRE(pair.accepted->ok());
    pair.scope.spawn(write_pieces(pair.theirs(), {"early"}, sent));
    CHECK(pair.ours().readable());
    pair.scope.spawn(read_all(pair.ours(), got, end));
    pair.loop.run_ready();
    CHECK(got == "early");
  }
}

TEST_CASE("an end without close_notify is an error, on either side") {
  std::string got;
  std::optional<Status> end;
  Pair pair;
  auto [a, b] = MemoryStream::pair();
  MemoryStream* raw = b.get();
  pair.scope.spawn(accept_into(pair.accepted, std::move(a), pair.server_side(), kNoDeadline));
  pair.scope.spawn(connect_into(pair.connected, std::move(b), pair.client_side(), kNoDeadline));
  pair.loop.run_ready();
  REQUIRE(pair.accepted->ok());
  pair.scope.spawn(read_all(pair.ours(), got, end));
  raw->shutdown();
  pair.loop.run_ready();
  REQUIRE(end.has_value());
  REQUIRE_FALSE(end->ok());
  CHECK(end->error().code == Code::reset);
}

TEST_CASE("giving up resets, interrupting ends in the orderly way") {
  for (bool abort : {true, false}) {
    std::string got;
    std::string theirs;
    std::optional<Status> end;
    std::optional<Status> their_end;
    Pair pair;
    pair.shake();
    pair.scope.spawn(read_all(pair.ours(), got, end));
    pair.scope.spawn(read_all(pair.theirs(), theirs, their_end));
    abort ? pair.ours().abort() : pair.ours().interrupt();
    pair.loop.run_ready();
    REQUIRE(end.has_value());
    REQUIRE_FALSE(end->ok());
    CHECK(end->error().code == (abort ? Code::reset : Code::closed));
    pair.accepted.reset();
    pair.loop.run_ready();
    REQUIRE(their_end.has_value());
    CHECK(their_end->ok() == !abort);
    if (abort) CHECK(their_end->error().code == Code::reset);
  }
}

TEST_CASE("a record that was changed on the way ends the session") {
  std::string got;
  std::optional<Status> end;
  Pair pair;
  auto [a, b] = MemoryStream::pair();
  MemoryStream* raw = b.get();
  pair.scope.spawn(accept_into(pair.accepted, std::move(a), pair.server_side(), kNoDeadline));
  pair.scope.spawn(connect_into(pair.connected, std::move(b), pair.client_side(), kNoDeadline));
  pair.loop.run_ready();
  REQUIRE(pair.accepted->ok());
  std::string forged = "\x17\x03\x03" + test::Hello::counted(std::string(40, 'f'), 2);
  iovec piece = net::piece(forged);
  REQUIRE(raw->write_now({&piece, 1}, forged.size(), net::Follows::unknown).ok());
  pair.scope.spawn(read_all(pair.ours(), got, end));
  pair.loop.run_ready();
  CHECK(got.empty());
  REQUIRE(end.has_value());
  CHECK_FALSE(end->ok());
  CHECK(pair.ours().broken());
}

TEST_CASE("a client that is slow, silent or leaves at any step does not hold the handshake") {
  std::string hello = test::Hello().name("a.example").records();
  for (std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{60}, hello.size()}) {
    for (bool leaves : {true, false}) {
      Pair pair;
      auto [a, b] = MemoryStream::pair();
      std::string some = hello.substr(0, count);
      iovec piece = net::piece(some);
      if (count > 0) REQUIRE(b->write_now({&piece, 1}, count, net::Follows::unknown).ok());
      pair.scope.spawn(accept_into(pair.accepted, std::move(a), pair.server_side(), pair.loop.now() + Duration(10s)));
      pair.loop.run_ready();
      if (leaves) {
        b.reset();
      } else {
        pair.loop.advance(11s);
      }
      pair.loop.run_ready();
      REQUIRE(pair.accepted.has_value());
      REQUIRE_FALSE(pair.accepted->ok());
      Code code = pair.accepted->error().code;
      CHECK(pair.accepted->error().origin == Origin::client);
      // The synthetic hello offers no key share, so the complete one fails by itself.
      bool expected = count == hello.size()
                          ? code != Code::internal
                          : (leaves ? code == Code::closed || code == Code::reset : code == Code::timed_out);
      CHECK(expected);
    }
  }
}

TEST_CASE("what is wrong with the server's certificate is said") {
  {
    Pair pair;
    pair.name = "b.example";
    CHECK(pair.client_error() == "hostname mismatch");
  }
  {
    Pair pair;
    pair.client.authorities = {test::make_authority().certificate};
    CHECK(pair.client_error() == "unable to get local issuer certificate");
    CHECK(pair.connected->error().origin == Origin::upstream);
    CHECK(pair.connected->error().nothing_sent);
    CHECK(pair.connected->error().code == Code::security);
  }
  {
    Pair pair;
    test::CertificateForm form;
    form.names = {"DNS:a.example"};
    form.until = -60;
    Pem expired = make_certificate(form, &pair.authority);
    std::vector<std::shared_ptr<const Certificate>> none;
    pair.certificates = std::make_unique<CertificateIndex>(none, parsed(expired));
    CHECK(pair.client_error() == "certificate has expired");
  }
  {
    Pair pair;
    pair.name = "";
    CHECK(pair.client_error() == "no name to verify the server's certificate for");
  }
  {
    Pair pair;
    pair.client.peer_names = {{ClientPolicy::PeerName::Kind::uri, "spiffe://a/b"}};
    CHECK(pair.client_error() == "the certificate has no name that peerCertSANs or peerCertURI asks for");
  }
}

TEST_CASE("a certificate is accepted by address, by URI, by another name, or without looking") {
  test::CertificateForm form;
  form.names = {"IP:192.0.2.1", "URI:spiffe://a/b"};
  {
    Pair by_address;
    by_address.pem = make_certificate(form, &by_address.authority);
    by_address.name = by_address.sni = "192.0.2.1";
    by_address.shake();
    CHECK(by_address.connected->ok());
  }
  {
    Pair by_uri;
    by_uri.certificates = std::make_unique<CertificateIndex>(std::vector<std::shared_ptr<const Certificate>>(),
                                                             parsed(make_certificate(form, &by_uri.authority)));
    by_uri.name = "anything.example";
    by_uri.client.peer_names = {{ClientPolicy::PeerName::Kind::uri, "spiffe://a/b"}};
    by_uri.shake();
    CHECK(by_uri.connected->ok());
  }
  {
    Pair by_policy;
    by_policy.client.server_name = "a.example";
    by_policy.name = "10.0.0.1";
    by_policy.shake();
    CHECK(by_policy.connected->ok());
  }
  {
    Pair blind;
    blind.client.authorities = {test::make_authority().certificate};
    blind.client.insecure_skip_verify = true;
    blind.name = "";
    blind.shake();
    CHECK(blind.connected->ok());
  }
}

TEST_CASE("a name without a certificate gets the default one, or nothing under sniStrict") {
  {
    Pair lenient;
    lenient.sni = lenient.name = "b.example";
    CHECK(lenient.client_error() != "");
  }
  {
    Pair strict;
    strict.sni = strict.name = "b.example";
    strict.server.sni_strict = true;
    CHECK(strict.client_error() == "tlsv1 unrecognized name");
    CHECK(strict.accepted->error().code == Code::security);
  }
  {
    Pair known;
    known.server.sni_strict = true;
    known.shake();
    CHECK(known.accepted->ok());
  }
}

TEST_CASE("our order of protocols decides, and nothing in common ends the handshake") {
  {
    Pair pair;
    pair.server.alpn = {"h2", "http/1.1"};
    pair.client.alpn = {"http/1.1", "h2"};
    pair.shake();
    REQUIRE(pair.accepted->ok());
    CHECK(pair.ours().protocol() == "h2");
    CHECK(pair.theirs().protocol() == "h2");
  }
  {
    Pair silent;
    silent.server.alpn = {"h2"};
    silent.shake();
    REQUIRE(silent.accepted->ok());
    CHECK(silent.ours().protocol().empty());
  }
  {
    Pair foreign;
    foreign.server.alpn = {"h2", "http/1.1"};
    foreign.client.alpn = {"acme-tls/1"};
    CHECK(foreign.client_error() == "tlsv1 alert no application protocol");
  }
}

TEST_CASE("versions, suites and curves of the options hold") {
  {
    Pair versions;
    versions.server.protocol.min_version = "VersionTLS13";
    versions.client.protocol.max_version = "VersionTLS12";
    CHECK(versions.client_error() == "tlsv1 alert protocol version");
  }
  {
    Pair old;
    old.server.protocol.min_version = "VersionTLS10";
    old.client.protocol.min_version = "VersionTLS10";
    old.client.protocol.max_version = "VersionTLS10";
    old.shake();
    CHECK(old.accepted->ok());
    CHECK(old.connected->ok());
  }
  {
    Pair too_old;
    too_old.client.protocol.min_version = too_old.client.protocol.max_version = "VersionTLS10";
    CHECK(too_old.client_error() == "tlsv1 alert protocol version");
  }
  {
    Pair suites;
    suites.server.protocol.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"};
    suites.server.protocol.max_version = "VersionTLS12";
    suites.client.protocol.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
    CHECK(suites.client_error() == "sslv3 alert handshake failure");
  }
  {
    Pair curves;
    curves.server.protocol.curves = {"CurveP521"};
    curves.client.protocol.curves = {"X25519"};
    CHECK_FALSE(curves.client_error().empty());
  }
}

TEST_CASE("each type of client authentication asks for what it says") {
  using ClientAuth = ServerPolicy::ClientAuth;
  Pem trusted = test::make_authority();
  Pem foreign = test::make_authority();
  enum Shown { nothing, good, other, server_only };
  auto works = [&](ClientAuth type, Shown shown) {
    Pair pair;
    pair.server.client_auth = type;
    pair.server.client_authorities = {trusted.certificate};
    test::CertificateForm form;
    form.names = {"DNS:client.example"};
    if (shown == server_only) form.usage = "serverAuth";
    if (shown != nothing) {
      pair.client.certificates = {parsed(make_certificate(form, shown == other ? &foreign : &trusted))};
    }
    pair.shake();
    return pair.accepted->ok();
  };
  CHECK(works(ClientAuth::none, other));
  CHECK(works(ClientAuth::request, nothing));
  CHECK(works(ClientAuth::request, other));
  CHECK_FALSE(works(ClientAuth::require_any, nothing));
  CHECK(works(ClientAuth::require_any, other));
  CHECK(works(ClientAuth::verify_if_given, nothing));
  CHECK(works(ClientAuth::verify_if_given, good));
  CHECK_FALSE(works(ClientAuth::verify_if_given, other));
  CHECK_FALSE(works(ClientAuth::require_and_verify, nothing));
  CHECK(works(ClientAuth::require_and_verify, good));
  CHECK_FALSE(works(ClientAuth::require_and_verify, other));
  CHECK_FALSE(works(ClientAuth::require_and_verify, server_only));
}
