// redis_cluster.h: which server of a Redis cluster has a key, as far as its servers have told.
//
// Nothing is asked ahead: a server that does not have a key says who does, and that is remembered for the key's slot.
// One per worker, used by its loop only.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "middleware/resp.h"
#include "proxy/endpoint.h"

namespace sluice::middleware {

// The slot of a key: CRC16 of the key, or of what stands between its first braces.
std::uint16_t redis_slot(std::string_view key);

// The answer of a server that does not have the key.
struct RedisRedirection {
  bool for_good = false;  // MOVED; ASK is for this command alone, which ASKING has to precede
  std::string_view host;  // who has it; empty: the host of who answered
  std::string_view port;
  // Nothing for any other reply. Views the reply.
  static std::optional<RedisRedirection> of(const RespValue& reply);
};

class RedisCluster {
 public:
  // Null: not known.
  std::shared_ptr<const proxy::Endpoint> owner_of(std::string_view key) const;
  void learn(std::string_view key, std::shared_ptr<const proxy::Endpoint> server);
  // Who has some key for a while: `find` gives the same endpoint, with its connections, the next time. Its place.
  std::size_t remember(std::shared_ptr<const proxy::Endpoint> server);
  // It cannot be reached: the others are to say who has its slots.
  void forget(const proxy::Endpoint& server);
  // A server that was learnt, or null.
  std::shared_ptr<const proxy::Endpoint> find(std::string_view host, std::uint16_t port) const;

 private:
  // More servers than any cluster has (1,000) are a mistake; what is known is dropped then.
  static constexpr std::size_t kMostServers = 1000;

  std::vector<std::uint16_t> owners_;  // by slot: 1 + the place in servers_, or 0; empty before the first is learnt
  std::vector<std::shared_ptr<const proxy::Endpoint>> servers_;
};

}  // namespace sluice::middleware
