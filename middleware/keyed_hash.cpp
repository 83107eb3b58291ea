#include "middleware/keyed_hash.h"

#include <bit>
#include <cstring>

#include "base/encoding.h"

namespace sluice::middleware {
namespace {

class SipHash {
 public:
  SipHash(std::uint64_t k0, std::uint64_t k1)
      : v0_(k0 ^ 0x736f6d6570736575),
        v1_(k1 ^ 0x646f72616e646f6d),
        v2_(k0 ^ 0x6c7967656e657261),
        v3_(k1 ^ 0x7465646279746573) {}

  void word(std::uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }
  void text(std::string_view text) {
    word(text.size());
    while (text.size() >= 8) {
      std::uint64_t next;
      std::memcpy(&next, text.data(), 8);
      word(next);
      text.remove_prefix(8);
    }
    if (text.empty()) return;
    std::uint64_t last = 0;
    std::memcpy(&last, text.data(), text.size());
    word(last);
  }
  std::uint64_t finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }
  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

std::uint64_t keyed_hash(std::span<const std::string_view> pieces) {
  static const std::uint64_t k0 = random_u64();
  static const std::uint64_t k1 = random_u64();
  SipHash hash(k0, k1);
  for (std::string_view piece : pieces) hash.text(piece);
  return hash.finish();
}

}  // namespace sluice::middleware
