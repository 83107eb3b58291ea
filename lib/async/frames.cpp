#include <array>
#include <cstdlib>
#include <new>

#include "async/task.h"

namespace sluice::async {
namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 64;            // up to 4 KiB
constexpr std::size_t kKeepBytes = 256 * 1024;  // per class, so that a burst does not hold its memory for ever

struct FreeFrame {
  FreeFrame* next;
};

struct FrameLists {
  std::array<FreeFrame*, kClasses + 1> head{};
  std::array<std::size_t, kClasses + 1> count{};

  ~FrameLists() {
    for (FreeFrame*& list : head) {
      while (list != nullptr) std::free(std::exchange(list, list->next));
    }
  }
};

thread_local FrameLists lists;

}  // namespace

thread_local std::coroutine_handle<> next_to_resume;

#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_PLAIN_FRAMES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_PLAIN_FRAMES 1
#endif
#endif

// Under AddressSanitizer every frame is its own heap block, so that a use after destruction is seen.
#ifdef SLUICE_PLAIN_FRAMES
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

void* allocate_frame(std::size_t size) {
  std::size_t size_class = (size + kStep - 1) / kStep;
  if (kPooled && size_class <= kClasses) {
    FreeFrame*& head = lists.head[size_class];
    if (head != nullptr) {
      --lists.count[size_class];
      return std::exchange(head, head->next);
    }
    size = size_class * kStep;
  }
  void* frame = std::malloc(size);
  if (frame == nullptr) throw std::bad_alloc();
  return frame;
}

void release_frame(void* frame, std::size_t size) {
  std::size_t size_class = (size + kStep - 1) / kStep;
  if (!kPooled || size_class > kClasses || lists.count[size_class] * size_class * kStep >= kKeepBytes) {
    std::free(frame);
    return;
  }
  ++lists.count[size_class];
  auto* free_frame = static_cast<FreeFrame*>(frame);
  free_frame->next = lists.head[size_class];
  lists.head[size_class] = free_frame;
}

}  // namespace sluice::async
