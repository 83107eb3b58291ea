// host.h: what a client connection needs of the worker it is on, and what it remembers of its TLS handshake.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/challenge_counts.h"
#include "server/challenges.h"
#include "server/routing.h"

namespace sluice::server {

class CertificateDemand;

class Host {
 public:
  // The routes in force; hold the snapshot as long as the exchange runs.
  virtual Ref<PinnedSnapshot> snapshot() = 0;
  // The challenges armed now, null for none; good until the caller waits for something.
  virtual const Challenges* challenges() { return nullptr; }
  // Null: nobody counts the questions of CAs.
  virtual const ChallengeCounts* challenge_counts() { return nullptr; }
  // Null: no certificate is obtained because of a handshake.
  virtual CertificateDemand* certificate_demand() { return nullptr; }
  // http_date of now.
  virtual std::string_view date() = 0;

 protected:
  ~Host() = default;
};

// What a TLS handshake settled for all requests of a connection.
struct TlsPeer {
  std::string sni;                        // canonical, or empty
  std::string options;                    // name of the TLS options it was made with
  std::vector<std::string> client_chain;  // as http::Peer's
};

}  // namespace sluice::server
