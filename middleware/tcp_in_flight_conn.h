// tcp_in_flight_conn.h: the TCP middleware inFlightConn: a client address may have only so many connections open; one
// more is closed.
//
// Immutable and shared by all workers; the counts are in the registry, so a reload counts on.
#pragma once

#include <memory>
#include <string>

#include "control/middleware_kind.h"
#include "middleware/in_flight_counts.h"

namespace sluice::middleware {

class TcpInFlightConn final : public proxy::TcpMiddleware {
 public:
  static control::MadeTcpMiddleware make(const config::TcpInFlightConn& settings, const std::string& name,
                                         control::Registry& registry);
  TcpInFlightConn(std::shared_ptr<InFlightCounts> counts, std::uint64_t limit)
      : counts_(std::move(counts)), limit_(limit) {}

  Task<void> run(net::Stream& client, LentBytes& first, const proxy::TcpPeer& peer,
                 const proxy::TcpHandler& next) const override;

  static const control::TcpMiddlewareKind kKind;

 private:
  std::shared_ptr<InFlightCounts> counts_;
  std::uint64_t limit_;
};

}  // namespace sluice::middleware
