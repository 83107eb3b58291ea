#include "tls/client_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/result.h"
#include "tls/client_sessions.h"
#include "tls/library_context.h"

namespace sluice::tls {

static std::string apply_authorities(const ClientPolicy& policy, SSL_CTX* context) {
  // As in Go, a certificate in the list is trusted whether it is a root or not.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  if (policy.authorities.empty()) {
    SSL_CTX_set_default_verify_paths(context);  // none there: then every verification fails and says so
    ERR_clear_error();
    return {};
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const std::string& pem : policy.authorities) {
    std::string error;
    std::vector<Native<x509_st>> authorities = read_certificates(pem, error);
    if (authorities.empty()) return "rootCAs: " + error;
    for (const Native<x509_st>& authority : authorities) {
      if (X509_STORE_add_cert(store, authority.get()) != 1) return "rootCAs: " + std::string(take_openssl_error());
    }
  }
  return {};
}

ClientContext::Made ClientContext::make(ClientPolicy policy) {
  Made made;
  std::shared_ptr<ClientContext> self(new ClientContext(std::move(policy)));
  self->context_.reset(SSL_CTX_new_ex(library_context(), nullptr, TLS_client_method()));
  SLUICE_CHECK(self->context_ != nullptr);
  SSL_CTX* context = self->context_.get();
  const ClientPolicy& ours = self->policy_;
  made.error = apply_protocol(ours.protocol, context, made.warnings);
  if (made.error.empty()) made.error = apply_authorities(ours, context);
  std::string protocols;
  for (const std::string& protocol : ours.alpn) {
    protocols += static_cast<char>(protocol.size());
    protocols += protocol;
  }
  if (!made.error.empty()) return made;
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // Sessions are kept by ClientSessions, and only there.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, ClientSessions::on_session);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_verify(context, ours.insecure_skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (!protocols.empty()) {
    SLUICE_CHECK(SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                                         static_cast<unsigned>(protocols.size())) == 0);
  }
  made.context = std::move(self);
  return made;
}

}  // namespace sluice::tls
