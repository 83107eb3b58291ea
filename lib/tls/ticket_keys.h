// ticket_keys.h: the keys that session tickets are sealed with: random, in memory only, the same for all workers, so
// that a client may resume with any of them.
//
// The control thread rotates; workers read without a lock. A ticket is accepted as long as its key is the current one
// or the one before, so it lives between one and two periods.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace sluice::tls {

class TicketKeys {
 public:
  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> cipher;  // AES-256-CBC
    std::array<unsigned char, 32> mac;     // HMAC-SHA-256
  };

  TicketKeys();
  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Control thread, every kPeriod.
  void rotate();
  static constexpr Duration kPeriod = 12h;

  const Key& current() const { return keys_[generation_.load(std::memory_order_acquire) % kSlots]; }
  // The key of that name if it is still accepted, else null.
  const Key* find(const unsigned char* name) const;

 private:
  // A slot is written again only after kSlots rotations: no reader takes so long.
  static constexpr std::uint32_t kSlots = 4;

  std::array<Key, kSlots> keys_;
  std::atomic<std::uint32_t> generation_{0};
};

}  // namespace sluice::tls
