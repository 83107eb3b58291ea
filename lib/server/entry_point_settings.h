// entry_point_settings.h: what the static configuration says about one entry point, in the form workers use. Immutable
// for the life of the process.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ip.h"
#include "base/time.h"
#include "http/h1/limits.h"

namespace sluice::server {

struct EntryPointSettings {
  std::string name;
  SocketAddress address;
  bool udp = false;           // carries datagrams; of what follows, only udp_timeout means anything then
  Duration udp_timeout = 3s;  // silence that ends a session
  http::h1::Limits limits;

  // http2
  std::uint32_t max_concurrent_streams = 100;
  std::uint32_t decoder_table = 4096;
  std::uint32_t encoder_table = 4096;

  // Off for a server that answers itself: then requests are left as they came.
  bool forwards = true;

  // forwardedHeaders
  bool trust_everyone = false;
  CidrSet trusted;
  std::vector<std::string> kept_connection_fields;
  bool append_forwarded_for = true;
  bool scheme_fields = false;
  std::string server_name;  // of this machine, for X-Forwarded-Server

  // Whose PROXY protocol header is believed; none: the protocol is not spoken here.
  struct ProxyProtocol {
    bool trust_everyone = false;
    CidrSet trusted;
  };
  std::optional<ProxyProtocol> proxy_protocol;

  // transport
  std::optional<Duration> read_timeout;  // of a whole request, when the operator asked for one
  Duration write_timeout{0};             // of a whole response; 0: none
  Duration idle_timeout = 180s;
  std::int64_t keep_alive_max_requests = 0;  // 0: unlimited
  Duration keep_alive_max_time{0};           // 0: unlimited

  // How long the head of a request may take, and a new connection until its first one: a slow client costs little, but
  // not for ever.
  Duration head_timeout() const { return read_timeout && *read_timeout > 0s ? *read_timeout : kHeadTimeout; }
  static constexpr Duration kHeadTimeout = 10s;
  // Between two pieces of content: an upload may take hours if it moves.
  static constexpr Duration kContentStall = 60s;
  // A client that does not read its response for so long is gone.
  static constexpr Duration kWriteStall = 60s;
};

}  // namespace sluice::server
