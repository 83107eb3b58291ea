#include "observe/cells.h"

#include <algorithm>

#include "base/result.h"

namespace sluice::observe {

namespace detail {

namespace {

class Slots {
 public:
  std::size_t take() {
    const std::lock_guard lock(mutex_);
    const auto free = std::find(taken_.begin(), taken_.end() - 1, false);  // the last one is shared, never taken
    if (free != taken_.end() - 1) *free = true;
    return static_cast<std::size_t>(free - taken_.begin());
  }
  void give_back(std::size_t slot) {
    const std::lock_guard lock(mutex_);
    taken_[slot] = false;
  }

 private:
  std::mutex mutex_;
  std::array<bool, Cells::kThreads> taken_{};
};

Slots& slots() {
  static Slots* const all = new Slots;  // threads may end after static objects are gone
  return *all;
}

struct OwnSlot {
  std::size_t slot = slots().take();
  ~OwnSlot() { slots().give_back(slot); }
};

}  // namespace

std::size_t thread_slot() {
  thread_local const OwnSlot own;
  return own.slot;
}

}  // namespace detail

Cells::~Cells() {
  for (std::atomic<Pages*>& thread : threads_) {
    Pages* pages = thread.load();
    if (pages == nullptr) continue;
    for (std::atomic<Page*>& page : *pages) delete page.load();
    delete pages;
  }
}

std::size_t Cells::allocate(std::size_t count) {
  const std::lock_guard lock(mutex_);
  const auto range = std::find_if(free_.begin(), free_.end(), [&](const Range& r) { return r.count == count; });
  if (range != free_.end()) {
    const std::size_t first = range->first;
    free_.erase(range);
    return first;
  }
  SLUICE_CHECK(used_ + count <= kPage * kPages);
  used_ += count;
  return used_ - count;
}

void Cells::release(std::size_t first, std::size_t count) {
  // What other threads added before they gave up their handles is seen here, and so really zeroed.
  std::atomic_thread_fence(std::memory_order_acquire);
  for (std::size_t cell = first; cell < first + count; ++cell) {
    each_copy(cell, [](std::atomic<std::uint64_t>& copy) { copy.store(0, std::memory_order_relaxed); });
  }
  const std::lock_guard lock(mutex_);
  free_.push_back({first, count});
}

// Several threads may come here for the shared slot, so whoever is first wins.
Cells::Page* Cells::make_page(std::size_t slot, std::size_t page) {
  Pages* pages = threads_[slot].load(std::memory_order_acquire);
  if (pages == nullptr) {
    auto fresh = std::make_unique<Pages>();
    for (std::atomic<Page*>& entry : *fresh) entry.store(nullptr, std::memory_order_relaxed);
    if (threads_[slot].compare_exchange_strong(pages, fresh.get(), std::memory_order_acq_rel)) pages = fresh.release();
  }
  Page* known = nullptr;
  auto fresh = std::make_unique<Page>();
  for (std::atomic<std::uint64_t>& cell : *fresh) cell.store(0, std::memory_order_relaxed);
  if ((*pages)[page].compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) return fresh.release();
  return known;
}

void Cells::add_real(std::size_t cell, double value) {
  const std::size_t slot = detail::thread_slot();
  std::atomic<std::uint64_t>& mine = of(slot, cell);
  std::uint64_t held = mine.load(std::memory_order_relaxed);
  if (slot != kThreads - 1) {
    mine.store(std::bit_cast<std::uint64_t>(std::bit_cast<double>(held) + value), std::memory_order_relaxed);
    return;
  }
  while (!mine.compare_exchange_weak(held, std::bit_cast<std::uint64_t>(std::bit_cast<double>(held) + value),
                                     std::memory_order_relaxed)) {
  }
}

template <class Visit>
void Cells::each_copy(std::size_t cell, Visit visit) const {
  for (const std::atomic<Pages*>& thread : threads_) {
    Pages* pages = thread.load(std::memory_order_acquire);
    Page* page = pages == nullptr ? nullptr : (*pages)[cell / kPage].load(std::memory_order_acquire);
    if (page != nullptr) visit((*page)[cell % kPage]);
  }
}

std::uint64_t Cells::sum(std::size_t cell) const {
  std::uint64_t total = 0;
  each_copy(cell, [&](const std::atomic<std::uint64_t>& copy) { total += copy.load(std::memory_order_relaxed); });
  return total;
}

double Cells::sum_real(std::size_t cell) const {
  double total = 0;
  each_copy(cell, [&](const std::atomic<std::uint64_t>& copy) {
    total += std::bit_cast<double>(copy.load(std::memory_order_relaxed));
  });
  return total;
}

}  // namespace sluice::observe
