// memory_stream.h: a pair of streams in memory, joined back to back, for tests of everything above lib/net.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "async/signal.h"
#include "net/stream.h"

namespace sluice::net {

// What travels in one direction.
struct MemoryPipe {
  explicit MemoryPipe(std::size_t capacity_in) : capacity(capacity_in) {}

  std::string bytes;
  std::size_t capacity;  // write waits while so much is unread
  bool ended = false;
  bool reset = false;
  Signal changed;
};

class MemoryStream final : public Stream {
 public:
  MemoryStream(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override;

  // A connected pair. Bytes written to one are read from the other, at most `piece` at a time.
  static std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> pair(std::size_t capacity = 64 * 1024);

  // The most a read gives at once: 1 splits everything at every byte.
  void set_piece(std::size_t bytes) { piece_ = bytes; }

  Task<Result<Bytes>> read(Deadline deadline) override;
  Result<std::size_t> write_now(std::span<const iovec> pieces, std::size_t total, Follows follows) override;
  Task<Status> write_rest(std::unique_ptr<char[]> rest, std::size_t size, Duration stall) override;
  void shutdown() override;
  void abort() override;
  void interrupt() override;
  Task<Status> wait_readable(Deadline deadline) override;
  void observe(async::BreakObserver*) override {}
  bool readable() const override { return !in_->bytes.empty() || in_->ended || in_->reset; }
  bool broken() const override { return in_->reset; }
  bool alive() override { return !readable(); }

 private:
  std::shared_ptr<MemoryPipe> in_;
  std::shared_ptr<MemoryPipe> out_;
  std::size_t piece_ = SIZE_MAX;
  bool aborted_ = false;
};

}  // namespace sluice::net
