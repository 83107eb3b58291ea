#include "tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <cstring>

#include "base/result.h"
#include "tls/digest.h"
#include "tls/library_context.h"
#include "tls/tls_stream.h"

namespace sluice::tls {

// What the library calls during a handshake, on the connection's thread.
struct ServerCallbacks {
  // Whoever owns a session holds its context too.
  static const ServerContext& context_of(SSL* session) {
    return *static_cast<const ServerContext*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  }

  // RFC 7301 §3.2: our order decides; nothing in common ends the handshake with no_application_protocol.
  static int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                             unsigned offered_size, void* argument) {
    const auto& ours = static_cast<const ServerContext*>(argument)->alpn_;
    for (std::size_t at = 0; at < ours.size(); at += 1 + static_cast<unsigned char>(ours[at])) {
      std::string_view wanted = std::string_view(ours).substr(at, 1 + static_cast<unsigned char>(ours[at]));
      for (unsigned i = 0; i < offered_size; i += 1U + offered[i]) {
        if (wanted != std::string_view(reinterpret_cast<const char*>(offered + i), 1U + offered[i])) continue;
        *out = offered + i + 1;
        *out_size = offered[i];
        return SSL_TLSEXT_ERR_OK;
      }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  // The name was read before the handshake; accepting it here makes it part of the session.
  static int accept_name(SSL*, int*, void*) { return SSL_TLSEXT_ERR_OK; }

  // RFC 6066 §8: only for clients that asked.
  static int staple(SSL* session, void*) {
    const std::string* response = TlsStream::staple_of(session);
    if (response == nullptr) return SSL_TLSEXT_ERR_NOACK;
    void* copy = OPENSSL_memdup(response->data(), response->size());
    if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(session, static_cast<unsigned char*>(copy), static_cast<long>(response->size()));
    return SSL_TLSEXT_ERR_OK;
  }

  static int accept_any_certificate(X509_STORE_CTX*, void*) { return 1; }

  // 0: no key of that name, make a new session. 1: use it. 2: use it, but issue a new ticket.
  static int ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                        int sealing) {
    const TicketKeys& keys = *context_of(session).tickets_;
    const TicketKeys::Key* key = sealing != 0 ? &keys.current() : keys.find(name);
    if (key == nullptr) return 0;
    if (sealing != 0) {
      std::memcpy(name, key->name.data(), key->name.size());
      if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
    }
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_octet_string(
                                   OSSL_MAC_PARAM_KEY, const_cast<unsigned char*>(key->mac.data()), key->mac.size()),
                               OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
    // Asking for the cipher by name each time would take longer than to use it.
    static EVP_CIPHER* const kind = EVP_CIPHER_fetch(library_context(), "AES-256-CBC", nullptr);
    bool good = EVP_CipherInit_ex(cipher, kind, nullptr, key->cipher.data(), iv, sealing) == 1 &&
                EVP_MAC_CTX_set_params(mac, parameters) == 1;
    if (!good) return -1;
    if (sealing != 0) return 1;
    // A ticket of TLS 1.3 is used once (RFC 8446 §C.4): each one that is used is followed by the next.
    return key == &keys.current() && SSL_version(session) != TLS1_3_VERSION ? 1 : 2;
  }
};

namespace {

constexpr int kDeepestChain = 8;
constexpr long kTicketLifetime = 24L * 3600;

std::string apply_client_auth(const ServerPolicy& policy, SSL_CTX* context) {
  using ClientAuth = ServerPolicy::ClientAuth;
  bool verifies =
      policy.client_auth == ClientAuth::verify_if_given || policy.client_auth == ClientAuth::require_and_verify;
  if (verifies && policy.client_authorities.empty()) return "clientAuth: this type needs caFiles";
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const std::string& pem : policy.client_authorities) {
    std::string error;
    std::vector<Native<x509_st>> authorities = read_certificates(pem, error);
    if (authorities.empty()) return "clientAuth.caFiles: " + error;
    for (const Native<x509_st>& authority : authorities) {
      if (X509_STORE_add_cert(store, authority.get()) != 1 || SSL_CTX_add_client_CA(context, authority.get()) != 1) {
        return "clientAuth.caFiles: " + std::string(take_openssl_error());
      }
    }
  }
  // As in Go, a certificate in the list is trusted whether it is a root or not.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify_depth(context, kDeepestChain);
  int mode = SSL_VERIFY_NONE;
  if (policy.client_auth != ClientAuth::none) mode = SSL_VERIFY_PEER;
  if (policy.client_auth == ClientAuth::require_any || policy.client_auth == ClientAuth::require_and_verify) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context, mode, nullptr);
  if (!verifies) SSL_CTX_set_cert_verify_callback(context, ServerCallbacks::accept_any_certificate, nullptr);
  return {};
}

}  // namespace

