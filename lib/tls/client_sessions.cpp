#include "tls/client_sessions.h"

#include <openssl/ssl.h>

#include <deque>
#include <unordered_map>

#include "base/text.h"

namespace sluice::tls {
namespace {

struct Session {
  std::weak_ptr<const ClientContext> context;
  Time since;
  Native<ssl_session_st> native;
};

}  // namespace

struct ClientSessions::Kept {
  std::unordered_map<std::string, std::deque<Session>, TextHash, std::equal_to<>> by_server;
};

ClientSessions::ClientSessions() : kept_(std::make_unique<Kept>()) {}
ClientSessions::~ClientSessions() = default;

ClientSessions& ClientSessions::of_thread() {
  thread_local ClientSessions sessions;
  return sessions;
}

Native<ssl_session_st> ClientSessions::take(const Key& key) {
  auto found = kept_->by_server.find(key.server);
  if (found == kept_->by_server.end()) return nullptr;
  Native<ssl_session_st> native;
  Time now = Time::now();
  std::deque<Session>& sessions = found->second;
  while (native == nullptr && !sessions.empty()) {
    Session& latest = sessions.back();
    bool good = latest.context.lock() == key.context && now - latest.since < kOldest;
    if (good && SSL_SESSION_get_protocol_version(latest.native.get()) < TLS1_3_VERSION) {
      // Until TLS 1.2 a ticket is good for many connections, and those it resumes get no other.
      SSL_SESSION_up_ref(latest.native.get());
      return Native<ssl_session_st>(latest.native.get());
    }
    if (good) native = std::move(latest.native);
    sessions.pop_back();
  }
  if (sessions.empty()) kept_->by_server.erase(found);
  return native;
}

void ClientSessions::keep(const Key& key, Native<ssl_session_st> session) {
  auto found = kept_->by_server.find(key.server);
  if (found == kept_->by_server.end()) {
    // Which server makes room does not matter: a lost session costs one full handshake.
    if (kept_->by_server.size() >= kMostServers) kept_->by_server.erase(kept_->by_server.begin());
    found = kept_->by_server.try_emplace(key.server).first;
  }
  std::deque<Session>& sessions = found->second;
  if (sessions.size() >= kMostPerServer) sessions.pop_front();
  sessions.push_back({key.context, Time::now(), std::move(session)});
}

void ClientSessions::follow(ssl_st* connection, Key& key) { SSL_set_app_data(connection, &key); }

int ClientSessions::on_session(ssl_st* connection, ssl_session_st* session) {
  const auto* key = static_cast<const Key*>(SSL_get_app_data(connection));
  if (key == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  of_thread().keep(*key, Native<ssl_session_st>(session));
  return 1;  // the session is ours now
}

}  // namespace sluice::tls
