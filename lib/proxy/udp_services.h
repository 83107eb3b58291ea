// udp_services.h: UDP services: which server a new session gets.
//
// Immutable, shared by all workers; positions of round robin are per worker and outlive snapshots.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/weights.h"

namespace sluice::proxy {

struct UdpServer {
  std::string host;  // name or address, without brackets
  std::uint16_t port = 0;
  std::string address;  // as configured
};

class UdpService {
 public:
  virtual ~UdpService() = default;
  // Once per session, on a worker's thread. Null: there is no server.
  virtual const UdpServer* choose(unsigned worker) const = 0;
  // Whether a session with the server of this address may go on. Any worker.
  virtual bool has(std::string_view address) const = 0;
};

class UdpLoadBalancer final : public UdpService {
 public:
  // `positions` has one weight per server.
  UdpLoadBalancer(std::vector<UdpServer> servers, std::shared_ptr<WeightedPositions> positions)
      : servers_(std::move(servers)), positions_(std::move(positions)) {}
  const UdpServer* choose(unsigned worker) const override;
  bool has(std::string_view address) const override;

 private:
  std::vector<UdpServer> servers_;
  std::shared_ptr<WeightedPositions> positions_;
};

class UdpWeighted final : public UdpService {
 public:
  UdpWeighted(std::vector<std::shared_ptr<const UdpService>> services, std::shared_ptr<WeightedPositions> positions)
      : services_(std::move(services)), positions_(std::move(positions)) {}
  const UdpServer* choose(unsigned worker) const override;
  bool has(std::string_view address) const override;

 private:
  std::vector<std::shared_ptr<const UdpService>> services_;
  std::shared_ptr<WeightedPositions> positions_;
};

}  // namespace sluice::proxy
