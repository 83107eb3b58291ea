#include "tls/library_context.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::tls {
namespace {

using Names = std::span<const std::string_view>;

// By the first name the library gives each: what follows are aliases and object identifiers. Newer releases know all of
// these, older ones have less.
constexpr std::string_view kDigests[] = {"SHA1",         "SHA2-224",     "SHA2-256", "SHA2-384", "SHA2-512",
                                         "SHA2-512/224", "SHA2-512/256", "SHA3-224", "SHA3-256", "SHA3-384",
                                         "SHA3-512",     "MD5",          "MD5-SHA1"};
constexpr std::string_view kCiphers[] = {"AES-128-GCM",
                                         "AES-256-GCM",
                                         "ChaCha20-Poly1305",
                                         "AES-128-CBC",
                                         "AES-256-CBC",
                                         "AES-128-CBC-HMAC-SHA1",
                                         "AES-256-CBC-HMAC-SHA1",
                                         "AES-128-CBC-HMAC-SHA256",
                                         "AES-256-CBC-HMAC-SHA256",
                                         "DES-EDE3-CBC",
                                         "AES-256-CTR"};  // of the random generator
constexpr std::string_view kMacs[] = {"HMAC"};
constexpr std::string_view kDerivations[] = {"HKDF", "TLS13-KDF", "TLS1-PRF"};
constexpr std::string_view kKeys[] = {"RSA",
                                      "RSA-PSS",
                                      "EC",
                                      "ECDH",
                                      "ED25519",
                                      "ED448",
                                      "X25519",
                                      "X448",
                                      "HMAC",
                                      "ML-DSA-44",
                                      "ML-DSA-65",
                                      "ML-DSA-87",
                                      "ML-KEM-512",
                                      "ML-KEM-768",
                                      "ML-KEM-1024",
                                      "X25519MLKEM768",
                                      "X448MLKEM1024",
                                      "SecP256r1MLKEM768",
                                      "SecP384r1MLKEM1024"};
// "DER" are those from PEM to DER and out of what is encrypted.
constexpr std::string_view kDecoders[] = {"DER",   "RSA",       "RSA-PSS",   "EC",       "ED25519",
                                          "ED448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
constexpr std::string_view kOldSignatures[] = {"DSA", "SM2"};

bool has(Names names, std::string_view aliases) {
  const std::string_view first = aliases.substr(0, aliases.find(':'));
  return std::find(names.begin(), names.end(), first) != names.end();
}

bool is_kept(int operation, const OSSL_ALGORITHM& algorithm) {
  const std::string_view names = algorithm.algorithm_names;
  switch (operation) {
    case OSSL_OP_DIGEST: return has(kDigests, names);
    case OSSL_OP_CIPHER: return has(kCiphers, names);
    case OSSL_OP_MAC: return has(kMacs, names);
    case OSSL_OP_KDF: return has(kDerivations, names);
    case OSSL_OP_RAND: return true;
    case OSSL_OP_KEYMGMT:
    case OSSL_OP_KEYEXCH:
    case OSSL_OP_ASYM_CIPHER:
    case OSSL_OP_KEM: return has(kKeys, names);
    case OSSL_OP_SIGNATURE: return !has(kOldSignatures, names);
    case OSSL_OP_DECODER: {
      const std::string_view properties = algorithm.property_definition;  // Microsoft's formats are nobody's here
      return has(kDecoders, names) && properties.find("blob") == properties.npos &&
             properties.find("pvk") == properties.npos;
    }
    default: return false;
  }
}

// A provider that offers a selection of what the library's own one has. That one lives in a context of its own, from
// which its algorithms take what they need themselves.
class Selection {
 public:
  Selection() {
    whole_ = OSSL_LIB_CTX_new();
    default_ = whole_ == nullptr ? nullptr : OSSL_PROVIDER_load(whole_, "default");
    SLUICE_CHECK(default_ != nullptr);
    for (int operation = 1; operation <= OSSL_OP__HIGHEST; ++operation) {
      int no_cache = 0;
      const OSSL_ALGORITHM* all = OSSL_PROVIDER_query_operation(default_, operation, &no_cache);
      for (; all != nullptr && all->algorithm_names != nullptr; ++all) {
        if (is_kept(operation, *all)) kept_[operation].push_back(*all);
      }
      kept_[operation].push_back({});
    }
  }

  // Into that context, and into the one in which the algorithms were made: a random generator of OpenSSL 3.5 looks
  // there for the provider it was asked of, by name.
  static void load_into(OSSL_LIB_CTX* context) {
    for (OSSL_LIB_CTX* one : {only().whole_, context}) {
      SLUICE_CHECK(OSSL_PROVIDER_add_builtin(one, kName, begin) == 1 && OSSL_PROVIDER_load(one, kName) != nullptr);
    }
  }

 private:
  using Function = void (*)();

  static constexpr const char* kName = "sluice";

  static int begin(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** functions, void** context) {
    *functions = kFunctions;
    *context = OSSL_PROVIDER_get0_provider_ctx(only().default_);
    return 1;
  }

  static const Selection& only() {
    static const Selection* const selection = new Selection;  // outlives whoever still speaks TLS at the end
    return *selection;
  }

  static const OSSL_ALGORITHM* query(void*, int operation, int* no_cache) {
    *no_cache = 0;
    return operation >= 1 && operation <= OSSL_OP__HIGHEST ? only().kept_[operation].data() : nullptr;
  }
  static int parameters(void*, OSSL_PARAM* asked) { return OSSL_PROVIDER_get_params(only().default_, asked); }
  static int capabilities(void*, const char* name, OSSL_CALLBACK* tell, void* whom) {
    return OSSL_PROVIDER_get_capabilities(only().default_, name, tell, whom);
  }

  static const OSSL_DISPATCH kFunctions[];

  OSSL_LIB_CTX* whole_;
  OSSL_PROVIDER* default_;
  std::array<std::vector<OSSL_ALGORITHM>, OSSL_OP__HIGHEST + 1> kept_;
};

const OSSL_DISPATCH Selection::kFunctions[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, reinterpret_cast<Function>(query)},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, reinterpret_cast<Function>(parameters)},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, reinterpret_cast<Function>(capabilities)},
    {0, nullptr}};

// A context that is made takes in the names of all that the library has ever known under one, and walks over them six
// times in each handshake. So it gets none to take in, and these come after it: the signature of a certificate looks
// its digest up among them.
void forget_old_names() {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS, nullptr);
}

void recall_old_names() {
  for (const EVP_MD* digest :
       {EVP_md5(), EVP_sha1(), EVP_sha224(), EVP_sha256(), EVP_sha384(), EVP_sha512(), EVP_sha512_224(),
        EVP_sha512_256(), EVP_sha3_224(), EVP_sha3_256(), EVP_sha3_384(), EVP_sha3_512(), EVP_md5_sha1()}) {
    EVP_add_digest(digest);
  }
}

}  // namespace

ossl_lib_ctx_st* library_context() {
  static OSSL_LIB_CTX* const context = [] {
    forget_old_names();
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    SLUICE_CHECK(made != nullptr);
    Selection::load_into(made);
    EVP_MD_free(EVP_MD_fetch(made, "SHA2-256", nullptr));  // its first look
    recall_old_names();
    return made;
  }();
  return context;
}

}  // namespace sluice::tls
