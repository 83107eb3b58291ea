// frames.h: where coroutine frames come from: per-thread free lists of sizes that are multiples of 64 bytes, so that a
// request that never waits for memory allocates nothing from the heap. Also for other small objects of one exchange.
#pragma once

#include <cstddef>

namespace sluice::async {

// Under AddressSanitizer every frame is its own heap block, so that a use after destruction is seen.
#if defined(__SANITIZE_ADDRESS__)
#define SLUICE_POOLED_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUICE_POOLED_FRAMES 0
#endif
#endif
#ifndef SLUICE_POOLED_FRAMES
#define SLUICE_POOLED_FRAMES 1
#endif

struct FreeFrame {
  FreeFrame* next;
};

// Plain data without constructor or destructor, so that reaching it is one instruction.
struct FrameLists {
  static constexpr std::size_t kStep = 64;
  static constexpr std::size_t kClasses = 64;         // up to 4 KiB
  static constexpr unsigned kKeepBytes = 256 * 1024;  // per class: a burst does not hold its memory for ever

  FreeFrame* head[kClasses + 1];
  unsigned bytes[kClasses + 1];  // in the list of this class
};
extern constinit thread_local FrameLists frame_lists;

void* allocate_frame_slow(std::size_t size);
void release_frame_slow(void* frame, std::size_t size);

inline void* allocate_frame(std::size_t size) {
  std::size_t size_class = (size + FrameLists::kStep - 1) / FrameLists::kStep;
  if (SLUICE_POOLED_FRAMES != 0 && size_class <= FrameLists::kClasses) {
    FreeFrame* frame = frame_lists.head[size_class];
    if (frame != nullptr) {
      frame_lists.head[size_class] = frame->next;
      frame_lists.bytes[size_class] -= static_cast<unsigned>(size_class * FrameLists::kStep);
      return frame;
    }
  }
  return allocate_frame_slow(size);
}

inline void release_frame(void* memory, std::size_t size) {
  std::size_t size_class = (size + FrameLists::kStep - 1) / FrameLists::kStep;
  if (SLUICE_POOLED_FRAMES != 0 && size_class <= FrameLists::kClasses &&
      frame_lists.bytes[size_class] < FrameLists::kKeepBytes) {
    auto* frame = static_cast<FreeFrame*>(memory);
    frame->next = frame_lists.head[size_class];
    frame_lists.head[size_class] = frame;
    frame_lists.bytes[size_class] += static_cast<unsigned>(size_class * FrameLists::kStep);
    return;
  }
  release_frame_slow(memory, size);
}

}  // namespace sluice::async
