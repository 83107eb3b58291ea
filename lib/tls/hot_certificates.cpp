#include "tls/hot_certificates.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstdint>

#include "base/result.h"

namespace sluice::tls {

namespace {

Native<ssl_ctx_st> share(const Native<ssl_ctx_st>& context) {
  if (context == nullptr) return nullptr;
  SLUICE_CHECK(SSL_CTX_up_ref(context.get()) == 1);
  return Native<ssl_ctx_st>(context.get());
}

}  // namespace

HotCertificates::Place& HotCertificates::place_of(const Key& key) {
  std::uint64_t mixed = 0;
  for (const x509_st* certificate : key) {
    mixed = (mixed ^ reinterpret_cast<std::uintptr_t>(certificate)) * 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
  }
  static_assert(kPlaces == 16);
  return places_[mixed >> 60];
}

HotCertificates::Found HotCertificates::find(const Key& key) {
  std::lock_guard lock(mutex_);
  Place& place = place_of(key);
  if (place.key == key) {
    place.credit = std::min(place.credit + 1, kMost);
    return {share(place.context), place.context == nullptr && place.credit == kWorth};
  }
  if (--place.credit < 0) place = {key, 1, nullptr};
  return {};
}

void HotCertificates::keep(const Key& key, const Native<ssl_ctx_st>& context) {
  std::lock_guard lock(mutex_);
  Place& place = place_of(key);
  if (place.key == key) place.context = share(context);
}

}  // namespace sluice::tls
