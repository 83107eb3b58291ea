#include "tls/peer_certificate.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/ip.h"
#include "base/text.h"

namespace sluice::tls {
namespace {

bool is_name(const GENERAL_NAME& name, const ClientPolicy::PeerName& wanted) {
  using Kind = ClientPolicy::PeerName::Kind;
  const ASN1_STRING* text = nullptr;
  if (name.type == GEN_DNS && wanted.kind == Kind::dns) text = name.d.dNSName;
  if (name.type == GEN_EMAIL && wanted.kind == Kind::email) text = name.d.rfc822Name;
  if (name.type == GEN_URI && wanted.kind == Kind::uri) text = name.d.uniformResourceIdentifier;
  if (name.type == GEN_IPADD && wanted.kind == Kind::ip) text = name.d.iPAddress;
  if (text == nullptr) return false;
  std::string_view value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                         static_cast<std::size_t>(ASN1_STRING_length(text)));
  if (wanted.kind == Kind::dns) return iequals(value, wanted.value);
  if (wanted.kind != Kind::ip) return value == wanted.value;
  Result<IpAddress> ip = IpAddress::parse(wanted.value);
  if (!ip) return false;
  std::string_view bytes(reinterpret_cast<const char*>(ip->bytes().data()), ip->bytes().size());
  return value == (ip->is_v4() ? bytes.substr(12) : bytes);
}

}  // namespace

bool peer_has_name(ssl_st* session, const std::vector<ClientPolicy::PeerName>& wanted) {
  Native<x509_st> certificate(SSL_get1_peer_certificate(session));
  if (certificate == nullptr) return false;
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    for (const ClientPolicy::PeerName& one : wanted) found = found || is_name(*name, one);
  }
  GENERAL_NAMES_free(names);
  return found;
}

std::vector<std::string> peer_chain_of(ssl_st* session) {
  std::vector<std::string> chain;
  auto add = [&](X509* certificate) {
    unsigned char* der = nullptr;
    int size = i2d_X509(certificate, &der);
    if (size > 0) chain.emplace_back(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  };
  Native<x509_st> own(SSL_get1_peer_certificate(session));
  if (own == nullptr) return chain;
  add(own.get());
  // On the server's side the list is without the peer's own certificate.
  STACK_OF(X509)* others = SSL_get_peer_cert_chain(session);
  for (int i = SSL_is_server(session) == 1 ? 0 : 1; i < sk_X509_num(others); ++i) add(sk_X509_value(others, i));
  return chain;
}

}  // namespace sluice::tls
