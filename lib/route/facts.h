// facts.h: what a rule can ask about a request or a connection. Views only, made for one lookup.
#pragma once

#include <span>
#include <string_view>

#include "base/ip.h"
#include "http/message.h"

namespace sluice::route {

// What is known of a TCP connection before a router is chosen. Names are canonical: lower case, no trailing dot.
struct Hello {
  std::string_view sni;  // empty: not TLS, or a ClientHello without server name
  const IpAddress& client;
  std::span<const std::string_view> alpn;  // the protocols the client offers
};

struct Facts {
  std::string_view host;
  std::string_view path;
  std::string_view method;
  std::string_view query;
  std::string_view authority;
  const http::Fields* fields = nullptr;
  const IpAddress* client = nullptr;
  std::span<const std::string_view> alpn;

  static Facts of(const http::Request& request) {
    return Facts{request.host,      request.target.match_path, request.method_text,     request.target.query,
                 request.authority, &request.fields,           &request.peer.remote.ip, {}};
  }
  static Facts of(const Hello& hello) { return Facts{hello.sni, {}, {}, {}, {}, nullptr, &hello.client, hello.alpn}; }
};

}  // namespace sluice::route
