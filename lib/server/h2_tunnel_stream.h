// h2_tunnel_stream.h: a stream of HTTP/2 as a byte transport, for what follows an extended CONNECT (RFC 8441).
//
// Lives in the exchange's task while the tunnel runs.
#pragma once

#include "net/stream.h"
#include "proxy/h2_stream.h"

namespace sluice::server {

class H2TunnelStream final : public net::Stream {
 public:
  explicit H2TunnelStream(proxy::H2Stream& stream) : stream_(stream) {}

  Task<Result<net::Bytes>> read(Deadline deadline) override { return stream_.read(deadline); }
  Result<std::size_t> write_now(std::span<const iovec> pieces, std::size_t total, net::Follows follows) override;
  Task<Status> write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) override;
  void shutdown() override;
  void abort() override;
  void interrupt() override;
  Task<Status> wait_readable(Deadline deadline) override { return stream_.wait_ready(deadline); }
  void observe(async::BreakObserver*) override {}  // the exchange's scope is cancelled instead
  bool readable() const override { return stream_.ready(); }
  bool broken() const override { return stream_.closed(); }
  bool alive() override { return !stream_.ready(); }

 private:
  proxy::H2Stream& stream_;
  std::size_t ahead_ = 0;  // bytes at the front of the next write_rest that were taken already
};

}  // namespace sluice::server
