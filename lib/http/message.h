// message.h: the normal form of HTTP messages. Everything above lib/http works on these types and never learns which
// protocol version a message came in or goes out by; HTTP/1 and HTTP/2 are codecs on either side.
//
// Life: a Request and its Arena belong to the exchange of the server connection; all views point into that arena or at
// static text. A Response is a value that moves up the handler chain; its fields use the request's arena, its body is
// owned.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/arena.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "http/body.h"
#include "http/fields.h"

namespace sluice::net {
class Stream;
}

namespace sluice::http {

enum class Method : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, other };

enum class Version : std::uint8_t { http10, http11, http2 };

// The parts of a request target after validation and normalisation (docs/http.md).
struct Target {
  std::string_view path;        // normalised and still escaped: what is matched, rewritten and forwarded; or "*"
  std::string_view match_path;  // `path` with all but reserved escapes decoded: what rules compare with
  std::string_view query;       // without '?', never changed
  bool has_query = false;       // "/a?" and "/a" differ
  std::string_view raw;         // the origin-form as received
};

// What is known about the connection a request came in on; one per connection, shared by its requests.
struct Peer {
  SocketAddress remote;  // the client, after PROXY protocol
  SocketAddress local;
  std::string_view entry_point;  // name
  bool tls = false;
  std::string_view sni;          // canonical server name of the TLS session, or empty
  std::string_view remote_text;  // remote.ip as text, kept for X-Forwarded-For; empty: written anew for each request
  // The certificates the client showed in the TLS handshake, in DER, its own first. Whether they were verified is a
  // matter of the TLS options.
  std::span<const std::string> client_chain = {};
};

// Sends interim responses (RFC 9110 §15.2) to the client ahead of the final one. Implemented by the server side.
class InterimSink {
 public:
  virtual ~InterimSink() = default;
  // `status` is 102 to 199. Ignored for HTTP/1.0 clients.
  virtual Task<Status> send_interim(std::uint16_t status, const Fields& fields) = 0;
};

struct Request {
  Request(Arena& arena_in, const Peer& peer_in) : fields(arena_in), peer(peer_in), arena(arena_in) {}

  Method method = Method::get;
  std::string_view method_text = "GET";
  Version version = Version::http11;
  std::string_view authority;  // Host as sent, or :authority; may be empty (HTTP/1.0)
  std::string_view host;       // canonical (authority.h): lower case, no port, no trailing dot
  Target target;
  Fields fields;             // without Host, which is `authority`
  Body* body = nullptr;      // null: the request has no content
  std::string_view upgrade;  // the one token the client offers to upgrade to ("websocket"), or empty
  InterimSink* interim = nullptr;
  bool append_forwarded_for = true;  // off when a middleware removed X-Forwarded-For on purpose
  // Who took care of it so far, for the log: names of the matched router, its service and the chosen server.
  std::string_view router;
  std::string_view service;
  std::string_view server;
  // Who the client is, as far as a middleware found out; for the log. A refused attempt counts too.
  std::string_view user;
  const Peer& peer;
  Arena& arena;
};

// What a 101 response switches to (RFC 9110 §7.8). Owned by the response; run once by the server side.
class Tunnel {
 public:
  virtual ~Tunnel() = default;
  // Copies bytes both ways between `client` and the upstream until both directions have ended or one broke.
  // `already_read` are bytes the client sent after its request head.
  virtual Task<Status> run(net::Stream& client, Bytes already_read) = 0;
};

struct Response {
  explicit Response(Arena& arena) : fields(arena) {}

  std::uint16_t status = 200;
  Version version = Version::http11;
  Fields fields;
  std::unique_ptr<Body> body;      // null: no content
  std::unique_ptr<Tunnel> tunnel;  // set with status 101
  std::string_view cause;          // why we made this answer ourselves; for the log, never sent
};

// "GET" and so on; Method::other has no name of its own.
std::string_view method_name(Method method);
Method method_of(std::string_view text);
// "Not Found"; empty for a status without a registered phrase.
std::string_view reason_phrase(std::uint16_t status);

// A complete small answer of our own. `text` must outlive the exchange; sets Content-Type (text/plain; charset=utf-8)
// and X-Content-Type-Options: nosniff.
Response text_response(Arena& arena, std::uint16_t status, std::string_view text);

}  // namespace sluice::http
