#include "acme/settings.h"

#include "support/catch.h"

using namespace sluice;
using namespace sluice::acme;

namespace {

// A resolver "le" with one challenge, among entry points on these addresses.
class Edge {
 public:
  Edge(std::initializer_list<std::pair<const char*, const char*>> addresses) {
    for (const auto& [name, address] : addresses) configuration_.entry_points[name].address = address;
    resolver_.acme.emplace();
  }
  Edge& over_http(const std::string& entry_point) {
    resolver_.acme->http_challenge = config::HttpChallenge{entry_point, Duration(0)};
    return *this;
  }
  Edge& over_tls() {
    resolver_.acme->tls_challenge.emplace();
    return *this;
  }
  config::Acme& options() { return *resolver_.acme; }
  ResolverSettings read() {
    config::Report report;
    ResolverSettings settings = make_settings("le", resolver_, configuration_, {}, report);
    CHECK_FALSE(config::has_errors(report));
    return settings;
  }
  // What is wrong with it; empty: nothing.
  std::string problem() const {
    config::Report report;
    make_settings("le", resolver_, configuration_, {}, report);
    return report.empty() ? "" : report.front().what;
  }

 private:
  config::Static configuration_;
  config::CertificateResolver resolver_;
};

}  // namespace

TEST_CASE("an entry point on an IPv4 address alone is named when its challenges are answered there") {
  CHECK(Edge{{"web", "0.0.0.0:80"}}.over_http("web").read().entry_point == "web");
  CHECK(Edge{{"web", "192.0.2.1:80/tcp"}}.over_http("web").read().entry_point == "web");
  CHECK(Edge{{"web", ":80"}}.over_http("web").read().entry_point.empty());
  CHECK(Edge{{"web", "[::]:80"}}.over_http("web").read().entry_point.empty());
  CHECK(Edge{{"web", "edge.test:80"}}.over_http("web").read().entry_point.empty());
  CHECK(Edge{{"web", ":80"}, {"other", "0.0.0.0:81"}}.over_http("web").read().entry_point.empty());
}

TEST_CASE("for challenges over TLS it is one on port 443, unless another there is on IPv6") {
  CHECK(Edge{{"secure", "0.0.0.0:443"}}.over_tls().read().entry_point == "secure");
  CHECK(Edge{{"secure", "0.0.0.0:443"}, {"six", "[2001:db8::1]:443"}}.over_tls().read().entry_point.empty());
  CHECK(Edge{{"secure", "0.0.0.0:443"}, {"quic", "[::]:443/udp"}}.over_tls().read().entry_point == "secure");
  CHECK(Edge{{"web", "0.0.0.0:80"}, {"secure", ":8443"}}.over_tls().read().entry_point.empty());
  // With both, TLS comes first.
  CHECK(Edge{{"web", "0.0.0.0:80"}, {"secure", ":443"}}.over_tls().over_http("web").read().entry_point.empty());
}

TEST_CASE("whatever decides whether a CA says yes changes the inputs, and nothing else does") {
  const auto inputs = [](auto change) {
    Edge edge{{"web", ":80"}};
    edge.over_http("web");
    change(edge.options());
    return edge.read().inputs;
  };
  const std::string before = inputs([](config::Acme&) {});
  CHECK(before == inputs([](config::Acme& acme) { acme.storage = "other.json"; }));
  CHECK(before == inputs([](config::Acme& acme) { acme.client_timeout = 3min; }));
  CHECK(before != inputs([](config::Acme& acme) { acme.ca_server = "https://ca.test/dir"; }));
  CHECK(before != inputs([](config::Acme& acme) { acme.profile = "short"; }));
  CHECK(before != inputs([](config::Acme& acme) { acme.profile_mandatory = false; }));
  CHECK(before != inputs([](config::Acme& acme) { acme.key_type = "EC256"; }));
  CHECK(before != inputs([](config::Acme& acme) { acme.tls_challenge.emplace(); }));
  CHECK(before != inputs([](config::Acme& acme) { acme.eab = config::ExternalAccountBinding{"kid", "c2VjcmV0"}; }));
}

TEST_CASE("what cannot be called is no webhook and no service that is asked") {
  const auto of_hook = [](const char* url) {
    Edge edge{{"web", ":80"}};
    edge.over_http("web").options().hooks.emplace_back().webhook = url;
    return edge.problem();
  };
  const auto of_ask = [](const char* url) {
    Edge edge{{"web", ":80"}};
    edge.over_http("web").options().on_demand = config::OnDemand{{}, url};
    return edge.problem();
  };
  for (const char* good : {"http://ops.x", "HTTPS://u:p@ops.x:8443/a/b/?c=d&e", "http://[::1]/", "http://u@ops.x?c"}) {
    CHECK(of_hook(good).empty());
    CHECK(of_ask(good).empty());
  }
  for (const char* bad : {"ops.x/a", "ftp://ops.x", "http://", "http:///a", "http://ops.x/a b", "http://ops.x/#a"}) {
    CHECK_FALSE(of_hook(bad).empty());
    CHECK_FALSE(of_ask(bad).empty());
  }
  CHECK(of_ask("http://user:secret@").find("secret") == std::string::npos);
  CHECK(of_ask("http://user:secret@").find("onDemand.ask: ") != std::string::npos);
}

TEST_CASE("a hook has a time to end in, and one way to be told") {
  const auto problem_with = [](auto change) {
    Edge edge{{"web", ":80"}};
    config::AcmeHook& hook = edge.over_http("web").options().hooks.emplace_back();
    hook.exec = {"/bin/true"};
    change(hook);
    return edge.problem();
  };
  CHECK(problem_with([](config::AcmeHook& hook) { hook.timeout = 1ms; }).empty());
  CHECK_FALSE(problem_with([](config::AcmeHook& hook) { hook.timeout = Duration(0); }).empty());
  CHECK_FALSE(problem_with([](config::AcmeHook& hook) { hook.timeout = -1s; }).empty());
  CHECK_FALSE(problem_with([](config::AcmeHook& hook) { hook.exec.clear(); }).empty());
  CHECK_FALSE(problem_with([](config::AcmeHook& hook) { hook.webhook = "http://ops.x"; }).empty());
}
