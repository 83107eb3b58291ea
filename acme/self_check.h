// self_check.h: whether a name leads to us, seen from here: before a CA is asked to find out.
//
// A CA counts every name that does not, and stops listening to whoever asks for too many. What cannot be told from here
// (a network whose addresses cannot be reached from inside) is no reason not to ask.
#pragma once

#include <string>
#include <vector>

#include "acme/dns/lookup.h"
#include "async/task.h"
#include "control/challenge_desk.h"
#include "rest/client.h"

namespace sluice::acme {

struct CheckResult {
  // nowhere: it has no address. elsewhere: somebody else answers at its port 80.
  enum class Verdict { reaches_us, nowhere, elsewhere, unknown };
  Verdict verdict = Verdict::unknown;
  std::string text;  // what was asked and what came, for people
};

class SelfCheck {
 public:
  virtual ~SelfCheck() = default;
  // Control loop.
  virtual Task<CheckResult> check(std::string name) = 0;
  // Whether it has an address of IPv6, as far as can be told from here.
  virtual Task<bool> has_v6(std::string name) = 0;
  // Why the name's CAA records keep a CA with these identities from certifying it; empty: nothing says so.
  virtual Task<std::string> caa_obstacle(std::string name, std::vector<std::string> identities) = 0;
};

// Leaves an answer at the desk, as for a challenge, and asks for it at the name's port 80.
class HttpSelfCheck final : public SelfCheck {
 public:
  // Both must outlive it.
  HttpSelfCheck(control::ChallengeDesk& desk, rest::Client& http) : desk_(desk), http_(http) {}
  Task<CheckResult> check(std::string name) override;
  Task<bool> has_v6(std::string name) override;
  Task<std::string> caa_obstacle(std::string name, std::vector<std::string> identities) override;

 private:
  control::ChallengeDesk& desk_;
  rest::Client& http_;
  dns::Lookup lookup_{{}};
};

}  // namespace sluice::acme
