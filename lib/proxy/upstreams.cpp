#include "proxy/upstreams.h"

#include <unordered_set>

#include "net/socket_stream.h"

namespace sluice::proxy {

// A large reply stays in the kernel beyond the first small read, where it can be spliced.
static void start_small(Connection& connection) {
  net::SocketStream* socket = connection.stream->socket();
  if (socket != nullptr) socket->start_reads_at(net::SocketStream::kSmallRead);
}

// An idle upstream is open and silent. One that a splice has left is "perhaps readable": the system is asked.
static bool fit_for_reuse(net::Stream& stream) { return !stream.broken() && (!stream.readable() || stream.alive()); }

void Upstreams::Pool::clear() {
  while (Connection* connection = idle.pop_front()) delete connection;
  count = 0;
}

void Upstreams::Pool::drop(Connection* connection) {
  --count;
  delete connection;
}

Upstreams::~Upstreams() = default;

void Upstreams::adopt(std::span<const std::shared_ptr<const Endpoint>> endpoints) {
  std::unordered_set<const Endpoint*> in_use;
  for (const std::shared_ptr<const Endpoint>& endpoint : endpoints) {
    in_use.insert(endpoint.get());
    pools_.try_emplace(endpoint.get());
  }
  std::erase_if(pools_, [&](const auto& pool) {
    bool kept = pool.second.kept != nullptr && !pool.second.forgotten();
    return !in_use.contains(pool.first) && !kept;
  });
}

void Upstreams::keep(std::shared_ptr<const Endpoint> endpoint) {
  auto [pool, added] = pools_.try_emplace(endpoint.get());
  if (added) pool->second.kept = std::move(endpoint);
}

std::unique_ptr<Connection> Upstreams::Pool::take_named(std::string_view name) {
  Connection* next = nullptr;
  for (Connection* connection = idle.front(); connection != nullptr; connection = next) {
    next = idle.next(connection);
    if (connection->name != name) continue;
    connection->unlink();
    --count;
    std::unique_ptr<Connection> owned(connection);
    if (fit_for_reuse(*connection->stream)) return owned;
  }
  return nullptr;
}

std::unique_ptr<Connection> Upstreams::take_idle(const Endpoint& endpoint, std::string_view name) {
  auto pool = pools_.find(&endpoint);
  if (pool == pools_.end()) return nullptr;
  if (endpoint.named_by_request()) return pool->second.take_named(name);
  while (Connection* connection = pool->second.idle.pop_front()) {
    --pool->second.count;
    std::unique_ptr<Connection> owned(connection);
    if (fit_for_reuse(*connection->stream)) return owned;
  }
  return nullptr;
}

Task<Result<std::unique_ptr<Connection>>> Upstreams::dial(const Endpoint& endpoint, std::string_view name) {
  Result<std::unique_ptr<net::Stream>> stream = co_await connector_.connect(endpoint, name);
  if (!stream) co_return stream.error();
  co_return wrap(endpoint, name, std::move(*stream));
}

Task<Result<std::unique_ptr<Connection>>> Upstreams::dial_http1(const Endpoint& endpoint, std::string_view name) {
  Result<std::unique_ptr<net::Stream>> stream = co_await connector_.connect_http1(endpoint, name);
  if (!stream) co_return stream.error();
  co_return wrap(endpoint, name, std::move(*stream));
}

std::unique_ptr<Connection> Upstreams::wrap(const Endpoint& endpoint, std::string_view name,
                                            std::unique_ptr<net::Stream> stream) {
  auto connection = std::make_unique<Connection>(std::move(stream));
  if (endpoint.named_by_request()) connection->name = name;
  connection->stream->observe(this);
  if (net::SocketStream* socket = connection->stream->socket()) socket->readiness().set_early();
  start_small(*connection);
  return connection;
}

void Upstreams::release(const Endpoint& endpoint, std::unique_ptr<Connection> connection) {
  auto found = pools_.find(&endpoint);
  if (found == pools_.end() || found->second.count >= endpoint.settings().max_idle) return;
  Pool& pool = found->second;
  connection->idle_since = Loop::current().now();
  connection->reused = true;
  start_small(*connection);
  pool.idle.push_front(*connection.release());
  ++pool.count;
  if (!Timer::is_set()) Timer::set(kSweep);
}

void Upstreams::on_timer() {
  Time now = Loop::current().now();
  bool any = false;
  std::erase_if(pools_, [](const auto& pool) { return pool.second.forgotten(); });
  for (auto& [endpoint, pool] : pools_) {
    Connection* next = nullptr;
    for (Connection* connection = pool.idle.front(); connection != nullptr; connection = next) {
      next = pool.idle.next(connection);
      Duration longest = endpoint->settings().idle_timeout;
      bool stale = longest > 0s && now - connection->idle_since >= longest;
      if (stale || !fit_for_reuse(*connection->stream)) pool.drop(connection);
    }
    any = any || pool.count > 0;
  }
  if (any) Timer::set(kSweep);
}

void Upstreams::close_idle() {
  for (auto& [endpoint, pool] : pools_) pool.clear();
}

std::size_t Upstreams::idle() const {
  std::size_t count = 0;
  for (const auto& [endpoint, pool] : pools_) count += pool.count;
  return count;
}

}  // namespace sluice::proxy
