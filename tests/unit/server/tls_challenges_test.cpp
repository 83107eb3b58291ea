// Every row of the table of docs/challenges.md on TLS-ALPN-01, from the first byte of a connection.
#include "server/tls_challenges.h"

#include "net/memory_stream.h"
#include "route/parser.h"
#include "server/handshake_gate.h"
#include "server/reception.h"
#include "support/catch.h"
#include "tls/tls_stream.h"
#include "unit/tls/hello.h"

using namespace sluice;
using server::TcpRoute;
using test::Hello;

namespace {

const std::string kRefusal("\x15\x03\x03\x00\x02\x02\x78", 7);

// A backend that keeps what it is sent and answers with its name.
class Backend final : public proxy::TcpHandler {
 public:
  explicit Backend(std::string name) : name_(std::move(name)) {}

  Task<void> run(net::Stream& client, LentBytes& first, const proxy::TcpPeer&) const override {
    received = first.bytes();
    Status written = co_await net::write_all(client, name_, 3600s);
    if (written) client.shutdown();
  }
  mutable std::string received;

 private:
  std::string name_;
};

Task<void> read_all(std::shared_ptr<net::Stream> stream, std::shared_ptr<std::string> into, std::shared_ptr<int> end) {
  for (;;) {
    Result<net::Bytes> bytes = co_await stream->read(kNoDeadline);
    if (!bytes || bytes->empty()) {
      *end = bytes ? 1 : 2;
      co_return;
    }
    *into += *bytes;
  }
}

Task<void> send(std::shared_ptr<net::Stream> stream, std::string bytes) {
  [[maybe_unused]] Status written = co_await net::write_all(*stream, bytes, 3600s);
}

using Connected = std::optional<Result<std::unique_ptr<tls::TlsStream>>>;

Task<void> connect_into(std::shared_ptr<Connected> result, std::unique_ptr<net::Stream> transport,
                        tls::TlsStream::Client client) {
  result->emplace(co_await tls::TlsStream::connect(std::move(transport), client, kNoDeadline));
}

// One entry point: an HTTPS router for app.test, TCP routers as tests add them.
struct Edge final : server::Host, server::PinnedSnapshot::Retire {
  Edge() { settings.name = "secure"; }
  ~Edge() {
    scope.cancel(Error::of(Code::cancelled, "the test is over"));
    loop.run_ready();
    pinned = Ref<server::PinnedSnapshot>();
  }

  Backend& tcp(const std::string& rule, const std::string& name, TcpRoute::Tls tls = TcpRoute::Tls::passthrough) {
    route::ParsedRule parsed = route::parse_rule(rule, route::Family::tcp, route::Syntax::v3);
    REQUIRE(parsed.rule.has_value());
    tcp_rules.push_back(std::move(*parsed.rule));
    auto backend = std::make_shared<Backend>(name);
    TcpRoute route;
    route.router = name + "@test";
    route.handler = backend;
    route.tls = tls;
    tcp_routes.push_back(route);
    return *backend;
  }
  Backend& delegate(const std::string& host, const std::string& name) {
    auto backend = std::make_shared<Backend>(name);
    auto made = std::make_shared<server::ChallengeRules>();
    std::vector<std::pair<route::HostPattern, server::TcpChallengeTarget>> targets;
    targets.emplace_back(route::HostPattern{route::HostPattern::Kind::exact, host},
                         server::TcpChallengeTarget{"router@test", backend});
    made->tls = server::ChallengeTargets<server::TcpChallengeTarget>(std::move(targets));
    rules = std::move(made);
    return *backend;
  }
  void arm(const std::string& name) {
    auto made = std::make_shared<server::Challenges>();
    made->arm_tls(tls::challenge_server_name(name), tls::ChallengeCertificate::make(name, "key authorization"));
    armed = std::move(made);
  }

