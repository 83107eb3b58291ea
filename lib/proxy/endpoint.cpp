#include "proxy/endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ip.h"
#include "base/text.h"

namespace sluice::proxy {

Result<ServerUrl> ServerUrl::parse(std::string_view text) {
  const Error bad = Error::of(Code::invalid, "not a server URL of the form scheme://host[:port][/path]");
  ServerUrl url;
  std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return bad;
  std::string scheme = lowered(text.substr(0, scheme_end));
  if (scheme == "http") {
    url.scheme = Scheme::http;
  } else if (scheme == "https") {
    url.scheme = Scheme::https;
  } else if (scheme == "h2c") {
    url.scheme = Scheme::h2c;
  } else {
    return Error::of(Code::unsupported, "unsupported scheme (use http, https or h2c)");
  }
  url.port = url.scheme == Scheme::https ? 443 : 80;
  std::string_view rest = text.substr(scheme_end + 3);
  std::size_t path_start = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, path_start);
  if (path_start != std::string_view::npos) {
    std::string_view path = rest.substr(path_start);
    path = path.substr(0, path.find_first_of("?#"));
    while (!path.empty() && path.back() == '/') path.remove_suffix(1);
    for (char c : path) {
      if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return bad;
    }
    url.path = std::string(path);
  }
  if (std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  url.authority = std::string(authority);
  std::string_view host = authority;
  std::size_t colon = authority.rfind(':');
  bool bracketed = !authority.empty() && authority.front() == '[';
  if (bracketed) {
    std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return bad;
    host = authority.substr(1, end - 1);
    colon = end + 1 < authority.size() ? end + 1 : std::string_view::npos;
    if (colon != std::string_view::npos && authority[colon] != ':') return bad;
  } else if (colon != std::string_view::npos) {
    host = authority.substr(0, colon);
  }
  if (colon != std::string_view::npos) {
    std::optional<std::uint64_t> port = parse_u64(authority.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return bad;
    url.port = static_cast<std::uint16_t>(*port);
  }
  if (host.empty()) return bad;
  for (char c : host) {
    bool allowed =
        is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || (bracketed && (c == ':' || c == '%'));
    if (!allowed) return bad;
  }
  url.host = std::string(host);
  return url;
}

static bool offers_h2(const tls::ClientContext& tls) {
  const std::vector<std::string>& offered = tls.policy().alpn;
  return std::find(offered.begin(), offered.end(), "h2") != offered.end();
}

Endpoint::Endpoint(ServerUrl url, TransportSettings settings, std::string name)
    : url_(std::move(url)), settings_(std::move(settings)), name_(std::move(name)) {
  named_by_request_ = url_.scheme == ServerUrl::Scheme::https && IpAddress::parse(url_.host).ok() &&
                      settings_.tls != nullptr && settings_.tls->policy().server_name.empty();
  may_multiplex_ = url_.scheme == ServerUrl::Scheme::h2c ||
                   (url_.scheme == ServerUrl::Scheme::https && settings_.tls != nullptr && offers_h2(*settings_.tls));
}

std::string Endpoint::key(std::string_view url, const TransportSettings& settings) {
  // The endpoint keeps its context, so no other can come to lie at the same address while this key is in use.
  return fmt::format("{} {} {} {} {} {} {} {}", url, settings.dial_timeout.count(),
                     settings.response_header_timeout.count(), settings.idle_timeout.count(), settings.max_idle,
                     fmt::ptr(settings.tls.get()), settings.read_idle_timeout.count(), settings.ping_timeout.count());
}

}  // namespace sluice::proxy
