// h2_pool.h: a worker's connections to endpoints that speak HTTP/2, or may agree on it.
//
// Connecting capacity is counted: while a connection is on its way, requests wait for it as long as it will have room
// for them, so a burst to one server opens one connection. What a server agreed on is remembered: one that chose
// HTTP/1.1 gets connections of its own per request, without anybody waiting. Used by one loop; a connection's task runs
// in the worker's scope.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/scope.h"
#include "async/signal.h"
#include "base/text.h"
#include "proxy/connector.h"
#include "proxy/h2_upstream.h"

namespace sluice::proxy {

class H2Pool {
 public:
  H2Pool(Connector& connector, Scope& scope) : connector_(connector), scope_(scope) {}
  ~H2Pool();

  // From now on these endpoints are in use; connections to others end after the requests on them.
  void adopt(std::span<const std::shared_ptr<const Endpoint>> endpoints);

  // What a request may use: one of the two.
  struct Way {
    Ref<H2Upstream> shared;
    std::unique_ptr<net::Stream> http1;  // a new connection to a server that chose HTTP/1.1
  };
  // `name` is the host of the request. Errors: those of Connector::connect.
  Task<Result<Way>> acquire(const Endpoint& endpoint, std::string_view name);
  // The endpoint chose HTTP/1.1 when it was asked last.
  bool chose_http1(const Endpoint& endpoint) const;

  // Ends connections that carry nothing.
  void close_idle();
  std::size_t connections() const;

 private:
  // Connections that may serve the same requests. Whoever waits for one keeps it alive.
  struct Place final : RefCounted, H2Upstream::Watcher {
    void upstream_changed() override;
    Ref<H2Upstream> with_room();
    void leave();
    bool empty() const { return live.empty() && connecting == 0 && waiting == 0; }

    std::vector<Ref<H2Upstream>> live;
    std::size_t connecting = 0;
    std::size_t waiting = 0;
    std::uint32_t expected = 100;  // streams of a new connection; RFC 9113 §6.5.2 recommends at least this
    std::uint64_t failures = 0;
    Error failure;
    Signal changed;

    ~Place();
  };
  struct Group {
    std::unordered_map<std::string, Ref<Place>, TextHash, std::equal_to<>> places;  // by name
    bool http1 = false;
  };

  Ref<Place> place(const Endpoint& endpoint, std::string_view name);
  void note(const Endpoint& endpoint, bool http1);

  Connector& connector_;
  Scope& scope_;
  std::unordered_map<const Endpoint*, Group> groups_;
};

}  // namespace sluice::proxy
