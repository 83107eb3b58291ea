// certificates.cpp: N self-signed ECDSA P-256 certificates for tests/bench, each with a key of its own: DIR/I.crt and
// DIR/I.key for the name hI.NAME.
//
//   certificates DIR N NAME
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

bool write(const std::string& path, auto&& put) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  bool good = put(file) == 1;
  return std::fclose(file) == 0 && good;
}

bool make(const std::string& path, const std::string& name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_set_version(certificate, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 2 * 24 * 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, subject);
  X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  bool good = X509_sign(certificate, key, EVP_sha256()) != 0 &&
              write(path + ".crt", [&](std::FILE* file) { return PEM_write_X509(file, certificate); }) &&
              write(path + ".key", [&](std::FILE* file) {
                return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
              });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: certificates DIR N NAME\n");
    return 2;
  }
  for (long i = 0; i < std::atol(argv[2]); ++i) {
    std::string number = std::to_string(i);
    if (!make(std::string(argv[1]) + "/" + number, "h" + number + "." + argv[3])) {
      std::perror(number.c_str());
      return 1;
    }
  }
}
