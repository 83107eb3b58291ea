#include "acme/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "base/encoding.h"
#include "base/ip.h"
#include "base/text.h"
#include "tls/digest.h"

namespace sluice::acme {
namespace {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_REQ* request) const { X509_REQ_free(request); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

constexpr std::size_t kMostCommonName = 64;     // RFC 5280, ub-common-name
constexpr std::int64_t kClockSkew = 24 * 3600;  // CAs date certificates back, clocks of ours may be late
constexpr std::size_t kMostCertificates = 16;

int no_passphrase(char*, int, int, void*) { return -1; }

std::vector<Owned<X509>> read_chain(const std::string& pem) {
  std::vector<Owned<X509>> chain;
  Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  SLUICE_CHECK(bio != nullptr);
  while (chain.size() < kMostCertificates) {
    X509* one = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr);
    if (one == nullptr) break;
    chain.emplace_back(one);
  }
  ERR_clear_error();
  return chain;
}

std::int64_t unix_time(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(timegm(&parts)) : 0;
}

std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return {};
  std::string copy(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return copy;
}

std::string_view bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::string address_text(std::string_view raw) {
  if (raw.size() == 4) {
    std::uint32_t host = 0;
    for (char c : raw) host = host << 8 | static_cast<std::uint8_t>(c);
    return IpAddress::v4(host).to_string();
  }
  if (raw.size() != 16) return {};
  std::array<std::uint8_t, 16> bytes;
  std::copy(raw.begin(), raw.end(), reinterpret_cast<char*>(bytes.data()));
  return IpAddress::v6(bytes).to_string();
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* alternatives =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(alternatives); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(alternatives, i);
    if (name->type == GEN_DNS) names.push_back(lowered(bytes_of(name->d.dNSName)));
    if (name->type == GEN_IPADD) names.push_back(address_text(bytes_of(name->d.iPAddress)));
  }
  GENERAL_NAMES_free(alternatives);
  return names;
}

std::string der_of(X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_X509(certificate, &data);
  SLUICE_CHECK(size > 0);
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  return der;
}

std::string pem_of(X509* certificate) {
  Owned<BIO> bio(BIO_new(BIO_s_mem()));
  SLUICE_CHECK(bio != nullptr && PEM_write_bio_X509(bio.get(), certificate) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// The content bytes of the serial number's DER: with the zero in front that keeps it positive.
std::string serial_bytes(const X509* certificate) {
  unsigned char* data = nullptr;
  const int size = i2d_ASN1_INTEGER(const_cast<ASN1_INTEGER*>(X509_get0_serialNumber(certificate)), &data);
  if (size <= 2) return {};
  std::string content(reinterpret_cast<char*>(data) + 2, static_cast<std::size_t>(size) - 2);
  OPENSSL_free(data);
  return content;
}

bool is_self_issued(const X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

}  // namespace

std::string make_request(const PrivateKey& key, const RequestForm& form) {
  Owned<X509_REQ> request(X509_REQ_new());
  SLUICE_CHECK(request != nullptr && X509_REQ_set_version(request.get(), 0) == 1);
  SLUICE_CHECK(X509_REQ_set_pubkey(request.get(), key.native()) == 1);
  std::string alternatives;
  for (const std::string& name : form.names) {
    alternatives += alternatives.empty() ? "" : ",";
    alternatives += IpAddress::parse(name) ? "IP:" + name : "DNS:" + name;
  }
  for (const std::string& email : form.emails) alternatives += ",email:" + email;
  if (form.common_name && !form.names.empty() && form.names.front().size() <= kMostCommonName &&
      !IpAddress::parse(form.names.front())) {
    const auto* text = reinterpret_cast<const unsigned char*>(form.names.front().c_str());
    SLUICE_CHECK(X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN", MBSTRING_UTF8, text, -1, -1,
                                            0) == 1);
  }
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, nullptr, nullptr, request.get(), nullptr, 0);
  STACK_OF(X509_EXTENSION)* extensions = sk_X509_EXTENSION_new_null();
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, alternatives.c_str());
  if (extension != nullptr) sk_X509_EXTENSION_push(extensions, extension);
  X509_REQ_add_extensions(request.get(), extensions);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  SLUICE_CHECK(X509_REQ_sign(request.get(), key.native(), EVP_sha256()) > 0);
  unsigned char* data = nullptr;
  const int size = i2d_X509_REQ(request.get(), &data);
  SLUICE_CHECK(size > 0);
  std::string der(reinterpret_cast<char*>(data), static_cast<std::size_t>(size));
  OPENSSL_free(data);
  ERR_clear_error();
  return der;
}