ServerContext::Made ServerContext::make(const ServerPolicy& policy, const std::shared_ptr<const TicketKeys>& tickets) {
  Made made;
  std::shared_ptr<ServerContext> self(new ServerContext);
  self->policy_ = policy;
  self->tickets_ = tickets;
  for (const std::string& protocol : policy.alpn) {
    if (protocol.empty() || protocol.size() > 255) {
      made.error = "alpnProtocols: a name has 1 to 255 bytes";
      return made;
    }
    self->alpn_ += static_cast<char>(protocol.size());
    self->alpn_ += protocol;
  }
  self->context_ = self->make_native(made.error, made.warnings);
  if (made.error.empty()) made.context = std::move(self);
  return made;
}

Native<ssl_ctx_st> ServerContext::make_native(std::string& error, std::vector<std::string>& warnings) const {
  Native<ssl_ctx_st> made(SSL_CTX_new_ex(library_context(), nullptr, TLS_server_method()));
  SLUICE_CHECK(made != nullptr);
  SSL_CTX* context = made.get();
  error = apply_protocol(policy_.protocol, context, warnings);
  if (error.empty()) error = apply_client_auth(policy_, context);
  if (!error.empty()) return nullptr;

  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Our order of suites counts, but a client that prefers ChaCha20 (it has no AES in hardware) gets it.
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
  // The three of TLS 1.3 in Go's order. The library's begins with SHA-384, which takes longer than SHA-256.
  constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
  SLUICE_CHECK(SSL_CTX_set_ciphersuites(context, kSuites) == 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  auto* self = const_cast<ServerContext*>(this);  // the library hands on no pointers to const
  SSL_CTX_set_app_data(context, self);
  SSL_CTX_set_tlsext_servername_callback(context, ServerCallbacks::accept_name);
  SSL_CTX_set_tlsext_status_cb(context, ServerCallbacks::staple);
  // Without protocols of ours there is nothing to agree on, and what the client offers does not matter.
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(context, ServerCallbacks::choose_protocol, self);

  std::string session_context = sha256(policy_.identity);
  SLUICE_CHECK(SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(session_context.data()),
                                              static_cast<unsigned>(session_context.size())) == 1);
  // A resumed session carries a verified client along: with client certificates every connection proves itself.
  bool resumes = policy_.session_tickets && !asks_for_certificates();
  if (resumes) {
    SSL_CTX_set_timeout(context, kTicketLifetime);
    SLUICE_CHECK(SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ServerCallbacks::ticket_key) == 1);
    SSL_CTX_set_num_tickets(context, 1);  // as Go's library
  } else {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
  return made;
}

Native<ssl_st> ServerContext::session(const CertificateIndex::Choice& choice) const {
  HotCertificates::Key key = {};
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (choice.certificates[i] != nullptr) key[i] = choice.certificates[i]->native();
  }
  HotCertificates::Found hot = hot_.find(key);
  if (hot.context != nullptr) return Native<ssl_st>(SSL_new(hot.context.get()));
  if (hot.worth_keeping) keep_hot(choice, key);
  Native<ssl_st> session(SSL_new(context_.get()));
  bool serves = false;
  for (const Certificate* certificate : choice.certificates) {
    if (certificate != nullptr && certificate->use_in(session.get())) serves = true;
  }
  return serves ? std::move(session) : nullptr;
}

// The authorities of clients are not read again for it: with them a handshake costs more than a certificate's check.
void ServerContext::keep_hot(const CertificateIndex::Choice& choice, const HotCertificates::Key& key) const {
  if (asks_for_certificates()) return;
  std::string error;
  std::vector<std::string> warnings;  // said when the first one was made
  Native<ssl_ctx_st> context = make_native(error, warnings);
  if (context == nullptr) return;
  for (const Certificate* certificate : choice.certificates) {
    if (certificate != nullptr && !certificate->use_in(context.get())) return;
  }
  hot_.keep(key, context);
}

}  // namespace sluice::tls
