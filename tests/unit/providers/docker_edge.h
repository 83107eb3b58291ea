// docker_edge.h: a Docker provider that runs, on a loop the test turns until something holds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/signal.h"
#include "async/timer.h"
#include "providers/docker/provider.h"
#include "support/catch.h"
#include "unit/providers/fake_engine.h"

namespace sluice::test::docker {

using namespace sluice::providers::docker;
using Made = FakeEngine::Made;

inline Timing quick() {
  Timing timing;
  timing.first_retry = 4ms;
  timing.last_retry = timing.last_local = 20ms;
  timing.resync_gap = 1ms;
  timing.empty_list = 30ms;
  timing.first_sync = 50ms;
  timing.call = 5s;
  return timing;
}

class Sink final : public control::FragmentSink {
 public:
  void publish(control::Fragment fragment) override {
    latest = std::move(fragment);
    ++published;
    changed.notify_all();
  }
  control::Fragment latest;
  int published = 0;
  Signal changed;
};

// A provider that runs, on a loop the test turns until something holds.
class Edge {
 public:
  explicit Edge(FakeEngine& engine, Timing timing = quick(), config::DockerProvider options = {},
                const std::string& api_version = "")
      : client_("Sluice/test") {
    options.endpoint = engine.endpoint();
    options.route_grace_time = 0s;
    config::Report report;
    provider_ = DockerProvider::make(options, client_, "", report, timing, api_version);
    SLUICE_CHECK(provider_ != nullptr);
    scope_.spawn(provider_->run(sink_));
  }
  ~Edge() {
    scope_.cancel(Error::of(Code::cancelled, "end of the test"));
    if (scope_.running() > 0) {
      ending_.spawn(stop_when_joined());
      loop_.run();
    }
    loop_.run_ready();
  }

  // False when it does not hold within ten seconds.
  bool until(const std::function<bool()>& holds) {
    if (holds()) return true;
    Scope watching;
    watching.spawn(watch(holds));
    loop_.run();
    loop_.run_ready();
    return holds();
  }

  std::vector<std::string> urls(const std::string& service) const {
    std::vector<std::string> found;
    auto entry = sink_.latest.configuration.http.services.find(service);
    if (entry == sink_.latest.configuration.http.services.end()) return {"<none>"};
    for (const auto& server : entry->second.load_balancer->servers) found.push_back(server.url);
    return found;
  }
  bool routed(const std::string& router) const { return sink_.latest.configuration.http.routers.contains(router); }
  int published() const { return sink_.published; }
  const control::ProviderStats& stats() const { return *provider_->stats(); }

 private:
  Task<void> watch(const std::function<bool()>& holds) {
    Time give_up = Time::now() + 10s;
    do {
      Deadline soon = loop_.now() + 4ms;  // what the engine saw is not announced
      Status waited = co_await sink_.changed.wait(soon);
      (void)waited;
    } while (!holds() && Time::now() < give_up);
    loop_.stop();
  }
  Task<void> stop_when_joined() {
    co_await scope_.join();
    loop_.stop();
  }

  Loop loop_;
  rest::Client client_;
  Sink sink_;
  std::unique_ptr<DockerProvider> provider_;
  Scope scope_;
  Scope ending_;
};

using Names = std::vector<std::string>;
inline const Names kServing{"http://10.0.0.2:80"};

}  // namespace sluice::test::docker
