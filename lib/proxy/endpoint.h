// endpoint.h: what we connect to: one server of a service, with the transport settings used to reach it.
//
// Its identity is the address plus the settings: services that name the same server in the same way share it, and with
// it the pooled connections. Endpoints live in the registry and outlive snapshots that mention them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "tls/client_context.h"

namespace sluice::proxy {

struct TransportSettings {
  Duration dial_timeout = 30s;
  Duration response_header_timeout{0};            // 0: none
  Duration idle_timeout = 90s;                    // of a pooled connection
  std::size_t max_idle = 200;                     // pooled connections per worker
  Duration read_idle_timeout{0};                  // of HTTP/2: silence after which a ping is sent; 0: none is
  Duration ping_timeout = 15s;                    // and how long its answer may take
  std::shared_ptr<const tls::ClientContext> tls;  // of https servers

  friend bool operator==(const TransportSettings&, const TransportSettings&) = default;
};

struct ServerUrl {
  enum class Scheme : std::uint8_t { http, https, h2c };
  Scheme scheme = Scheme::http;
  std::string host;  // name or address, without brackets; or the path of a unix socket
  std::uint16_t port = 80;
  std::string authority;  // host[:port] as written, for the Host field
  std::string path;       // without a trailing '/'; used with preservePath only

  // Error: Code::invalid, or unsupported for a scheme other than http, https and h2c.
  static Result<ServerUrl> parse(std::string_view text);
};

class Endpoint {
 public:
  Endpoint(ServerUrl url, TransportSettings settings, std::string name);

  const ServerUrl& url() const { return url_; }
  const TransportSettings& settings() const { return settings_; }
  // The server's URL as configured, for logs.
  const std::string& name() const { return name_; }

  // Over TLS to an address: the name sent and verified is the host the client asked for, because a certificate for the
  // address of a container does not exist. Connections made for one host then do not serve another.
  bool named_by_request() const { return named_by_request_; }
  // Of any other endpoint over TLS, unless its transport has a serverName.
  const std::string& tls_name() const { return url_.host; }

  // HTTP/2 is spoken to it, or may be agreed on by ALPN.
  bool may_multiplex() const { return may_multiplex_; }

  // The text that decides whether two are the same.
  static std::string key(std::string_view url, const TransportSettings& settings);

 private:
  ServerUrl url_;
  TransportSettings settings_;
  std::string name_;
  bool named_by_request_;
  bool may_multiplex_;
};

}  // namespace sluice::proxy
