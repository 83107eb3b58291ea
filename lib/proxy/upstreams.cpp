#include "proxy/upstreams.h"

#include <unordered_set>

#include "net/dialer.h"

namespace sluice::proxy {

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
  std::erase_if(pools_, [&](const auto& pool) { return !in_use.contains(pool.first); });
}

Task<Result<std::unique_ptr<Connection>>> Upstreams::acquire(const Endpoint& endpoint, bool fresh) {
  auto pool = fresh ? pools_.end() : pools_.find(&endpoint);
  if (pool != pools_.end()) {
    while (Connection* connection = pool->second.idle.pop_front()) {
      --pool->second.count;
      std::unique_ptr<Connection> owned(connection);
      if (!connection->stream->readable() && !connection->stream->broken()) co_return owned;
    }
  }
  const ServerUrl& url = endpoint.url();
  Deadline deadline = Loop::current().now() + endpoint.settings().dial_timeout;
  Result<net::Resolver::Addresses> addresses = co_await resolver_.resolve(url.host, deadline);
  if (!addresses) co_return addresses.error();
  Error last;
  for (const IpAddress& ip : *addresses) {
    SocketAddress address{ip, url.port};
    Result<std::unique_ptr<net::SocketStream>> stream = co_await net::dial(address, deadline);
    if (stream) {
      // A large reply stays in the kernel beyond this much, where it can be spliced.
      (*stream)->start_reads_at(net::SocketStream::kSmallRead);
      co_return std::make_unique<Connection>(std::move(*stream));
    }
    last = stream.error();
    if (last.code == Code::cancelled || last.code == Code::exhausted) break;
  }
  co_return last;
}

void Upstreams::release(const Endpoint& endpoint, std::unique_ptr<Connection> connection) {
  auto found = pools_.find(&endpoint);
  if (found == pools_.end() || found->second.count >= endpoint.settings().max_idle) return;
  Pool& pool = found->second;
  connection->idle_since = Loop::current().now();
  connection->reused = true;
  if (net::SocketStream* socket = connection->stream->socket()) socket->start_reads_at(net::SocketStream::kSmallRead);
  pool.idle.push_front(*connection.release());
  ++pool.count;
  if (!Timer::is_set()) Timer::set(kSweep);
}

void Upstreams::on_timer() {
  Time now = Loop::current().now();
  bool any = false;
  for (auto& [endpoint, pool] : pools_) {
    Connection* next = nullptr;
    for (Connection* connection = pool.idle.front(); connection != nullptr; connection = next) {
      next = pool.idle.next(connection);
      Duration longest = endpoint->settings().idle_timeout;
      bool stale = longest > 0s && now - connection->idle_since >= longest;
      if (stale || connection->stream->readable()) pool.drop(connection);
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
