// ca_client.h: speaks with one CA: its directory, nonces, signed requests, and patience (RFC 8555 §6).
//
// Control loop only. One per CA and resolver; it must outlive its tasks. Requests may run side by side: each takes a
// nonce of its own. Signing happens on the thread pool.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/failure.h"
#include "acme/key.h"
#include "acme/objects.h"
#include "async/task.h"
#include "base/time.h"
#include "rest/client.h"

namespace sluice::acme {

struct CaSettings {
  std::string directory_url;
  rest::Tls tls;
  Duration timeout = 2min;
  Duration head_timeout = 30s;
};

// What it answered, when that was a success.
struct CaReply {
  int status = 0;
  std::string body;
  std::string location;
  Duration retry_after{0};
  std::vector<std::string> alternates;  // of `Link: <…>;rel="alternate"`
};

class CaClient {
 public:
  // `http` must outlive it.
  CaClient(rest::Client& http, CaSettings settings) : http_(http), settings_(std::move(settings)) {}

  // Asked for once a day, and again after `forget_directory`. The pointer is good until the next call.
  Task<Outcome<const Directory*>> directory();
  void forget_directory() { directory_.reset(); }

  // Whether repeating a request that got no answer is harmless.
  enum class Repeat : std::uint8_t { harmless, never };
  // The largest answers there are: a JSON object, and a chain of certificates. A larger one is trouble of the CA.
  static constexpr std::size_t kMostJson = std::size_t{256} * 1024;
  static constexpr std::size_t kMostChain = std::size_t{1024} * 1024;
  // In the name of `kid`, or with the key itself when it is empty. A failure has been asked again for as often as that
  // could help: badNonce at once, connections and 5xx a few times.
  Task<Outcome<CaReply>> post(PrivateKey key, std::string kid, std::string url, std::string payload,
                              Repeat repeat = Repeat::harmless, std::size_t most_reply = kMostJson);
  // Without a signature: renewal information.
  Task<Outcome<CaReply>> get(std::string url);

  const std::string& directory_url() const { return settings_.directory_url; }

 private:
  struct Nonce {
    std::string value;
    Time received;
  };

  Task<Outcome<std::string>> take_nonce();
  void keep_nonce(const rest::Reply& reply);
  Task<Outcome<rest::Reply>> send(std::string method, std::string url, std::string body, std::size_t most_reply);

  rest::Client& http_;
  CaSettings settings_;
  std::optional<Directory> directory_;
  Time directory_read_;
  std::deque<Nonce> nonces_;
};

// "https://host:port" and "/path?query". Only https, or http to this machine itself. Error: Code::invalid.
Result<std::pair<std::string, std::string>> split_url(std::string_view url);

}  // namespace sluice::acme
