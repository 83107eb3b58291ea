#include "tls/policy.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/result.h"
#include "base/text.h"
#include "tls/library_context.h"

namespace sluice::tls {
namespace {

struct Name {
  std::string_view go;
  std::string_view library;  // empty: no effect, or not in any library we use
};

// Every suite Go knows (crypto/tls), with its name in OpenSSL.
constexpr Name kSuites[] = {
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
    {"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"},
    {"TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "ECDHE-RSA-DES-CBC3-SHA"},
    {"TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA"},
    {"TLS_ECDHE_RSA_WITH_RC4_128_SHA", "ECDHE-RSA-RC4-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", "ECDHE-ECDSA-RC4-SHA"},
    {"TLS_FALLBACK_SCSV", ""},
};

// Traefik's names and those of the IANA registry.
constexpr Name kCurves[] = {
    {"CurveP256", "P-256"}, {"secp256r1", "P-256"}, {"CurveP384", "P-384"},
    {"secp384r1", "P-384"}, {"CurveP521", "P-521"}, {"secp521r1", "P-521"},
    {"X25519", "X25519"},   {"x25519", "X25519"},   {"X25519MLKEM768", "X25519MLKEM768"},
};

constexpr std::string_view kDefaultSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kDefaultGroups = "X25519:P-256:P-384";
constexpr const char* kPostQuantumGroups = "X25519MLKEM768:X25519:P-256:P-384";

template <std::size_t count>
const Name* find(const Name (&names)[count], std::string_view name) {
  for (const Name& known : names) {
    if (known.go == name) return &known;
  }
  return nullptr;
}

// 0 for a text that is no version.
int version_of(std::string_view text) {
  if (text == "VersionTLS10") return TLS1_VERSION;
  if (text == "VersionTLS11") return TLS1_1_VERSION;
  if (text == "VersionTLS12") return TLS1_2_VERSION;
  if (text == "VersionTLS13") return TLS1_3_VERSION;
  return 0;
}

bool library_takes(const std::string& suite) {
  SSL_CTX* trial = SSL_CTX_new_ex(library_context(), nullptr, TLS_method());
  SLUICE_CHECK(trial != nullptr);
  bool takes = SSL_CTX_set_cipher_list(trial, suite.c_str()) == 1;
  SSL_CTX_free(trial);
  ERR_clear_error();
  return takes;
}

void add(std::string& list, std::string_view name) {
  if (!list.empty()) list += ':';
  list += name;
}

std::string apply_suites(const Protocol& protocol, bool old_versions, SSL_CTX* context,
                         std::vector<std::string>& warnings) {
  // Versions before 1.2 sign with SHA-1, which the library's levels above 0 refuse.
  const std::string level = old_versions ? ":@SECLEVEL=0" : "";
  std::string list;
  bool only_tls13 = !protocol.cipher_suites.empty();
  for (const std::string& suite : protocol.cipher_suites) {
    const Name* known = find(kSuites, suite);
    if (known == nullptr) return "cipherSuites: there is no suite " + printable(suite, 100);
    if (known->library.empty()) continue;
    only_tls13 = false;
    if (library_takes(std::string(known->library) + level)) {
      add(list, known->library);
    } else {
      warnings.push_back("cipherSuites: this build has no " + suite);
    }
  }
  if (protocol.cipher_suites.empty()) {
    list = kDefaultSuites;
    // The old versions have none of them.
    if (old_versions)
      list += ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";
  } else if (only_tls13) {
    list = kDefaultSuites;
    warnings.emplace_back("cipherSuites has no effect on TLS 1.3, whose suites are fixed");
  }
  if (list.empty()) return "cipherSuites: this build has none of them";
  list += level;
  if (SSL_CTX_set_cipher_list(context, list.c_str()) == 1) return {};
  ERR_clear_error();
  return "cipherSuites cannot be used";
}

std::string apply_curves(const Protocol& protocol, SSL_CTX* context, std::vector<std::string>& warnings) {
  if (protocol.curves.empty()) {
    bool set = SSL_CTX_set1_groups_list(context, kPostQuantumGroups) == 1 ||
               SSL_CTX_set1_groups_list(context, kDefaultGroups) == 1;
    ERR_clear_error();
    return set ? "" : "no key exchange group is usable";
  }
  std::string list;
  for (const std::string& curve : protocol.curves) {
    const Name* known = find(kCurves, curve);
    if (known == nullptr) return "curvePreferences: there is no curve " + printable(curve, 100);
    std::string one(known->library);
    if (SSL_CTX_set1_groups_list(context, one.c_str()) == 1) {
      if ((':' + list + ':').find(':' + one + ':') == std::string::npos) add(list, one);
    } else {
      ERR_clear_error();
      warnings.push_back("curvePreferences: this build has no " + curve);
    }
  }
  if (list.empty()) return "curvePreferences: this build has none of them";
  if (SSL_CTX_set1_groups_list(context, list.c_str()) == 1) return {};
  ERR_clear_error();
  return "curvePreferences cannot be used";
}

}  // namespace

std::string apply_protocol(const Protocol& protocol, ssl_ctx_st* context, std::vector<std::string>& warnings) {
  int least = TLS1_2_VERSION;
  int most = 0;  // the library's newest
  // Traefik ignores a word it does not know; here it is said.
  if (!protocol.min_version.empty()) {
    int version = version_of(protocol.min_version);
    if (version == 0) return "minVersion: there is no version " + printable(protocol.min_version, 40);
    least = version;
  }
  if (!protocol.max_version.empty()) {
    most = version_of(protocol.max_version);
    if (most == 0) return "maxVersion: there is no version " + printable(protocol.max_version, 40);
    if (most < least && protocol.min_version.empty()) least = most;
    if (most < least) return "maxVersion is below minVersion";
  }
  if (SSL_CTX_set_min_proto_version(context, least) != 1 || SSL_CTX_set_max_proto_version(context, most) != 1) {
    ERR_clear_error();
    return "this build does not have these versions of TLS";
  }
  std::string error = apply_suites(protocol, least < TLS1_2_VERSION, context, warnings);
  if (error.empty()) error = apply_curves(protocol, context, warnings);
  return error;
}

}  // namespace sluice::tls
