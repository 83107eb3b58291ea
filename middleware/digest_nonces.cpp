#include "middleware/digest_nonces.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/text.h"
#include "middleware/keyed_hash.h"
#include "tls/digest.h"

namespace sluice::middleware {
namespace {

constexpr std::size_t kStamp = 32;  // hexadecimal digits: the time and 8 random bytes
constexpr std::size_t kProof = 32;

}  // namespace

DigestNonces::DigestNonces()
    : key_(32, '\0'),
      opaque_(random_hex(16)),
      places_(std::make_unique<std::array<std::atomic<std::uint64_t>, kPlaces>>()) {
  random_bytes(key_);
}

std::string DigestNonces::proof(std::string_view stamp) const {
  return hex_encode(tls::sha256(key_ + tls::sha256(key_ + std::string(stamp)))).substr(0, kProof);
}

std::string DigestNonces::make(Time now) const {
  std::string stamp = fmt::format("{:016x}{}", now.ns, random_hex(8));
  return stamp + proof(stamp);
}

bool DigestNonces::use(std::string_view nonce, std::uint32_t count, Time now) {
  if (nonce.size() != kStamp + kProof || count == 0) return false;
  std::string_view stamp = nonce.substr(0, kStamp);
  if (!tls::same_secret(proof(stamp), nonce.substr(kStamp))) return false;
  std::int64_t made = 0;
  for (char c : stamp.substr(0, 16)) made = made * 16 + hex_digit(c);
  if (now.ns - made > kGood.count()) return false;
  std::string_view pieces[] = {stamp};
  std::uint64_t hash = keyed_hash(pieces);
  std::atomic<std::uint64_t>& place = (*places_)[hash % kPlaces];
  std::uint64_t tag = hash & 0xffffffff00000000;
  std::uint64_t held = place.load(std::memory_order_relaxed);
  for (;;) {
    bool ours = (held & 0xffffffff00000000) == tag;
    // A nonce without a place is one that was never used, or that another one has displaced: then its last count is not
    // known, and only the first may pass.
    if (ours ? count <= (held & 0xffffffff) : count != 1) return false;
    if (place.compare_exchange_weak(held, tag | count, std::memory_order_relaxed)) return true;
  }
}

}  // namespace sluice::middleware
