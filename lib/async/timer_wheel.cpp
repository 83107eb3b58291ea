#include "async/timer_wheel.h"

#include <bit>

namespace sluice::async {

void TimerWheel::arm(TimerNode& node, Time due) {
  node.due_ = due;
  node.unlink();
  if (due.is_never()) return;
  std::int64_t tick = due.ns / kTick.count() + (due.ns % kTick.count() > 0 ? 1 : 0);
  place(node, tick);
}

void TimerWheel::place(TimerNode& node, std::int64_t tick) {
  if (tick <= tick_) tick = tick_ + 1;
  std::int64_t distance = tick - tick_;
  int level = 0;
  while (level < kLevels - 1 && distance >= std::int64_t{1} << (kBits * (level + 1))) ++level;
  std::int64_t farthest = tick_ + (std::int64_t{1} << (kBits * kLevels)) - 1;
  if (tick > farthest) tick = farthest;  // cascades back here until its time has come
  int slot = static_cast<int>(tick >> (kBits * level)) & (kSlots - 1);
  slots_[level][slot].push_back(node);
  occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::cascade(int level) {
  int slot = static_cast<int>(tick_ >> (kBits * level)) & (kSlots - 1);
  if (slot == 0 && level + 1 < kLevels) cascade(level + 1);
  List<TimerNode, TimerTag> moved;
  slots_[level][slot].splice_to(moved);
  occupied_[level] &= ~(std::uint64_t{1} << slot);
  while (TimerNode* node = moved.pop_front()) {
    std::int64_t tick = node->due_.ns / kTick.count() + (node->due_.ns % kTick.count() > 0 ? 1 : 0);
    if (tick <= tick_) {
      // Due in this very tick: the level-0 slot is fired right after the cascade.
      slots_[0][static_cast<int>(tick_) & (kSlots - 1)].push_back(*node);
      occupied_[0] |= std::uint64_t{1} << (static_cast<int>(tick_) & (kSlots - 1));
    } else {
      place(*node, tick);
    }
  }
}

void TimerWheel::advance(Time now) {
  std::int64_t target = now.ns / kTick.count();
  while (tick_ < target) {
    // Nothing can fire before the next occupied slot, so a long sleep does not walk through every tick.
    Time next = next_due();
    std::int64_t next_tick = next.is_never() ? target : next.ns / kTick.count();
    if (next_tick > target) {
      tick_ = target;
      return;
    }
    tick_ = next_tick > tick_ ? next_tick : tick_ + 1;
    int slot = static_cast<int>(tick_) & (kSlots - 1);
    if (slot == 0) cascade(1);
    List<TimerNode, TimerTag> due;
    slots_[0][slot].splice_to(due);
    occupied_[0] &= ~(std::uint64_t{1} << slot);
    while (TimerNode* node = due.pop_front()) node->expired();
  }
}

Time TimerWheel::next_due() {
  std::int64_t best = -1;
  for (int level = 0; level < kLevels; ++level) {
    int shift = kBits * level;
    std::int64_t position = tick_ >> shift;
    int current = static_cast<int>(position) & (kSlots - 1);
    // Slots in the order they come up: current + 1, current + 2, …, and the current one last, a whole turn away.
    std::uint64_t bits = std::rotr(occupied_[level], (current + 1) & (kSlots - 1));
    while (bits != 0) {
      int offset = std::countr_zero(bits);
      int slot = (current + 1 + offset) & (kSlots - 1);
      if (slots_[level][slot].empty()) {
        occupied_[level] &= ~(std::uint64_t{1} << slot);
        bits &= bits - 1;
        continue;
      }
      std::int64_t tick = (position + 1 + offset) << shift;
      if (best < 0 || tick < best) best = tick;
      break;
    }
  }
  return best < 0 ? Time::never() : Time{best * kTick.count()};
}

}  // namespace sluice::async
