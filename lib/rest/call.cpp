#include "rest/call.h"

#include "base/text.h"

namespace sluice::rest {
namespace {

Error invalid(std::string_view what) { return Error::of(Code::invalid, what); }

std::string_view first(const std::vector<Header>& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (iequals(header.first, name)) return header.second;
  }
  return {};
}

}  // namespace

Result<Server> Server::parse(std::string_view endpoint, bool tls) {
  std::size_t colon = endpoint.find("://");
  if (colon == std::string_view::npos) return invalid("endpoint without a scheme (unix://, tcp://, http://, https://)");
  std::string scheme = lowered(endpoint.substr(0, colon));
  std::string_view rest = endpoint.substr(colon + 3);
  for (char c : rest) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return invalid("endpoint with white space");
  }

  Server server;
  if (scheme == "unix") {
    if (!rest.starts_with('/')) return invalid("unix:// needs an absolute path");
    constexpr std::size_t kLongestPath = 107;  // sun_path of sockaddr_un, less its end
    if (rest.size() > kLongestPath) return invalid("path of the socket is too long");
    server.unix_socket = std::string(rest);
    server.origin = "http://localhost";
    return server;
  }
  if (scheme != "tcp" && scheme != "http" && scheme != "https") {
    return Error::of(Code::unsupported, "endpoint with an unknown scheme");
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || authority.front() == ':') return invalid("endpoint without a host");
  if (authority.find('@') != std::string_view::npos) return invalid("credentials do not belong into an endpoint");
  if (rest.find_first_of("?#") != std::string_view::npos) return invalid("endpoint with a query");
  server.origin = (scheme == "https" || (scheme == "tcp" && tls) ? "https://" : "http://") + std::string(rest);
  return server;
}

std::string_view Reply::header(std::string_view name) const { return first(headers, name); }
std::string_view Reply::trailer(std::string_view name) const { return first(trailers, name); }

}  // namespace sluice::rest
