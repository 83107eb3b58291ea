// armed_challenges.h: the desk's implementation: keeps what is armed, gives it to the workers as one immutable value
// after every change, and waits for their confirmations.
//
// Owned by `Control`; control thread only. An HTTP answer that is disarmed stays for a minute more: CAs ask from
// several places, and the slowest may come after the order is done. At most kMost answers of each kind are kept.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/scope.h"
#include "async/signal.h"
#include "control/challenge_desk.h"
#include "server/worker.h"

namespace sluice::control {

class ArmedChallenges final : public ChallengeDesk {
 public:
  class Workers {
   public:
    // To all of them.
    virtual void give_all(const server::Order& order) = 0;

   protected:
    ~Workers() = default;
  };
  // `scope` runs what tidies up, and must be joined before the end.
  ArmedChallenges(unsigned count, Workers& workers, Scope& scope)
      : workers_(workers), scope_(scope), confirmed_(count, 0) {}

  Task<Status> arm_http(std::string host, std::string token, std::string key_authorization) override;
  Task<Status> arm_tls_alpn(std::string name, std::string key_authorization) override;
  void disarm_http(std::string_view host, std::string_view token) override;
  void disarm_tls_alpn(std::string_view name) override;

  // A worker says that it answers what it was given with this number.
  void confirmed(const server::Armed& armed);
  // The workers have been told to end: nobody will confirm anything any more.
  void end();

  static constexpr Duration kConfirmTime = 5s;
  static constexpr Duration kLateTime = 60s;
  static constexpr std::size_t kMost = 10'000;

 private:
  struct HttpAnswer {
    std::string key_authorization;
    Deadline until = kNoDeadline;  // when it is gone; never, while its order lasts
  };
  using HttpKey = std::pair<std::string, std::string>;  // host and token

  std::uint64_t publish();
  Task<Status> wait_until_confirmed(std::uint64_t number);
  Task<void> forget_late();

  Workers& workers_;
  Scope& scope_;
  std::vector<std::uint64_t> confirmed_;  // per worker
  Signal confirmations_;
  std::map<HttpKey, HttpAnswer> http_;
  std::map<std::string, tls::ChallengeCertificate> tls_;  // by server name
  std::uint64_t number_ = 0;
  bool forgetting_ = false;
  bool ended_ = false;
};

}  // namespace sluice::control
