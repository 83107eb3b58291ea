#include "providers/http/source.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace sluice::providers::http {
namespace {

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 §2.1; what is no escape stays.
std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      result += text[i];
      continue;
    }
    result += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return result;
}

}  // namespace

Result<Source> Source::parse(const config::HttpProvider& options) {
  std::string_view url = options.endpoint;
  std::size_t colon = url.find("://");
  if (url.empty()) return Error::of(Code::invalid, "there is none");
  if (colon == std::string_view::npos) return Error::of(Code::invalid, "it has no scheme (http://, https://)");
  if (!iequals(url.substr(0, colon), "http") && !iequals(url.substr(0, colon), "https")) {
    return Error::of(Code::unsupported, "its scheme is neither http nor https");
  }
  url = url.substr(0, url.find('#'));
  std::size_t path = std::min(url.find_first_of("/?", colon + 3), url.size());
  std::string authority(url.substr(colon + 3, path - colon - 3));
  std::string credentials;
  if (std::size_t at = authority.rfind('@'); at != std::string::npos) {
    credentials = authority.substr(0, at);
    authority.erase(0, at + 1);
  }
  std::string origin = std::string(url.substr(0, colon + 3)) + authority;
  Result<rest::Server> server = rest::Server::parse(origin);
  if (!server) return server.error();

  Source source;
  source.call.server = *std::move(server);
  if (!credentials.empty()) {
    std::size_t end = std::min(credentials.find(':'), credentials.size());
    source.call.server.username = decoded(std::string_view(credentials).substr(0, end));
    source.call.server.password = decoded(std::string_view(credentials).substr(std::min(end + 1, credentials.size())));
  }
  if (options.tls) {
    source.call.server.tls.ca = options.tls->ca;
    source.call.server.tls.certificate = options.tls->cert;
    source.call.server.tls.key = options.tls->key;
    source.call.server.tls.insecure_skip_verify = options.tls->insecure_skip_verify;
  }
  source.call.path = std::string(url.substr(path));
  if (!source.call.path.starts_with('/')) source.call.path.insert(0, 1, '/');
  source.name = source.call.server.origin + source.call.path.substr(0, source.call.path.find('?'));
  for (char c : source.call.path) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return Error::of(Code::invalid, "it has white space");
  }
  source.call.timeout = options.poll_timeout;
  source.call.max_reply =
      options.max_response_body_size >= 0 ? static_cast<std::size_t>(options.max_response_body_size) : kMaxBody;
  for (const auto& [name, value] : options.headers) source.call.headers.emplace_back(name, value);
  return source;
}

Validators Validators::of(const rest::Reply& reply) {
  return Validators{std::string(reply.header("ETag")), std::string(reply.header("Last-Modified"))};
}

void Validators::add_to(rest::Call& call) const {
  if (!etag.empty()) call.headers.emplace_back("If-None-Match", etag);
  if (etag.empty() && !last_modified.empty()) call.headers.emplace_back("If-Modified-Since", last_modified);
}

}  // namespace sluice::providers::http
