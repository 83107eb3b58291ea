#include "server/certificate_demand.h"

#include <vector>

#include "async/scope.h"
#include "server/routing.h"
#include "support/catch.h"
#include "support/tls/test_certificates.h"

using namespace sluice;
using server::CertificateDemand;
using End = CertificateDemand::End;

namespace {

using Names = std::vector<std::string>;

// A worker that has no other certificates than tests give it.
struct Edge final : server::Host, server::PinnedSnapshot::Retire, CertificateDemand::Control {
  Edge() {
    rules.names = route::HostIndex(std::vector<route::HostPattern>{{route::HostPattern::Kind::wildcard, "shops.x"}});
    serve({});
  }
  ~Edge() {
    scope.cancel(Error::of(Code::cancelled, "the test is over"));
    loop.run_ready();
    pinned = Ref<server::PinnedSnapshot>();
  }

  void serve(Names names, Names awaited = {}) {
    std::vector<std::shared_ptr<const tls::Certificate>> certificates;
    if (!names.empty()) {
      test::Pem pem = test::certificate_for(names);
      certificates.push_back(tls::Certificate::parse(pem.certificate, pem.key).certificate);
    }
    auto snapshot = std::make_shared<server::Snapshot>();
    snapshot->certificates = std::make_shared<const tls::CertificateIndex>(
        std::move(certificates), tls::Certificate::self_signed("site.x"), awaited);
    pinned = Ref<server::PinnedSnapshot>(new server::PinnedSnapshot(std::move(snapshot), *this));
    waiting.look_again();
    loop.run_ready();
  }
  bool concerns(std::string_view name) { return waiting.concerns(**pinned, name); }
  void knock(const std::string& name, Duration longest = 10s) { scope.spawn(wait(name, longest)); }
  Task<void> wait(std::string name, Duration longest) {
    ends.push_back(
        co_await waiting.wait(*this, std::move(name), *IpAddress::parse("192.0.2.1"), Loop::current().now() + longest));
  }

  Ref<server::PinnedSnapshot> snapshot() override { return pinned; }
  std::string_view date() override { return ""; }
  void retire(std::shared_ptr<const server::Snapshot>) override {}
  void demand(std::string name, const IpAddress&) override { demanded.push_back(std::move(name)); }

  Loop loop{Loop::ClockKind::manual};
  server::DemandRules rules;
  CertificateDemand waiting{rules, *this};
  Ref<server::PinnedSnapshot> pinned;
  Names demanded;
  std::vector<End> ends;
  Scope scope;
};

}  // namespace

TEST_CASE("only names that may get a certificate and have none are waited for") {
  Edge edge;
  CHECK(edge.concerns("a.shops.x"));
  CHECK_FALSE(edge.concerns("shops.x"));
  CHECK_FALSE(edge.concerns("a.b.shops.x"));
  CHECK_FALSE(edge.concerns("stranger.y"));
  CHECK_FALSE(edge.concerns(""));
  edge.serve({"a.shops.x"}, {"b.shops.x"});
  CHECK_FALSE(edge.concerns("a.shops.x"));
  CHECK_FALSE(edge.concerns("b.shops.x"));
  CHECK(edge.concerns("c.shops.x"));
  edge.rules.any_name = true;
  CHECK(edge.concerns("stranger.y"));
}

TEST_CASE("all who wait for a name are told of at once, and served by the snapshot that has it") {
  Edge edge;
  for (int i = 0; i < 3; ++i) edge.knock("a.shops.x");
  edge.knock("b.shops.x");
  CHECK(edge.demanded == Names{"a.shops.x", "b.shops.x"});
  edge.serve({"other.x"});
  CHECK(edge.ends.empty());
  edge.serve({"a.shops.x"});
  CHECK(edge.ends == std::vector<End>(3, End::served));
  // Some had looked and gone on waiting: they are found again.
  edge.serve({"a.shops.x", "b.shops.x"});
  CHECK(edge.ends.size() == 4);
}

TEST_CASE("a refusal ends the wait, and the next one asks again") {
  Edge edge;
  edge.knock("a.shops.x");
  edge.knock("a.shops.x");
  edge.waiting.refuse("b.shops.x");
  edge.waiting.refuse("a.shops.x");
  edge.loop.run_ready();
  CHECK(edge.ends == std::vector<End>(2, End::refused));
  edge.knock("a.shops.x");
  CHECK(edge.demanded == Names{"a.shops.x", "a.shops.x"});
}

TEST_CASE("nobody waits longer than the handshake may take") {
  Edge edge;
  edge.knock("a.shops.x", 10s);
  edge.loop.advance(9s);
  edge.loop.run_ready();
  CHECK(edge.ends.empty());
  edge.loop.advance(2s);
  edge.loop.run_ready();
  CHECK(edge.ends == std::vector<End>{End::late});
  edge.knock("a.shops.x", 10s);
  CHECK(edge.demanded.size() == 2);
}

TEST_CASE("beyond a number of names nobody is told of more") {
  Edge edge;
  const std::size_t many = CertificateDemand::kMostNames + 5;
  for (std::size_t i = 0; i < many; ++i) edge.knock('n' + std::to_string(i) + ".shops.x");
  CHECK(edge.demanded.size() == CertificateDemand::kMostNames);
  CHECK(edge.ends == std::vector<End>(5, End::late));
}