  void build() {
    tls::ServerPolicy policy;
    policy.identity = "default";
    policy.alpn = {"http/1.1"};
    auto context = tls::ServerContext::make(policy, std::make_shared<tls::TicketKeys>()).context;
    REQUIRE(context != nullptr);
    route::HostPattern app{route::HostPattern::Kind::exact, "app.test"};
    server::HttpsHosts hosts({{"default", context}}, {{app, 0}}, false);
    route::ParsedRule parsed = route::parse_rule("Host(`app.test`)", route::Family::http, route::Syntax::v3);
    std::vector<route::Route> rows = {route::Route{&*parsed.rule, 0, "app@test", 0, 0}};
    server::HttpRoutes http(std::make_shared<const route::HttpTable>(rows));
    http.routes.push_back(server::Route{"app@test", nullptr, false, {}});
    std::vector<route::Route> tcp_rows;
    for (std::size_t i = 0; i < tcp_rules.size(); ++i) {
      tcp_rows.push_back({&tcp_rules[i], 0, tcp_routes[i].router, 0, static_cast<std::uint32_t>(i)});
    }
    server::TcpRoutes table{route::SniTable(tcp_rows)};
    table.routes = tcp_routes;
    auto here = std::make_shared<server::EntryPointRoutes>(
        std::make_shared<const route::HttpTable>(std::span<const route::Route>()));
    here->challenges_pass = challenges_pass;
    here->tls = std::make_shared<const server::TlsRoutes>(
        server::TlsRoutes{std::move(http), std::move(hosts), std::move(table)});
    auto snapshot = std::make_shared<server::Snapshot>();
    snapshot->entry_points.push_back(std::move(here));
    snapshot->certificates = std::make_shared<const tls::CertificateIndex>(
        std::vector<std::shared_ptr<const tls::Certificate>>(), tls::Certificate::self_signed("site.test"));
    if (rules != nullptr) snapshot->challenges = {rules};
    pinned = Ref<server::PinnedSnapshot>(new server::PinnedSnapshot(std::move(snapshot), *this));
  }

  std::unique_ptr<net::MemoryStream> connect(std::size_t piece = SIZE_MAX) {
    if (!pinned) build();
    auto [ours, theirs] = net::MemoryStream::pair();
    ours->set_piece(piece);
    http::Peer peer;
    peer.remote = *SocketAddress::parse("192.0.2.1:1234");
    peer.entry_point = settings.name;
    server::Reception::Place place{settings, 0, *this, connections, scope, handshakes};
    scope.spawn(server::Reception::run(std::move(ours), peer, place));
    return std::move(theirs);
  }

  // What a CA's hello is answered with, as bytes, until the edge has said its last.
  struct Answer {
    std::string bytes;
    bool ended = false;
  };
  Answer ask(const std::string& hello, std::size_t piece = SIZE_MAX) {
    std::shared_ptr<net::Stream> client = connect(piece);
    auto bytes = std::make_shared<std::string>();
    auto end = std::make_shared<int>(0);
    scope.spawn(read_all(client, bytes, end));
    scope.spawn(send(client, hello));
    loop.run_ready();
    return {*bytes, *end != 0};
  }
  Answer ask_about(const std::string& name) { return ask(Hello().name(name).protocols({"acme-tls/1"}).records()); }

  // A whole handshake of a client that offers these protocols and believes everything.
  std::shared_ptr<Connected> shake(const std::string& name, std::vector<std::string> protocols) {
    return begin(connect(), name, std::move(protocols));
  }
  std::shared_ptr<Connected> begin(std::unique_ptr<net::Stream> transport, const std::string& name,
                                   std::vector<std::string> protocols) {
    tls::ClientPolicy policy;
    policy.insecure_skip_verify = true;
    policy.alpn = std::move(protocols);
    policy.server_name = name;
    auto result = std::make_shared<Connected>();
    tls::TlsStream::Client client{tls::ClientContext::make(policy).context, name};
    scope.spawn(connect_into(result, std::move(transport), client));
    loop.run_ready();
    return result;
  }

  Ref<server::PinnedSnapshot> snapshot() override { return pinned; }
  const server::Challenges* challenges() override { return armed.get(); }
  std::string_view date() override { return "Sun, 06 Nov 1994 08:49:37 GMT"; }
  void retire(std::shared_ptr<const server::Snapshot>) override {}

  Loop loop{Loop::ClockKind::manual};
  Scope scope;
  server::EntryPointSettings settings;
  server::HandshakeGate handshakes;
  server::Connections connections;
  std::vector<route::Rule> tcp_rules;
  std::vector<TcpRoute> tcp_routes;
  std::shared_ptr<const server::ChallengeRules> rules;
  std::shared_ptr<const server::Challenges> armed;
  bool challenges_pass = false;
  Ref<server::PinnedSnapshot> pinned;
};

}  // namespace

TEST_CASE(
    "row 1: with other protocols beside it the connection is an ordinary one, and acme-tls/1 is never agreed on") {
  Edge edge;
  edge.arm("app.test");
  auto both = edge.shake("app.test", {"acme-tls/1", "http/1.1"});
  REQUIRE(both->has_value());
  REQUIRE((*both)->ok());
  CHECK((***both)->protocol() == "http/1.1");
  auto none_of_ours = edge.shake("app.test", {"acme-tls/1", "foo"});
  REQUIRE(none_of_ours->has_value());
  CHECK_FALSE((*none_of_ours)->ok());
}

