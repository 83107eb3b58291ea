// test_edge.h: the real wiring of a worker (connections, routing, services, forwarding) on streams in memory and a
// clock that tests turn. No thread, no socket.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/memory_stream.h"
#include "proxy/answering.h"
#include "proxy/load_balancer.h"
#include "proxy/worker_local.h"
#include "route/parser.h"
#include "server/h1_connection.h"
#include "server/h2_connection.h"
#include "support/run_task.h"

namespace sluice::test {

// What a test says about one upstream connection: how much to read before what is written.
struct Scene {
  std::string reads_until = "\r\n\r\n";  // in what the connection has received; empty: write at once
  std::string writes;
  enum class Then { keep, close, reset } then = Then::keep;
};

// A server behind the edge. Every connection plays the next of its scripts, the last one for ever.
class TestUpstream {
 public:
  using Script = std::vector<Scene>;

  // Every request on every connection is answered with this.
  TestUpstream& answers(std::string response);
  // One connection plays this; the next call is for the next connection, the last script for all further ones.
  TestUpstream& plays(Script script) {
    if (std::exchange(repeat_, false)) scripts_.clear();
    scripts_.push_back(std::move(script));
    return *this;
  }
  TestUpstream& refuses() {
    refuses_ = true;
    return *this;
  }

  // All bytes received, per connection in order of arrival.
  const std::vector<std::string>& received() const { return received_; }
  std::size_t connections() const { return received_.size(); }

 private:
  friend class TestEdge;
  Task<void> serve(std::unique_ptr<net::MemoryStream> stream, std::size_t index);

  std::vector<Script> scripts_;
  bool repeat_ = false;
  bool refuses_ = false;
  std::vector<std::string> received_;
};

class TestEdge : public proxy::Connector, public server::Host, public server::PinnedSnapshot::Retire {
 public:
  TestEdge();
  ~TestEdge() override;

  TestUpstream& upstream(const std::string& name) { return upstreams_[name]; }
  // `rule` to a load balancer over upstreams of these names, or URLs of them. Before the first connection.
  void route(const std::string& rule, const std::vector<std::string>& names);
  void route(const std::string& rule, std::shared_ptr<const proxy::Handler> handler);
  // A load balancer over upstreams of these names, to be part of a handler. `health`: of each, or nobody's.
  std::shared_ptr<const proxy::Handler> service(const std::vector<std::string>& names,
                                                const std::vector<std::shared_ptr<proxy::ServerHealth>>& health = {},
                                                Duration slow_start = 0s);
  server::EntryPointSettings& settings() { return settings_; }
  // What a router does, to be changed before the first connection.
  server::Route& router(std::size_t index) { return routes_[index]; }
  // As `route` makes it: what goes wrong is an answer.
  std::shared_ptr<const proxy::Handler> answering(const std::vector<std::string>& names);

  // ACME challenges: those armed, at any time; and before the first connection the rules about the others, the entry
  // point's own redirection, and allowACMEByPass.
  std::shared_ptr<server::Challenges> armed;
  std::shared_ptr<server::ChallengeRules> challenge_rules;
  void redirect(std::shared_ptr<const proxy::Handler> handler);
  bool challenges_pass = false;

  // A client that says `bytes`; what it was answered is in its stream.
  class Client {
   public:
    // Everything the edge sent so far. "" also when it closed; see closed(), was_reset().
    const std::string& received() const { return *received_; }
    bool closed() const { return *end_ != 0; }
    bool was_reset() const { return *end_ == 2; }
    void say(const std::string& bytes);
    void half_close();
    void leave();

   private:
    friend class TestEdge;
    TestEdge* edge_ = nullptr;
    std::shared_ptr<net::MemoryStream> stream_;
    std::shared_ptr<std::string> received_ = std::make_shared<std::string>();
    std::shared_ptr<int> end_ = std::make_shared<int>(0);
  };
  // `piece`: the most bytes the edge reads at once. `h2`: on a connection of HTTP/2.
  Client connect(std::size_t piece = SIZE_MAX, bool h2 = false);
  // Connects, says, and gives everything received.
  std::string exchange(const std::string& bytes, std::size_t piece = SIZE_MAX);

  Loop& loop() { return loop_; }
  server::Connections& connections() { return connections_; }
  std::size_t idle_upstream_connections() { return local_->upstreams().idle(); }
  std::size_t shared_upstream_connections() { return local_->h2_pool().connections(); }

 private:
  Task<Result<std::unique_ptr<net::Stream>>> connect(const proxy::Endpoint& endpoint, std::string_view name) override;
  Ref<server::PinnedSnapshot> snapshot() override { return pinned_; }
  const server::Challenges* challenges() override { return armed.get(); }
  std::string_view date() override { return "Sun, 06 Nov 1994 08:49:37 GMT"; }
  void retire(std::shared_ptr<const server::Snapshot>) override {}
  void build();

  Loop loop_{Loop::ClockKind::manual};
  Scope scope_;
  std::unique_ptr<proxy::WorkerLocal> local_;
  server::EntryPointSettings settings_;
  server::Connections connections_;
  std::map<std::string, TestUpstream> upstreams_;
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints_;
  std::vector<route::Rule> rules_;
  std::vector<server::Route> routes_;
  std::optional<std::size_t> redirection_;  // which of the routers
  Ref<server::PinnedSnapshot> pinned_;
};

}  // namespace sluice::test
