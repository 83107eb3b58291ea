#include "async/frames.h"

#include <cstdlib>
#include <new>
#include <utility>

#include "async/task.h"

namespace sluice::async {

constinit thread_local FrameLists frame_lists{};
constinit thread_local std::coroutine_handle<> next_to_resume{};

namespace {

// Gives a thread's lists back when it ends.
struct Cleaner {
  bool armed = false;
  ~Cleaner() {
    for (FreeFrame*& list : frame_lists.head) {
      while (list != nullptr) std::free(std::exchange(list, list->next));
    }
  }
};
thread_local Cleaner cleaner;

}  // namespace

void* allocate_frame_slow(std::size_t size) {
  cleaner.armed = true;  // makes it exist, so that its destructor runs
  std::size_t size_class = (size + FrameLists::kStep - 1) / FrameLists::kStep;
  bool pooled = SLUICE_POOLED_FRAMES != 0 && size_class <= FrameLists::kClasses;
  void* frame = std::malloc(pooled ? size_class * FrameLists::kStep : size);
  if (frame == nullptr) throw std::bad_alloc();
  return frame;
}

void release_frame_slow(void* frame, std::size_t) { std::free(frame); }

}  // namespace sluice::async
