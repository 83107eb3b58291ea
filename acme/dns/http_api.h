// http_api.h: calls to the HTTP API of a provider: its base URL, and what an answer is worth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rest/client.h"

namespace sluice::acme::dns {

// Where a URL leads.
struct WebAddress {
  rest::Server server;  // proxies of the environment are used
  std::string path;     // as it is written, with its query

  // One call of it, to be completed and sent.
  rest::Call call(std::string method, Duration timeout) const;
};

// "http(s)://[user[:password]@]host[:port][/path][?query]". Error: invalid, unsupported.
Result<WebAddress> parse_web_address(std::string_view url);

class HttpApi {
 public:
  // `base`: a web address without a query; calls go to paths below. Error: invalid, unsupported.
  static Result<HttpApi> make(rest::Client& client, std::string_view base, Duration timeout);

  void set_credentials(std::string username, std::string password);
  // For services of the machine itself, which no proxy reaches.
  void go_direct() { server_.proxy_from_environment = false; }
  const std::string& origin() const { return server_.origin; }
  std::string host() const;
  const std::string& prefix() const { return prefix_; }

  // Sends one call to `prefix` + `path`. An overloaded or failing server (429, 500, 502, 503, 504) is asked again,
  // twice, after what its Retry-After says but at most 30 s. The answer may have any other status. On an error, `why`
  // says what was asked.
  Task<Result<rest::Reply>> send(std::string method, std::string path, std::vector<rest::Header> headers,
                                 std::string body, std::string& why) const;

 private:
  rest::Client* client_ = nullptr;
  rest::Server server_;
  std::string prefix_;
  Duration timeout_{};
};

// The error of an answer that is no success: security for 401 and 403, else unavailable. `why` gets the status and the
// beginning of the body.
Error failure_of(const rest::Reply& reply, std::string_view what, std::string& why);
inline bool is_success(const rest::Reply& reply) { return reply.status >= 200 && reply.status < 300; }

// For a query or a piece of a path: all but letters, digits and "-._~" as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace sluice::acme::dns
