// pass_tls_client_cert.h: the passTLSClientCert middleware: tells servers which certificate the client showed, whole
// (X-Forwarded-Tls-Client-Cert) or what it says (X-Forwarded-Tls-Client-Cert-Info).
//
// Immutable and shared by all workers. What a certificate says is worked out once for a run of requests with the same
// one: each thread remembers the last.
#pragma once

#include "control/middleware_kind.h"

namespace sluice::middleware {

class PassTlsClientCert final : public proxy::Middleware {
 public:
  explicit PassTlsClientCert(config::PassTlsClientCert settings);

  // Fields of that name that the client sent are replaced, in every spelling. Without a certificate they are left as
  // the entry point's forwardedHeaders left them: a trusted proxy in front may have written them.
  Task<Result<http::Response>> handle(http::Request& request, const proxy::Handler& next) const override;

  static const control::MiddlewareKind kKind;

 private:
  struct Values;
  const Values& values_of(std::span<const std::string> chain) const;
  std::string info_of(std::span<const std::string> chain) const;

  config::PassTlsClientCert settings_;
  std::uint64_t number_;  // no other middleware of this process ever had it
};

}  // namespace sluice::middleware
