#include "server/h2_tunnel_stream.h"

#include <string>
#include <utility>

namespace sluice::server {

Result<std::size_t> H2TunnelStream::write_now(std::span<const iovec> pieces, std::size_t total, net::Follows) {
  if (stream_.closed()) return stream_.error();
  if (!stream_.settled()) return std::size_t{0};
  bool taken = false;
  if (pieces.size() == 1) {
    taken = stream_.write({static_cast<const char*>(pieces[0].iov_base), total}, false);
  } else {
    std::string joined;
    for (const iovec& piece : pieces) joined.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    taken = stream_.write(joined, false);
  }
  if (taken) return total;
  if (stream_.closed()) return stream_.error();
  // The stream keeps what its window has no room for; somebody must wait for it, so the last byte counts as not taken.
  ahead_ = 1;
  return total - ahead_;
}

Task<Status> H2TunnelStream::write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) {
  Status settled = co_await stream_.settle(stall);
  if (!settled) co_return settled;
  std::size_t taken = std::exchange(ahead_, 0);
  if (taken == size) co_return Status();
  bool framed = stream_.write({rest.get() + taken, size - taken}, false);
  if (!framed) settled = co_await stream_.settle(stall);
  co_return settled;
}

void H2TunnelStream::shutdown() { stream_.finish(nullptr); }

void H2TunnelStream::abort() {
  stream_.reset(http::h2::ErrorCode::connect_error);
  stream_.fail(Error::of(Code::reset, "given up"));
}

void H2TunnelStream::interrupt() {
  stream_.reset(http::h2::ErrorCode::cancel);
  stream_.fail(Error::of(Code::closed, "given up"));
}

}  // namespace sluice::server
