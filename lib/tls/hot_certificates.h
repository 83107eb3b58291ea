// hot_certificates.h: contexts of the library that hold the certificates most handshakes are served with.
//
// The library checks a certificate each time it is put into a session: 4 % of a full handshake. A context that has it
// hands it on without, but takes memory and time to make, so only what is asked for again and again gets one.
//
// Shared by all workers.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

#include "tls/native.h"

namespace sluice::tls {

class HotCertificates {
 public:
  // The certificates of one handshake, by identity; null where there are fewer.
  using Key = std::array<x509_st*, 3>;

  struct Found {
    Native<ssl_ctx_st> context;  // null: put the certificates into the session
    bool worth_keeping = false;  // make a context and `keep` it
  };
  Found find(const Key& key);
  // `context` holds a reference to each certificate of `key`.
  void keep(const Key& key, const Native<ssl_ctx_st>& context);

  static constexpr std::size_t kPlaces = 16;
  static constexpr int kWorth = 16;  // handshakes more than with others of the same place
  static constexpr int kMost = 64;   // so many more count

 private:
  // A place belongs to one key. A handshake with it is a credit, one with another key of the same place a debit;
  // without credit the place is the other's. So certificates that are asked for in turn with many others stay out.
  struct Place {
    Key key = {};
    int credit = 0;
    Native<ssl_ctx_st> context;
  };
  Place& place_of(const Key& key);

  std::mutex mutex_;
  std::array<Place, kPlaces> places_;
};

}  // namespace sluice::tls
