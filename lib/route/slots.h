// slots.h: a hash table of numbers for keys that are kept elsewhere. Filled while a table is built, then only read: a
// probe is one cache line, and a miss is almost always settled by it.
//
// Keys come from the configuration; what a stranger sends is only looked up, so the hash needs no secret.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::route {

// Continues the hash `so_far` with `text`; how a text is cut into pieces makes a difference.
inline std::uint64_t hash_more(std::uint64_t so_far, std::string_view text) {
  auto mix = [](std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    return hash ^ (hash >> 32);
  };
  std::uint64_t hash = so_far + text.size();
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = mix(hash, word);
    text.remove_prefix(8);
  }
  std::uint64_t word = 0;
  for (char c : text) word = word << 8 | static_cast<unsigned char>(c);
  return mix(hash, word);
}

class Slots {
 public:
  // Empty, with room for `count` numbers.
  explicit Slots(std::size_t count = 0) {
    std::size_t size = 2;
    while (size < count * 2) size *= 2;
    slots_.resize(size);
  }

  // There is room, and no equal key has been added.
  void add(std::uint64_t hash, std::uint32_t number) {
    std::size_t at = hash & mask();
    while (slots_[at].number != kFree) at = (at + 1) & mask();
    slots_[at] = Slot{tag(hash), number};
  }

  // The number for which `is_it(number)`, of those added with this hash.
  template <class Test>
  std::optional<std::uint32_t> find(std::uint64_t hash, const Test& is_it) const {
    for (std::size_t at = hash & mask(); slots_[at].number != kFree; at = (at + 1) & mask()) {
      if (slots_[at].tag == tag(hash) && is_it(slots_[at].number)) return slots_[at].number;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t kFree = 0xffffffff;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t number = kFree;
  };
  static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  std::size_t mask() const { return slots_.size() - 1; }

  std::vector<Slot> slots_;  // a power of two, at most half of them used
};

}  // namespace sluice::route
