#include "tls/ocsp.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>

#include "tls/native.h"

namespace sluice::tls {
namespace {

constexpr long kClockSkew = 300;  // seconds

struct Free {
  void operator()(OCSP_REQUEST* request) const { OCSP_REQUEST_free(request); }
  void operator()(OCSP_RESPONSE* response) const { OCSP_RESPONSE_free(response); }
  void operator()(OCSP_BASICRESP* response) const { OCSP_BASICRESP_free(response); }
  void operator()(OCSP_CERTID* id) const { OCSP_CERTID_free(id); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

OcspAnswer unusable(std::string why) {
  ERR_clear_error();
  OcspAnswer answer;
  answer.why = std::move(why);
  return answer;
}

bool is_signed(OCSP_BASICRESP* response, X509* issuer) {
  Owned<X509_STORE> store(X509_STORE_new());
  Owned<STACK_OF(X509)> issuers(sk_X509_new_null());
  if (store == nullptr || issuers == nullptr || sk_X509_push(issuers.get(), issuer) <= 0) return false;
  X509_STORE_add_cert(store.get(), issuer);
  // The issuer is who we trust in this, whether it is a root or not.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return OCSP_basic_verify(response, issuers.get(), store.get(), OCSP_TRUSTOTHER) == 1;
}

}  // namespace

std::string ocsp_request(const Certificate& certificate) {
  if (certificate.issuer() == nullptr) return {};
  Owned<OCSP_REQUEST> request(OCSP_REQUEST_new());
  OCSP_CERTID* id = OCSP_cert_to_id(nullptr, certificate.native(), certificate.issuer());
  if (request == nullptr || id == nullptr || OCSP_request_add0_id(request.get(), id) == nullptr) return {};
  unsigned char* der = nullptr;
  int size = i2d_OCSP_REQUEST(request.get(), &der);
  std::string bytes(reinterpret_cast<const char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(der);
  return bytes;
}

OcspAnswer read_ocsp_response(const Certificate& certificate, std::string_view der) {
  ERR_clear_error();
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  Owned<OCSP_RESPONSE> response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())));
  if (response == nullptr) return unusable("it is no OCSP response");
  int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return unusable(std::string("the responder says ") + OCSP_response_status_str(status));
  }
  Owned<OCSP_BASICRESP> basic(OCSP_response_get1_basic(response.get()));
  if (basic == nullptr || certificate.issuer() == nullptr) return unusable("it is of an unknown kind");
  if (!is_signed(basic.get(), certificate.issuer())) return unusable("it is not signed by the certificate's issuer");
  Owned<OCSP_CERTID> id(OCSP_cert_to_id(nullptr, certificate.native(), certificate.issuer()));
  int found = 0;
  int reason = 0;
  ASN1_GENERALIZEDTIME* revoked = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  if (id == nullptr ||
      OCSP_resp_find_status(basic.get(), id.get(), &found, &reason, &revoked, &this_update, &next_update) != 1) {
    return unusable("it says nothing about the certificate");
  }
  if (OCSP_check_validity(this_update, next_update, kClockSkew, -1) != 1) return unusable("it is out of date");
  OcspAnswer answer;
  answer.this_update = unix_time(this_update);
  answer.next_update = unix_time(next_update);
  if (found == V_OCSP_CERTSTATUS_GOOD) {
    answer.state = OcspAnswer::State::good;
  } else if (found == V_OCSP_CERTSTATUS_REVOKED) {
    answer.state = OcspAnswer::State::revoked;
    answer.why = "the certificate has been revoked";
  } else {
    answer.why = "the responder does not know the certificate";
  }
  return answer;
}

}  // namespace sluice::tls
