// cells.h: numbers that many threads add to and one reads. Each thread has its own copy of every cell, so adding is a
// plain load and store without a lock prefix or a shared cache line; reading sums the copies.
//
// A cell is an index. A thread gets a slot at its first addition and gives it back when it ends; threads beyond
// kThreads - 1 share the last slot and add atomically there.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace sluice::observe {

namespace detail {
// The slot of the calling thread.
std::size_t thread_slot();
}  // namespace detail

class Cells {
 public:
  static constexpr std::size_t kThreads = 256;
  static constexpr std::size_t kPage = 512;    // cells
  static constexpr std::size_t kPages = 2048;  // so a million cells at most

  Cells() = default;
  Cells(const Cells&) = delete;
  Cells& operator=(const Cells&) = delete;
  ~Cells();

  // `count` neighbouring cells, all zero. Aborts when there are none left.
  std::size_t allocate(std::size_t count);
  // Only when no thread adds to them any more.
  void release(std::size_t first, std::size_t count);

  void add(std::size_t cell, std::uint64_t value) {
    const std::size_t slot = detail::thread_slot();
    std::atomic<std::uint64_t>& mine = of(slot, cell);
    if (slot == kThreads - 1) {
      mine.fetch_add(value, std::memory_order_relaxed);
    } else {
      mine.store(mine.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
    }
  }
  // The cell holds a double.
  void add_real(std::size_t cell, double value);

  std::uint64_t sum(std::size_t cell) const;
  double sum_real(std::size_t cell) const;

 private:
  using Page = std::array<std::atomic<std::uint64_t>, kPage>;
  using Pages = std::array<std::atomic<Page*>, kPages>;

  std::atomic<std::uint64_t>& of(std::size_t slot, std::size_t cell) {
    Pages* pages = threads_[slot].load(std::memory_order_acquire);
    Page* page = pages == nullptr ? nullptr : (*pages)[cell / kPage].load(std::memory_order_acquire);
    if (page == nullptr) page = make_page(slot, cell / kPage);
    return (*page)[cell % kPage];
  }
  Page* make_page(std::size_t slot, std::size_t page);
  template <class Visit>
  void each_copy(std::size_t cell, Visit visit) const;

  std::array<std::atomic<Pages*>, kThreads> threads_{};
  std::mutex mutex_;  // for what follows
  std::size_t used_ = 0;
  struct Range {
    std::size_t first;
    std::size_t count;
  };
  std::vector<Range> free_;
};

}  // namespace sluice::observe
