#include "net/stream.h"

#include <algorithm>
#include <cstring>

namespace sluice::net {

bool Writing::await_ready() {
  std::span<const iovec> pieces = pieces_.empty() ? std::span<const iovec>(&one_, 1) : pieces_;
  std::size_t total = 0;
  for (const iovec& piece : pieces) total += piece.iov_len;
  if (total == 0) return true;
  Result<std::size_t> taken = stream_.write_now(pieces, total, follows_);
  if (!taken) {
    outcome_ = taken.error();
    return true;
  }
  if (*taken == total) return true;

  // Only now are the bytes copied: the transport is full, and what was lent is valid no longer than this turn.
  std::size_t skip = *taken;
  std::size_t left = total - skip;
  std::unique_ptr<char[]> rest(new char[left]);
  std::size_t at = 0;
  for (const iovec& piece : pieces) {
    std::size_t gone = std::min(skip, piece.iov_len);
    skip -= gone;
    std::memcpy(rest.get() + at, static_cast<const char*>(piece.iov_base) + gone, piece.iov_len - gone);
    at += piece.iov_len - gone;
  }
  rest_ = stream_.write_rest(std::move(rest), left, stall_);
  return false;
}

}  // namespace sluice::net