TEST_CASE("row 2: a CA that names nobody is refused") {
  Edge edge;
  edge.arm("app.test");
  CHECK(edge.ask(Hello().protocols({"acme-tls/1"}).records()).bytes == kRefusal);
  CHECK(edge.ask_about("192.0.2.7").bytes == kRefusal);
}

TEST_CASE("row 3: an armed name is proved with its certificate alone, before every router, and the connection ends") {
  Edge edge;
  Backend& vm = edge.tcp("HostSNI(`app.test`)", "vm");
  edge.arm("App.test");
  auto proved = edge.shake("app.test", {"acme-tls/1"});
  REQUIRE(proved->has_value());
  REQUIRE((*proved)->ok());
  tls::TlsStream& stream = ****proved;
  CHECK(stream.protocol() == "acme-tls/1");
  CHECK_FALSE(stream.resumed());
  CHECK(stream.readable());  // the edge has said good-bye
  CHECK(vm.received.empty());
}

TEST_CASE("row 3: a peer that does not finish the handshake is given five seconds") {
  Edge edge;
  edge.arm("app.test");
  // The first flight of a client that never gets an answer.
  auto [client, network] = net::MemoryStream::pair();
  edge.begin(std::move(client), "app.test", {"acme-tls/1"});
  auto hello = std::make_shared<std::string>();
  edge.scope.spawn(read_all(std::move(network), hello, std::make_shared<int>(0)));
  edge.loop.run_ready();
  REQUIRE_FALSE(hello->empty());

  std::shared_ptr<net::Stream> peer = edge.connect();
  auto bytes = std::make_shared<std::string>();
  auto end = std::make_shared<int>(0);
  edge.scope.spawn(read_all(peer, bytes, end));
  edge.scope.spawn(send(peer, *hello));
  edge.loop.run_ready();
  CHECK_FALSE(bytes->empty());
  edge.loop.advance(4s);
  CHECK(*end == 0);
  edge.loop.advance(2s);
  CHECK(*end != 0);
  CHECK(edge.connections.count() == 0);
}

TEST_CASE("row 5: a name that is passed on gets the bytes as they came") {
  Edge edge;
  Backend& vm = edge.tcp("HostSNI(`vm.test`)", "vm");
  Backend& wild = edge.tcp("HostSNI(`*.vm.test`)", "wild");
  const std::string hello = Hello().name("vm.test").protocols({"acme-tls/1"}).records();
  for (std::size_t piece = 1; piece <= hello.size(); piece += 7) {
    CHECK(edge.ask(hello, piece).bytes == "vm");
    CHECK(vm.received == hello);
  }
  CHECK(edge.ask_about("x.vm.test").bytes == "wild");
  CHECK_FALSE(wild.received.empty());
}

TEST_CASE("row 5: a router for any name gets such connections only with allowACMEByPass") {
  {
    Edge edge;
    edge.tcp("HostSNI(`*`)", "all");
    CHECK(edge.ask_about("vm.test").bytes == kRefusal);
  }
  Edge edge;
  edge.challenges_pass = true;
  edge.tcp("HostSNI(`*`)", "all");
  CHECK(edge.ask_about("vm.test").bytes == "all");
}

TEST_CASE("row 6: the target of a delegated name gets the bytes") {
  Edge edge;
  Backend& inner = edge.delegate("app.test", "inner");
  CHECK(edge.ask_about("app.test").bytes == "inner");
  CHECK_FALSE(inner.received.empty());
  CHECK(edge.ask_about("other.test").bytes == kRefusal);
  edge.arm("app.test");
  CHECK(edge.ask_about("app.test").bytes != "inner");
}

TEST_CASE("row 7: everything else is refused by alert 120 and never sees another certificate") {
  Edge edge;
  edge.tcp("HostSNI(`ends.test`)", "ends", TcpRoute::Tls::terminate);
  edge.arm("another.test");
  for (const char* name : {"app.test", "ends.test", "nobody.test"}) {
    CAPTURE(name);
    Edge::Answer answer = edge.ask_about(name);
    CHECK(answer.bytes == kRefusal);
    CHECK(answer.ended);
  }
  auto refused = edge.shake("app.test", {"acme-tls/1"});
  REQUIRE(refused->has_value());
  CHECK_FALSE((*refused)->ok());
}

TEST_CASE("an address is asked for by its reverse name") {
  Edge edge;
  edge.arm("192.0.2.7");
  auto proved = edge.shake("7.2.0.192.in-addr.arpa", {"acme-tls/1"});
  REQUIRE(proved->has_value());
  CHECK((*proved)->ok());
}
