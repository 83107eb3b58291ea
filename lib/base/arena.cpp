#include "base/arena.h"

#include <cstdlib>
#include <new>

namespace sluice {
namespace {

// Standard chunks are kept per thread so that a steady stream of exchanges never reaches malloc. The list is bounded:
// a burst of 10,000 exchanges must not hold its memory for ever.
struct FreeChunks {
  static constexpr std::size_t kKeep = 256;
  void* head = nullptr;
  std::size_t count = 0;

  ~FreeChunks() {
    while (head != nullptr) {
      void* next = *static_cast<void**>(head);
      std::free(head);
      head = next;
    }
  }
};

thread_local FreeChunks free_chunks;

}  // namespace

void* Arena::allocate_slow(std::size_t size, std::size_t align) {
  std::size_t payload = kChunk - sizeof(Chunk);
  void* memory = nullptr;
  if (size + align <= payload) {
    if (free_chunks.head != nullptr) {
      memory = free_chunks.head;
      free_chunks.head = *static_cast<void**>(memory);
      --free_chunks.count;
    } else {
      memory = std::malloc(kChunk);
    }
  } else {
    payload = size + align;
    memory = std::malloc(sizeof(Chunk) + payload);
  }
  if (memory == nullptr) throw std::bad_alloc();
  chunk_ = ::new (memory) Chunk{chunk_, payload};
  reserved_ += payload;
  used_ = size;
  return chunk_->data();
}

std::string_view Arena::join(std::span<const std::string_view> pieces) {
  std::size_t size = 0;
  for (std::string_view piece : pieces) size += piece.size();
  if (size == 0) return {};
  char* to = static_cast<char*>(allocate(size, 1));
  std::size_t at = 0;
  for (std::string_view piece : pieces) {
    if (!piece.empty()) std::memcpy(to + at, piece.data(), piece.size());
    at += piece.size();
  }
  return {to, size};
}

void Arena::reset() {
  while (chunk_ != nullptr) {
    Chunk* next = chunk_->next;
    if (chunk_->size == kChunk - sizeof(Chunk) && free_chunks.count < FreeChunks::kKeep) {
      *reinterpret_cast<void**>(chunk_) = free_chunks.head;
      free_chunks.head = chunk_;
      ++free_chunks.count;
    } else {
      std::free(chunk_);
    }
    chunk_ = next;
  }
  used_ = 0;
  reserved_ = 0;
}

}  // namespace sluice
