#include "tls/ticket_keys.h"

#include <openssl/crypto.h>

#include <cstring>

#include "base/encoding.h"

namespace sluice::tls {

static void fill(TicketKeys::Key& key) {
  random_bytes({reinterpret_cast<char*>(key.name.data()), key.name.size()});
  random_bytes({reinterpret_cast<char*>(key.cipher.data()), key.cipher.size()});
  random_bytes({reinterpret_cast<char*>(key.mac.data()), key.mac.size()});
}

TicketKeys::TicketKeys() {
  for (Key& key : keys_) fill(key);
}

TicketKeys::~TicketKeys() { OPENSSL_cleanse(keys_.data(), sizeof keys_); }

void TicketKeys::rotate() {
  std::uint32_t next = generation_.load(std::memory_order_relaxed) + 1;
  fill(keys_[next % kSlots]);
  generation_.store(next, std::memory_order_release);
  // Two periods after it was last accepted, so that no reader is still at it: what was sealed with it must stay closed
  // even to who reads our memory later.
  OPENSSL_cleanse(&keys_[(next + 1) % kSlots], sizeof(Key));
}

const TicketKeys::Key* TicketKeys::find(const unsigned char* name) const {
  std::uint32_t generation = generation_.load(std::memory_order_acquire);
  for (std::uint32_t back = 0; back < 2; ++back) {
    if (back > generation) break;
    const Key& key = keys_[(generation - back) % kSlots];
    if (CRYPTO_memcmp(key.name.data(), name, key.name.size()) == 0) return &key;
  }
  return nullptr;
}

}  // namespace sluice::tls
