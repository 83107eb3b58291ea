#include "net/memory_stream.h"

#include <algorithm>

namespace sluice::net {

std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> MemoryStream::pair(std::size_t capacity) {
  auto to_second = std::make_shared<MemoryPipe>(capacity);
  auto to_first = std::make_shared<MemoryPipe>(capacity);
  return {std::make_unique<MemoryStream>(to_first, to_second), std::make_unique<MemoryStream>(to_second, to_first)};
}

MemoryStream::~MemoryStream() {
  // Closing with unread bytes resets the connection, as a socket does.
  bool cut = aborted_ || !in_->bytes.empty();
  (cut ? out_->reset : out_->ended) = true;
  in_->reset = true;
  out_->changed.notify_all();
  in_->changed.notify_all();
}

Task<Result<Bytes>> MemoryStream::read(Deadline deadline) {
  std::shared_ptr<MemoryPipe> in = in_;
  for (;;) {
    if (in->reset) co_return Error::of(Code::reset, "reset");
    if (!in->bytes.empty()) break;
    if (in->ended) co_return Bytes();
    Status waited = co_await in->changed.wait(deadline);
    if (!waited) co_return waited.error();
  }
  // Lent from the scratch, as a socket lends: it outlives this stream and is overwritten after the turn.
  Loop& loop = Loop::current();
  std::span<char> scratch = loop.scratch();
  std::size_t size = std::min({piece_, in->bytes.size(), scratch.size()});
  in->bytes.copy(scratch.data(), size);
  in->bytes.erase(0, size);
  loop.lent(size);
  in->changed.notify_all();
  co_return Bytes(scratch.data(), size);
}

Result<std::size_t> MemoryStream::write_now(std::span<const iovec> pieces, std::size_t /*total*/, Follows /*follows*/) {
  if (out_->reset || out_->ended) {
    Error error = Error::of(Code::reset, "write after the end");
    error.nothing_sent = true;
    return error;
  }
  std::size_t taken = 0;
  for (const iovec& piece : pieces) {
    std::size_t room = out_->capacity - std::min(out_->capacity, out_->bytes.size());
    std::size_t size = std::min(room, piece.iov_len);
    out_->bytes.append(static_cast<const char*>(piece.iov_base), size);
    taken += size;
    if (size < piece.iov_len) break;
  }
  out_->changed.notify_all();
  return taken;
}

Task<Status> MemoryStream::write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) {
  std::shared_ptr<MemoryPipe> out = out_;
  std::size_t done = 0;
  while (done < size) {
    if (out->reset || out->ended) co_return Error::of(Code::reset, "write after the end");
    std::size_t room = out->capacity - std::min(out->capacity, out->bytes.size());
    if (room == 0) {
      Status waited = co_await out->changed.wait(Loop::current().now() + stall);
      if (!waited) co_return waited;
      continue;
    }
    std::size_t some = std::min(room, size - done);
    out->bytes.append(rest.get() + done, some);
    done += some;
    out->changed.notify_all();
  }
  co_return Status();
}

void MemoryStream::shutdown() {
  out_->ended = true;
  out_->changed.notify_all();
}

void MemoryStream::interrupt() {
  in_->ended = true;
  in_->changed.notify_all();
}

Task<Status> MemoryStream::wait_readable(Deadline deadline) {
  std::shared_ptr<MemoryPipe> in = in_;
  while (!readable()) {
    Status waited = co_await in->changed.wait(deadline);
    if (!waited) co_return waited;
  }
  co_return Status();
}

void MemoryStream::abort() {
  aborted_ = true;
  in_->reset = true;
  in_->changed.notify_all();
  out_->reset = true;
  out_->changed.notify_all();
}

}  // namespace sluice::net
