// challenges.h: the challenges of one resolver: over HTTP and TLS through the desk, over DNS through its solver.
//
// Control loop; it outlives its tasks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "acme/dns/solver.h"
#include "acme/issuance.h"
#include "config/static_resolvers.h"
#include "control/challenge_desk.h"

namespace sluice::acme {

class Challenges final : public Challenger {
 public:
  // `desk` must outlive it. `dns` may be null.
  Challenges(const config::Acme& options, control::ChallengeDesk& desk, std::unique_ptr<DnsSolver> dns);

  Task<Step> arm(std::string type, std::string name, std::string token, std::string key_authorization) override;
  Task<Step> disarm(std::string type, std::string name, std::string token, std::string key_authorization) override;
  Task<Step> find_record(std::string name, std::vector<std::string> issuers, std::string account_url,
                         bool wildcard) override;

 private:
  Duration http_delay_{0};
  Duration tls_delay_{0};
  control::ChallengeDesk& desk_;
  std::unique_ptr<DnsSolver> dns_;
};

}  // namespace sluice::acme
