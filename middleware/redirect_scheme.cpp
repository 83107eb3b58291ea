#include "middleware/redirect_scheme.h"

#include <array>

#include "base/text.h"
#include "middleware/redirecting.h"

namespace sluice::middleware {
namespace {

std::string_view port_of(std::string_view scheme) {
  return scheme == "https" ? std::string_view("443") : scheme == "http" ? std::string_view("80") : std::string_view();
}

// The scheme the client used, as the entry point or a trusted proxy in front says.
std::string_view client_scheme(const http::Request& request) {
  std::optional<std::string_view> forwarded = request.fields.get(http::FieldId::x_forwarded_proto);
  if (!forwarded) return request.peer.tls ? "https" : "http";
  if (iequals(*forwarded, "wss") || iequals(*forwarded, "https")) return "https";
  if (iequals(*forwarded, "ws") || iequals(*forwarded, "http")) return "http";
  return *forwarded;
}

// The authority without its port; brackets of an IPv6 address stay.
std::string_view host_of(std::string_view authority) {
  std::size_t bracket = authority.rfind(']');
  std::size_t colon = authority.rfind(':');
  bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  return has_port ? authority.substr(0, colon) : authority;
}

std::string_view port_in(std::string_view authority) {
  std::string_view host = host_of(authority);
  return host.size() < authority.size() ? authority.substr(host.size() + 1) : std::string_view();
}

}  // namespace

RedirectScheme::RedirectScheme(const config::RedirectScheme& settings)
    : scheme_(lowered(settings.scheme)),
      port_suffix_(settings.port.empty() || settings.port == port_of(scheme_) ? "" : ":" + settings.port),
      permanent_(settings.permanent) {}

Task<Result<http::Response>> RedirectScheme::handle(http::Request& request, const proxy::Handler& next) const {
  std::string_view scheme = client_scheme(request);
  std::string_view port = port_in(request.authority);
  if (port.empty()) port = port_of(scheme);
  std::string_view wanted = port_suffix_.empty() ? port_of(scheme_) : std::string_view(port_suffix_).substr(1);
  if (scheme == scheme_ && port == wanted) return next.handle(request);
  std::string_view query_mark = request.target.has_query ? "?" : "";
  std::array<std::string_view, 7> pieces = {
      scheme_, "://", host_of(request.authority), port_suffix_, request.target.path, query_mark, request.target.query};
  return redirect(request, request.arena.join(pieces), permanent_);
}

const control::MiddlewareKind RedirectScheme::kKind = {
    "redirectScheme", [](const config::Middleware& settings) { return settings.redirect_scheme.has_value(); },
    [](const control::MiddlewareParts& parts) {
      const config::RedirectScheme& settings = *parts.settings.redirect_scheme;
      if (settings.scheme.empty()) {
        return control::MadeMiddleware::refused("redirectScheme needs a scheme, for example https");
      }
      return control::MadeMiddleware::of(std::make_shared<RedirectScheme>(settings));
    }};

}  // namespace sluice::middleware
