// call.h: a request of the control plane and its answer: to the Docker engine, a CA, a key-value store. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "rest/connector.h"

namespace sluice::rest {

using Header = std::pair<std::string, std::string>;

// Certificates and keys are paths, or the PEM text itself.
struct Tls {
  std::string ca;           // empty: the system's
  std::string server_name;  // what the server's certificate must be for; empty: the host of the origin
  std::string certificate;
  std::string key;
  bool insecure_skip_verify = false;

  friend bool operator==(const Tls&, const Tls&) = default;
};

// A server and how it wants to be spoken to.
struct Server {
  std::string origin;       // "http://10.0.0.1:2375": scheme, host and port
  std::string connect_to;   // "host:port" to connect to instead; the origin then gives Host and the name in TLS
  std::string unix_socket;  // path of a socket to connect to instead; the origin then only names the host
  std::shared_ptr<Connector> connector;  // whose programs make the connections; the origin then only names the host
  std::string username;                  // basic authentication, when one of the two is set
  std::string password;
  Tls tls;
  bool proxy_from_environment = false;  // HTTP_PROXY, HTTPS_PROXY, NO_PROXY

  // "unix:///var/run/docker.sock", "tcp://host:port" (TLS when `tls` says so), "http://…", "https://…".
  // Error: Code::invalid, or Code::unsupported for another scheme.
  static Result<Server> parse(std::string_view endpoint, bool tls = false);

  friend bool operator==(const Server&, const Server&) = default;
};

struct Call {
  Server server;
  std::string method = "GET";
  std::string path = "/";  // with the query, as it goes on the wire
  std::vector<Header> headers;
  std::string body;
  bool http2 = false;  // and nothing else; without TLS by prior knowledge (RFC 9113 §3.3)
  Duration connect_timeout = 10s;
  Duration timeout = 30s;    // for the whole exchange; zero: none
  Duration head_timeout{0};  // until the head of the answer is there; zero: as long as `timeout` says
  std::size_t max_reply = 1024 * 1024;
  bool head_suffices = false;  // a complete head is an answer, however its content ends
};

struct Reply {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
  std::vector<Header> trailers;

  // The first value of a header, whatever its case; empty when there is none.
  std::string_view header(std::string_view name) const;
  std::string_view trailer(std::string_view name) const;
};

}  // namespace sluice::rest
