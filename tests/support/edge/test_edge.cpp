#include "support/edge/test_edge.h"

#include <limits>

#include "proxy/weights.h"

namespace sluice::test {

TestUpstream& TestUpstream::answers(std::string response) {
  scripts_ = {{Scene{"\r\n\r\n", std::move(response), Scene::Then::keep}}};
  repeat_ = true;
  return *this;
}

Task<void> TestUpstream::serve(std::unique_ptr<net::MemoryStream> stream, std::size_t index) {
  Script script = scripts_.empty() ? Script() : scripts_[std::min(index, scripts_.size() - 1)];
  std::size_t scene = 0;
  std::size_t seen = 0;  // bytes that earlier scenes have used up
  while (scene < script.size()) {
    const Scene& now = script[scene];
    std::size_t at = now.reads_until.empty() ? seen : received_[index].find(now.reads_until, seen);
    if (at == std::string::npos) {
      Result<net::Bytes> bytes = co_await stream->read(kNoDeadline);
      if (!bytes || bytes->empty()) co_return;
      received_[index] += *bytes;
      continue;
    }
    seen = at + now.reads_until.size();
    Status written = co_await net::write_all(*stream, now.writes, 3600s);
    if (!written || now.then == Scene::Then::close) co_return;
    if (now.then == Scene::Then::reset) {
      stream->abort();
      co_return;
    }
    if (!repeat_) ++scene;
  }
  for (;;) {
    Result<net::Bytes> bytes = co_await stream->read(kNoDeadline);
    if (!bytes || bytes->empty()) co_return;
    received_[index] += *bytes;
  }
}

TestEdge::TestEdge() {
  local_ = std::make_unique<proxy::WorkerLocal>(0, scope_, *this);
  settings_.name = "web";
  settings_.server_name = "edge";
}

TestEdge::~TestEdge() {
  scope_.cancel(Error::of(Code::cancelled, "the test is over"));
  loop_.run_ready();
  pinned_ = Ref<server::PinnedSnapshot>();
}

void TestEdge::redirect(std::shared_ptr<const proxy::Handler> handler) {
  redirection_ = routes_.size();
  route("HostRegexp(`^.+$`)", std::move(handler));
}

std::shared_ptr<const proxy::Handler> TestEdge::service(const std::vector<std::string>& names,
                                                        const std::vector<std::shared_ptr<proxy::ServerHealth>>& health,
                                                        Duration slow_start) {
  std::vector<proxy::LoadBalancer::Server> servers;
  for (const std::string& name : names) {
    std::string url = name.find("://") == std::string::npos ? "http://" + name : name;
    endpoints_.push_back(
        std::make_shared<proxy::Endpoint>(*proxy::ServerUrl::parse(url), proxy::TransportSettings(), url));
    servers.push_back({endpoints_.back(), false, health.empty() ? nullptr : health[servers.size()]});
  }
  auto positions = std::make_shared<proxy::WeightedPositions>(1, std::vector<double>(names.size(), 1.0));
  proxy::LoadBalancer::Options options;
  options.name = "service@test";
  options.slow_start = slow_start;
  return std::make_shared<proxy::LoadBalancer>(std::move(options), std::move(servers), std::move(positions));
}

std::shared_ptr<const proxy::Handler> TestEdge::answering(const std::vector<std::string>& names) {
  return std::make_shared<proxy::Answering>(service(names));
}

void TestEdge::route(const std::string& rule, const std::vector<std::string>& names) { route(rule, answering(names)); }

void TestEdge::route(const std::string& rule, std::shared_ptr<const proxy::Handler> handler) {
  route::ParsedRule parsed = route::parse_rule(rule, route::Family::http, route::Syntax::v3);
  SLUICE_CHECK(parsed.rule.has_value());
  rules_.push_back(std::move(*parsed.rule));
  routes_.push_back(server::Route{"router" + std::to_string(routes_.size()) + "@test", std::move(handler), false, {}});
}

void TestEdge::build() {
  std::vector<route::Route> rows;
  std::vector<route::Route> not_redirected;
  for (const route::Rule& rule : rules_) {
    route::Route row;
    row.rule = &rule;
    row.router = routes_[rows.size()].router;
    row.payload = static_cast<std::uint32_t>(rows.size());
    if (redirection_ == rows.size()) {
      row.priority = std::numeric_limits<std::int64_t>::max() - 1;
    } else {
      not_redirected.push_back(row);
    }
    rows.push_back(row);
  }
  auto entry_point = std::make_shared<server::EntryPointRoutes>(std::make_shared<const route::HttpTable>(rows));
  entry_point->routes = routes_;
  entry_point->challenges_pass = challenges_pass;
  if (redirection_) entry_point->not_redirected = std::make_shared<const route::HttpTable>(not_redirected);
  auto snapshot = std::make_shared<server::Snapshot>();
  snapshot->entry_points.push_back(std::move(entry_point));
  snapshot->endpoints = endpoints_;
  if (challenge_rules != nullptr) snapshot->challenges = {challenge_rules};
  local_->adopt(snapshot->endpoints);
  pinned_ = Ref<server::PinnedSnapshot>(new server::PinnedSnapshot(std::move(snapshot), *this));
}

Task<Result<std::unique_ptr<net::Stream>>> TestEdge::connect(const proxy::Endpoint& endpoint, std::string_view) {
  TestUpstream& upstream = upstreams_[endpoint.url().host];
  if (upstream.refuses_) {
    Error error = Error::of(Code::refused, "connect", Origin::upstream);
    error.nothing_sent = true;
    co_return error;
  }
  auto [ours, theirs] = net::MemoryStream::pair();
  upstream.received_.emplace_back();
  scope_.spawn(upstream.serve(std::move(theirs), upstream.received_.size() - 1));
  co_return std::unique_ptr<net::Stream>(std::move(ours));
}

namespace {

template <class Connection>
Task<void> serve(std::unique_ptr<Connection> connection) {
  co_await connection->run();
}

Task<void> receive(std::shared_ptr<net::MemoryStream> stream, std::shared_ptr<std::string> into,
                   std::shared_ptr<int> end) {
  for (;;) {
    Result<net::Bytes> bytes = co_await stream->read(kNoDeadline);
    if (!bytes || bytes->empty()) {
      *end = bytes ? 1 : 2;
      co_return;
    }
    *into += *bytes;
  }
}

Task<void> send(std::shared_ptr<net::MemoryStream> stream, std::string bytes) {
  [[maybe_unused]] Status written = co_await net::write_all(*stream, bytes, 3600s);
}

}  // namespace

TestEdge::Client TestEdge::connect(std::size_t piece, bool h2) {
  if (!pinned_) build();
  auto [ours, theirs] = net::MemoryStream::pair();
  ours->set_piece(piece);
  http::Peer peer;
  peer.remote = *SocketAddress::parse("192.0.2.1:1234");
  peer.entry_point = settings_.name;
  if (h2) {
    scope_.spawn(
        serve(std::make_unique<server::H2Connection>(std::move(ours), peer, settings_, 0, *this, connections_)));
  } else {
    scope_.spawn(
        serve(std::make_unique<server::H1Connection>(std::move(ours), peer, settings_, 0, *this, connections_)));
  }
  Client client;
  client.edge_ = this;
  client.stream_ = std::move(theirs);
  scope_.spawn(receive(client.stream_, client.received_, client.end_));
  loop_.run_ready();
  return client;
}

std::string TestEdge::exchange(const std::string& bytes, std::size_t piece) {
  Client client = connect(piece);
  client.say(bytes);
  return client.received();
}

void TestEdge::Client::say(const std::string& bytes) {
  edge_->scope_.spawn(send(stream_, bytes));
  edge_->loop_.run_ready();
}

void TestEdge::Client::half_close() {
  stream_->shutdown();
  edge_->loop_.run_ready();
}

void TestEdge::Client::leave() {
  stream_->abort();
  edge_->loop_.run_ready();
}

}  // namespace sluice::test
