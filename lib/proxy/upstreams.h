// upstreams.h: a worker's connections to endpoints: idle ones kept for reuse, new ones dialled.
//
// One per worker, used by its loop only. A connection is leased to one exchange at a time and comes back when request
// and response are complete. Reuse is last in, first out, so that a pool shrinks to what the load needs. Upstreams
// close idle connections too: one that became readable while idle can only bring an end or nonsense and is closed, at
// once when it brings an end: the network of a container is gone a moment after its last process.
//
// Only endpoints of the adopted snapshot, and those that are kept, have a pool. An exchange keeps its snapshot, and so
// its endpoint, alive until its connection has come back; if the endpoint is no longer in use by then, the connection
// is closed.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>

#include "async/timer.h"
#include "base/list.h"
#include "proxy/connector.h"
#include "proxy/endpoint.h"

namespace sluice::proxy {

struct Connection : ListNode<> {
  explicit Connection(std::unique_ptr<net::Stream> stream_in) : stream(std::move(stream_in)) {}

  std::unique_ptr<net::Stream> stream;
  std::string name;  // the host it was made for, if its endpoint is named by requests
  Time idle_since;
  bool reused = false;  // has carried an exchange before
};

class Upstreams : private Timer, private async::BreakObserver {
 public:
  explicit Upstreams(Connector& connector) : connector_(connector) {}
  ~Upstreams();

  // From now on these endpoints are in use; pools of others are closed.
  void adopt(std::span<const std::shared_ptr<const Endpoint>> endpoints);
  // One that no snapshot names, because it was found out while serving. Its pool is closed some time after nobody else
  // has the endpoint any more.
  void keep(std::shared_ptr<const Endpoint> endpoint);

  // An idle connection that looks alive, or null. `name` is the host of the request.
  std::unique_ptr<Connection> take_idle(const Endpoint& endpoint, std::string_view name);
  // A stream to the endpoint, that somebody else has opened, as a connection of this pool.
  std::unique_ptr<Connection> wrap(const Endpoint& endpoint, std::string_view name,
                                   std::unique_ptr<net::Stream> stream);
  // A new one. Errors: those of Connector::connect.
  Task<Result<std::unique_ptr<Connection>>> dial(const Endpoint& endpoint, std::string_view name);
  // The same for HTTP/1.1 alone.
  Task<Result<std::unique_ptr<Connection>>> dial_http1(const Endpoint& endpoint, std::string_view name);

  // After a complete exchange on a connection that may carry another.
  void release(const Endpoint& endpoint, std::unique_ptr<Connection> connection);

  // Closes all idle connections; descriptors are short or the worker drains.
  void close_idle();

  std::size_t idle() const;

 private:
  struct Pool {
    List<Connection> idle;  // newest first
    std::size_t count = 0;
    std::shared_ptr<const Endpoint> kept;  // null: one of the snapshot

    Pool() = default;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;
    ~Pool() { clear(); }
    void clear();
    void drop(Connection* connection);
    bool forgotten() const { return kept != nullptr && kept.use_count() == 1; }
    std::unique_ptr<Connection> take_named(std::string_view name);
  };

  // Idle connections are looked through this often: for ones the upstream closed and ones that waited too long.
  static constexpr Duration kSweep = 1s;

  void on_timer() override;
  void connection_broke() override {}
  void peer_ended() override { Timer::set(0s); }

  Connector& connector_;
  std::unordered_map<const Endpoint*, Pool> pools_;
};

}  // namespace sluice::proxy
