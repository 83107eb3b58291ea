#include "acme/dns/http_api.h"

#include <algorithm>

#include "async/timer.h"
#include "base/text.h"

namespace sluice::acme::dns {
namespace {

constexpr int kMostTries = 3;
constexpr Duration kLongestPause = 30s;

bool is_passing(int status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    decoded += escape ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return decoded;
}

}  // namespace

Result<WebAddress> parse_web_address(std::string_view url) {
  url = trim(url);
  std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return Error::of(Code::invalid, "a URL without http:// or https://");
  if (!iequals(url.substr(0, scheme), "http") && !iequals(url.substr(0, scheme), "https")) {
    return Error::of(Code::unsupported, "a URL whose scheme is neither http nor https");
  }
  std::size_t path = std::min(url.find_first_of("/?#", scheme + 3), url.size());
  std::string authority(url.substr(scheme + 3, path - scheme - 3));
  std::string credentials;
  if (std::size_t at = authority.rfind('@'); at != std::string::npos) {
    credentials = authority.substr(0, at);
    authority.erase(0, at + 1);
  }
  Result<rest::Server> server = rest::Server::parse(std::string(url.substr(0, scheme + 3)) + authority);
  if (!server) return server.error();
  WebAddress address{*std::move(server), std::string(url.substr(path))};
  std::size_t colon = std::min(credentials.find(':'), credentials.size());
  address.server.username = percent_decoded(std::string_view(credentials).substr(0, colon));
  address.server.password =
      percent_decoded(std::string_view(credentials).substr(std::min(colon + 1, credentials.size())));
  address.server.proxy_from_environment = true;
  if (address.path.find('#') != std::string::npos) return Error::of(Code::invalid, "a URL with a fragment");
  for (char c : address.path) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return Error::of(Code::invalid, "a URL with white space");
  }
  if (!address.path.starts_with('/')) address.path.insert(0, 1, '/');
  return address;
}

rest::Call WebAddress::call(std::string method, Duration timeout) const {
  rest::Call call;
  call.server = server;
  call.method = std::move(method);
  call.path = path;
  call.timeout = timeout;
  return call;
}

Result<HttpApi> HttpApi::make(rest::Client& client, std::string_view base, Duration timeout) {
  Result<WebAddress> address = parse_web_address(base);
  if (!address) return address.error();
  if (address->path.find('?') != std::string::npos) return Error::of(Code::invalid, "a URL with a query");
  HttpApi api;
  api.server_ = std::move(address->server);
  api.prefix_ = std::move(address->path);
  while (api.prefix_.ends_with('/')) api.prefix_.pop_back();
  api.client_ = &client;
  api.timeout_ = timeout;
  return api;
}

void HttpApi::set_credentials(std::string username, std::string password) {
  server_.username = std::move(username);
  server_.password = std::move(password);
}

std::string HttpApi::host() const { return server_.origin.substr(server_.origin.find("://") + 3); }

Task<Result<rest::Reply>> HttpApi::send(std::string method, std::string path, std::vector<rest::Header> headers,
                                        std::string body, std::string& why) const {
  std::string whole = prefix_ + path;
  if (!whole.starts_with('/')) whole.insert(0, 1, '/');
  const WebAddress address{server_, std::move(whole)};
  Duration pause = 1s;
  for (int tries = 1;; ++tries) {
    rest::Call one = address.call(method, timeout_);
    one.headers = headers;
    one.body = body;
    Result<rest::Reply> reply = co_await client_->send(std::move(one));
    if (!reply) {
      why = method + " " + server_.origin + prefix_ + path.substr(0, path.find('?')) + ": " +
            std::string(reply.error().text);
      co_return reply.error();
    }
    if (!is_passing(reply->status) || tries == kMostTries) co_return std::move(reply);
    std::optional<std::uint64_t> wish = parse_u64(reply->header("Retry-After"));
    if (wish) pause = std::min<Duration>(std::chrono::seconds(std::min<std::uint64_t>(*wish, 3600)), kLongestPause);
    Status slept = co_await sleep_for(pause);
    if (!slept) co_return slept.error();
    pause *= 4;
  }
}

Error failure_of(const rest::Reply& reply, std::string_view what, std::string& why) {
  why = std::string(what) + " was answered " + std::to_string(reply.status);
  std::string body = printable(trim(reply.body), 300);
  if (!body.empty()) why += ": " + body;
  bool refused = reply.status == 401 || reply.status == 403;
  return Error::of(refused ? Code::security : Code::unavailable, "the DNS provider refused", Origin::upstream);
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[static_cast<std::uint8_t>(c) >> 4];
      out += kDigits[static_cast<std::uint8_t>(c) & 15];
    }
  }
  return out;
}

}  // namespace sluice::acme::dns
