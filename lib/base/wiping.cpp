#include "base/wiping.h"

#include <malloc.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace {

thread_local bool wiping = true;

}  // namespace

namespace sluice {

void free_without_wiping() { wiping = false; }

}  // namespace sluice

// The other forms without an alignment come down to these two.
void* operator new(std::size_t size) {
  for (;;) {
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    const std::new_handler make_room = std::get_new_handler();
    if (make_room == nullptr) throw std::bad_alloc();
    make_room();
  }
}

// Of this form the address sanitizer has one of its own, whose memory must not come to the delete below.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }

void operator delete(void* memory) noexcept {
  if (memory != nullptr && wiping) explicit_bzero(memory, malloc_usable_size(memory));
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
