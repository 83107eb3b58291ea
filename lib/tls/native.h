// native.h: owners of OpenSSL's objects, and its errors as text. For the .cpp files of this room only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct x509_st;
struct evp_pkey_st;
struct ssl_st;
struct ssl_ctx_st;
struct ssl_session_st;
struct bio_st;
struct asn1_string_st;

namespace sluice::tls {

struct NativeFree {
  void operator()(x509_st* certificate) const;
  void operator()(evp_pkey_st* key) const;
  void operator()(ssl_st* session) const;
  void operator()(ssl_ctx_st* context) const;
  void operator()(ssl_session_st* session) const;
  void operator()(bio_st* bio) const;
};
template <class T>
using Native = std::unique_ptr<T, NativeFree>;

// The reason of the oldest error in this thread's queue, which is emptied; static text.
std::string_view take_openssl_error();

// Seconds since 1970; 0 for what is no time, and for null.
std::int64_t unix_time(const asn1_string_st* time);

// All certificates of a PEM text, in order; none and `error` when there is none or one is broken.
std::vector<Native<x509_st>> read_certificates(const std::string& pem, std::string& error);
// One certificate as it is on the wire; null when it is none.
Native<x509_st> read_certificate(std::string_view der);
// The private key of a PEM text; null and `error` when there is none, or it is encrypted.
Native<evp_pkey_st> read_key(const std::string& pem, std::string& error);

}  // namespace sluice::tls
