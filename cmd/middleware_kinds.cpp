#include "cmd/middleware_kinds.h"

#include <array>

#include "middleware/add_prefix.h"
#include "middleware/basic_auth.h"
#include "middleware/buffering.h"
#include "middleware/circuit_breaker.h"
#include "middleware/compress.h"
#include "middleware/content_type.h"
#include "middleware/digest_auth.h"
#include "middleware/encoded_characters.h"
#include "middleware/error_pages.h"
#include "middleware/forward_auth.h"
#include "middleware/grpc_web.h"
#include "middleware/headers.h"
#include "middleware/in_flight_req.h"
#include "middleware/ip_allow_list.h"
#include "middleware/pass_tls_client_cert.h"
#include "middleware/plugin.h"
#include "middleware/rate_limit.h"
#include "middleware/redirect_regex.h"
#include "middleware/redirect_scheme.h"
#include "middleware/replace_path.h"
#include "middleware/replace_path_regex.h"
#include "middleware/retry.h"
#include "middleware/strip_prefix.h"
#include "middleware/strip_prefix_regex.h"
#include "middleware/tcp_in_flight_conn.h"
#include "middleware/tcp_ip_allow_list.h"

namespace sluice::cmd {

control::MiddlewareKinds middleware_kinds() {
  static const std::array kinds = {
      middleware::AddPrefix::kKind,
      middleware::BasicAuth::kKind,
      middleware::Buffering::kKind,
      middleware::CircuitBreaker::kKind,
      middleware::Compress::kKind,
      middleware::ContentType::kKind,
      middleware::DigestAuth::kKind,
      middleware::EncodedCharacters::kKind,
      middleware::ErrorPages::kKind,
      middleware::ForwardAuth::kKind,
      middleware::GrpcWeb::kKind,
      middleware::Headers::kKind,
      middleware::InFlightReq::kKind,
      middleware::IpAllowList::kKind,
      middleware::IpAllowList::kOldKind,
      middleware::PassTlsClientCert::kKind,
      middleware::RateLimit::kKind,
      middleware::RedirectRegex::kKind,
      middleware::RedirectScheme::kKind,
      middleware::ReplacePath::kKind,
      middleware::ReplacePathRegex::kKind,
      middleware::Retry::kKind,
      middleware::StripPrefix::kKind,
      middleware::StripPrefixRegex::kKind,
      middleware::kPluginKind,
  };
  static const std::array tcp_kinds = {
      middleware::TcpInFlightConn::kKind,
      middleware::TcpIpAllowList::kKind,
      middleware::TcpIpAllowList::kOldKind,
  };
  return {kinds, tcp_kinds};
}

}  // namespace sluice::cmd
