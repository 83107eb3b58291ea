// arena.h: memory that lives exactly as long as one exchange. Bump allocation, freed all at once.
//
// Not thread-safe; owned by the exchange (or by whoever builds a snapshot). Pointers are stable until `reset` or
// destruction. Destructors of objects placed here do not run: only trivially destructible types go in.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace sluice {

class Arena {
 public:
  // Chunks come from a per-thread free list of kChunk bytes; larger requests get a chunk of their own.
  static constexpr std::size_t kChunk = 4096;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { reset(); }

  // Uninitialised bytes aligned to `align` (a power of two, at most 16).
  void* allocate(std::size_t size, std::size_t align = 8) {
    std::size_t start = (used_ + align - 1) & ~(align - 1);
    if (chunk_ == nullptr || start + size > chunk_->size) return allocate_slow(size, align);
    used_ = start + size;
    return chunk_->data() + start;
  }

  template <class T>
  T* array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
  }

  template <class T, class... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return ::new (allocate(sizeof(T), alignof(T))) T{static_cast<Args&&>(args)...};
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* to = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  // The pieces one after another, as one piece of text.
  std::string_view join(std::span<const std::string_view> pieces);

  // Gives everything back; the arena can be used again.
  void reset();

  std::size_t bytes_reserved() const { return reserved_; }

 private:
  struct Chunk {
    Chunk* next;
    std::size_t size;
    char* data() { return reinterpret_cast<char*>(this + 1); }
  };
  static_assert(sizeof(Chunk) % 16 == 0);

  void* allocate_slow(std::size_t size, std::size_t align);

  Chunk* chunk_ = nullptr;
  std::size_t used_ = 0;
  std::size_t reserved_ = 0;
};

}  // namespace sluice
