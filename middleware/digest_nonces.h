// digest_nonces.h: the nonces of digestAuth: values we gave out, each good for a while and for requests that count up.
//
// A nonce says when it was made and proves with a keyed digest that we made it, so giving one out keeps nothing. Only
// of nonces in use is the last count kept: 8,192 places, and a nonce that lost its place is stale.
//
// In the registry, so that a reload asks nobody for a password again. Shared by all workers without a lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace sluice::middleware {

class DigestNonces {
 public:
  DigestNonces();

  std::string make(Time now) const;
  // Whether a request may use the nonce with this count: it is ours, not too old, and the count is above the last one.
  // Takes note of the count.
  bool use(std::string_view nonce, std::uint32_t count, Time now);

  const std::string& opaque() const { return opaque_; }

 private:
  static constexpr Duration kGood = 15min;
  static constexpr std::size_t kPlaces = 8192;

  std::string proof(std::string_view stamp) const;

  std::string key_;
  std::string opaque_;
  // 32 bits of a hash of the nonce, and the last count.
  std::unique_ptr<std::array<std::atomic<std::uint64_t>, kPlaces>> places_;
};

}  // namespace sluice::middleware
