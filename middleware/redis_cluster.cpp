#include "middleware/redis_cluster.h"

#include <algorithm>

namespace sluice::middleware {
namespace {

constexpr std::size_t kSlots = 16384;

}  // namespace

std::uint16_t redis_slot(std::string_view key) {
  if (std::size_t open = key.find('{'); open != std::string_view::npos) {
    std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  unsigned crc = 0;  // CRC-16/XMODEM
  for (char c : key) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021U : 0U);
    crc &= 0xffff;
  }
  return static_cast<std::uint16_t>(crc % kSlots);
}

std::optional<RedisRedirection> RedisRedirection::of(const RespValue& reply) {
  if (reply.kind != RespValue::Kind::error) return std::nullopt;
  std::string_view text = reply.text;
  bool moved = text.starts_with("MOVED ");
  if (!moved && !text.starts_with("ASK ")) return std::nullopt;
  std::size_t space = text.rfind(' ');
  std::size_t colon = text.rfind(':');  // an address of IPv6 comes without brackets
  if (colon == std::string_view::npos || colon < space || text.find(' ') == space) return std::nullopt;
  RedisRedirection redirection{moved, text.substr(space + 1, colon - space - 1), text.substr(colon + 1)};
  if (redirection.host == "?") redirection.host = {};  // it does not know its own name
  return redirection;
}

std::shared_ptr<const proxy::Endpoint> RedisCluster::owner_of(std::string_view key) const {
  if (owners_.empty()) return nullptr;
  std::uint16_t owner = owners_[redis_slot(key)];
  return owner == 0 ? nullptr : servers_[owner - 1U];
}

std::size_t RedisCluster::remember(std::shared_ptr<const proxy::Endpoint> server) {
  auto known = std::find(servers_.begin(), servers_.end(), server);
  if (known == servers_.end()) {
    if (servers_.size() >= kMostServers) {
      servers_.clear();
      owners_.clear();
    }
    known = servers_.insert(servers_.end(), std::move(server));
  }
  return static_cast<std::size_t>(known - servers_.begin());
}

void RedisCluster::learn(std::string_view key, std::shared_ptr<const proxy::Endpoint> server) {
  const std::size_t place = remember(std::move(server));
  if (owners_.empty()) owners_.resize(kSlots);
  owners_[redis_slot(key)] = static_cast<std::uint16_t>(place + 1);
}

void RedisCluster::forget(const proxy::Endpoint& server) {
  auto known = std::find_if(servers_.begin(), servers_.end(), [&](const auto& one) { return one.get() == &server; });
  if (known == servers_.end()) return;
  auto gone = static_cast<std::uint16_t>(known - servers_.begin() + 1);
  for (std::uint16_t& owner : owners_) {
    if (owner == gone) owner = 0;
  }
}

std::shared_ptr<const proxy::Endpoint> RedisCluster::find(std::string_view host, std::uint16_t port) const {
  for (const std::shared_ptr<const proxy::Endpoint>& server : servers_) {
    if (server->url().host == host && server->url().port == port) return server;
  }
  return nullptr;
}

}  // namespace sluice::middleware
