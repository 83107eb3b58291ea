// content_store.h: the content of a message, kept to be sent later or more than once: in memory up to a limit, the rest
// in a file that has no name and goes with the process.
//
// Filled by one task, then read by any number of bodies, all on one worker. Whoever sends it must not be left without
// it: keep_for_exchange gives it to the scope of the exchange, which outlives every task that sends the request.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/ref.h"
#include "http/message.h"

namespace sluice::proxy {

class ContentStore final : public RefCounted {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  explicit ContentStore(std::uint64_t in_memory = kNoLimit) : in_memory_(in_memory) {}
  ~ContentStore();
  ContentStore(const ContentStore&) = delete;
  ContentStore& operator=(const ContentStore&) = delete;

  // Appends all of `body`, unless that is more than `limit` bytes: then it stops before the end and gives false. What
  // it has read stays. Errors: the body's, and exhausted when there is no room for the file.
  Task<Result<bool>> fill(http::Body& body, std::uint64_t limit);
  // One piece more. Error: exhausted, as `fill`.
  Status append(std::string_view bytes);

  std::uint64_t size() const { return size_; }

  // The stored content of a request; `from` is the body it was read from. If it is not `complete`, what is left of
  // `from` follows. Lives in the arena.
  http::Body* new_request_body(Arena& arena, http::Body& from, bool complete) const;
  // The same when all of it is in memory and there is nothing but the content, not even trailers.
  http::Body* new_request_body(Arena& arena) const;
  // The stored content and the store with it.
  static std::unique_ptr<http::Body> as_response_body(Ref<ContentStore> store, std::unique_ptr<http::Body> read_from);

  // The piece that begins at `at`; empty at the end.
  std::string_view piece(std::uint64_t at) const;

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    std::size_t used = 0;
    std::uint64_t at = 0;  // of its first byte
  };
  Status append_to_file(std::string_view bytes);
  // Makes the file readable; once, when it is complete.
  Status map();

  std::uint64_t in_memory_;
  std::uint64_t size_ = 0;
  std::vector<Block> blocks_;
  std::uint64_t block_bytes_ = 0;
  int file_ = -1;
  const char* mapped_ = nullptr;
  std::uint64_t mapped_size_ = 0;
};

}  // namespace sluice::proxy
