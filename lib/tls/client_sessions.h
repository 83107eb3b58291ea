// client_sessions.h: TLS sessions with upstreams that a new connection may resume: a ticket saves the server a
// signature and both sides a certificate chain.
//
// One per thread. A session resumes only with the context it began with (so what that context trusts has not changed),
// towards the same server and by the same name.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "tls/client_context.h"
#include "tls/native.h"

namespace sluice::tls {

class ClientSessions {
 public:
  // Whose sessions are the same.
  struct Key {
    std::shared_ptr<const ClientContext> context;
    std::string server;  // its address and its name; empty: nothing is kept
  };

  static ClientSessions& of_thread();
  ~ClientSessions();

  // The latest session of that key, or null. RFC 8446 §C.4: a ticket is used once, since TLS 1.3.
  Native<ssl_session_st> take(const Key& key);
  void keep(const Key& key, Native<ssl_session_st> session);

  // From now on the connection's new sessions are kept; `key` must outlive it.
  static void follow(ssl_st* connection, Key& key);
  // For the library, which calls it when a server gives a session: in a handshake, or later while reading.
  static int on_session(ssl_st* connection, ssl_session_st* session);

  // A certificate that has expired or was withdrawn since the full handshake is found out after so long at most.
  static constexpr Duration kOldest = 1h;
  static constexpr std::size_t kMostServers = 512;
  static constexpr std::size_t kMostPerServer = 4;

 private:
  ClientSessions();
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace sluice::tls
