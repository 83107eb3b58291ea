// challenges.h: the answers to a CA's challenges that are armed now: what HTTP-01 and TLS-ALPN-01 are proved with.
//
// Made on the control thread and immutable from then on; every worker holds the newest one, which replaces the last as
// a whole. A worker without armed challenges holds none.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "tls/challenge_certificate.h"

namespace sluice::server {

class Challenges {
 public:
  struct Http {
    std::string host;  // canonical, as http::Authority::host
    std::string key_authorization;
  };

  // While it is made. The last answer for a host and token, or for a name, counts.
  void arm_http(std::string host, std::string token, std::string key_authorization);
  void arm_tls(std::string server_name, tls::ChallengeCertificate certificate);

  // What `host` answers for `token`; null when that is not armed. Any worker.
  const std::string* http(std::string_view host, std::string_view token) const;
  // True when the token is armed for any host.
  bool has_token(std::string_view token) const { return http_.find(token) != http_.end(); }
  // What proves a name that came as SNI; null when it is not armed. Any worker.
  const tls::ChallengeCertificate* tls(std::string_view server_name) const;
  bool empty() const { return http_.empty() && tls_.empty(); }

 private:
  template <class T>
  using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

  ByText<std::vector<Http>> http_;  // by token
  ByText<tls::ChallengeCertificate> tls_;
};

}  // namespace sluice::server