bool covers(std::string_view pattern, std::string_view name) {
  if (pattern == name) return true;
  if (!pattern.starts_with("*.") || name.starts_with("*.")) return false;
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot) == pattern.substr(1);
}

bool Leaf::covers(std::string_view name) const {
  return std::any_of(names.begin(), names.end(), [&](const std::string& own) { return acme::covers(own, name); });
}

std::optional<Leaf> read_leaf(const std::string& pem_chain) {
  const std::vector<Owned<X509>> chain = read_chain(pem_chain);
  if (chain.empty()) return std::nullopt;
  X509* own = chain.front().get();
  Leaf leaf;
  leaf.names = names_of(own);
  leaf.not_before = unix_time(X509_get0_notBefore(own));
  leaf.not_after = unix_time(X509_get0_notAfter(own));
  leaf.issuer = common_name(X509_get_issuer_name(own));
  leaf.der = der_of(own);
  const EVP_PKEY* key = X509_get0_pubkey(own);
  leaf.rsa = key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
  const std::string serial = serial_bytes(own);
  leaf.serial = hex_encode(serial);
  const ASN1_OCTET_STRING* authority = X509_get0_authority_key_id(own);
  if (authority != nullptr) {
    leaf.ari_id = base64_encode(bytes_of(authority), Base64::url) + '.' + base64_encode(serial, Base64::url);
  }
  ERR_clear_error();
  return leaf;
}

std::string check_chain(const std::string& pem_chain, const PrivateKey& key, const std::vector<std::string>& names,
                        std::int64_t now) {
  const std::vector<Owned<X509>> chain = read_chain(pem_chain);
  if (chain.empty()) return "there is no certificate in it";
  ERR_clear_error();
  if (X509_check_private_key(chain.front().get(), key.native()) != 1) {
    ERR_clear_error();
    return "it is for another key";
  }
  const std::optional<Leaf> leaf = read_leaf(pem_chain);
  for (const std::string& name : names) {
    if (!leaf->covers(name)) return "it is not for " + name;
  }
  if (leaf->not_after <= now) return "it has expired already";
  if (leaf->not_before > now + kClockSkew) return "it is not valid yet; the clock may be wrong";
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    EVP_PKEY* above = X509_get0_pubkey(chain[i + 1].get());
    const bool linked =
        above != nullptr &&
        X509_NAME_cmp(X509_get_issuer_name(chain[i].get()), X509_get_subject_name(chain[i + 1].get())) == 0 &&
        X509_verify(chain[i].get(), above) == 1;
    ERR_clear_error();
    if (!linked) return "certificate " + std::to_string(i + 1) + " of the chain is not signed by the next one";
  }
  return {};
}

std::string clean_chain(std::string_view pem) {
  if (pem.find("PRIVATE KEY") != std::string_view::npos) return {};  // nobody else makes our keys
  std::vector<Owned<X509>> chain = read_chain(std::string(pem));
  if (chain.size() > 1 && is_self_issued(chain.back().get())) chain.pop_back();
  std::string text;
  for (const Owned<X509>& one : chain) text += pem_of(one.get());
  return text;
}

ChainMatch match_chain(const std::string& pem_chain, const std::string& wanted) {
  const std::vector<Owned<X509>> chain = read_chain(pem_chain);
  if (chain.empty()) return ChainMatch::none;
  if (common_name(X509_get_issuer_name(chain.back().get())) == wanted ||
      iequals(hex_encode(tls::sha256(der_of(chain.back().get()))), wanted)) {
    return ChainMatch::last_issuer;
  }
  const bool some = std::any_of(chain.begin(), chain.end(), [&](const Owned<X509>& one) {
    return common_name(X509_get_issuer_name(one.get())) == wanted;
  });
  return some ? ChainMatch::some_issuer : ChainMatch::none;
}

}  // namespace sluice::acme
