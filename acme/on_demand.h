// on_demand.h: whether a name that somebody asked for in a handshake may have a certificate: by the names that are
// allowed, by asking a service of the user's, and within limits.
//
// Control loop only; it outlives its tasks. However often a name is asked about, its service hears of it once at a
// time, and once a minute after it said no.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "acme/recent.h"
#include "async/signal.h"
#include "async/task.h"
#include "base/ip.h"
#include "config/static_resolvers.h"
#include "rest/client.h"
#include "server/certificate_demand.h"

namespace sluice::acme {

class OnDemand {
 public:
  // `http` must outlive it.
  OnDemand(const config::OnDemand& options, rest::Client& http);

  struct Verdict {
    // full: not this name nor any other, for a while. unknown: the service did not say.
    enum class Answer : std::uint8_t { yes, no, full, unknown } answer = Answer::no;
    std::string why;        // not yes; empty: the process ends
    bool for_good = false;  // of decide_again: no, and not just now
  };
  // Whether `decide` would say no without asking anybody.
  bool refuses(std::string_view name) const;
  // For a client's handshake; a yes counts as a new name. `name` is canonical.
  Task<Verdict> decide(std::string name, IpAddress client);
  // For a name that has a certificate already: no limits count. A service has to say no for a day before it is for
  // good: it may be about to start.
  Task<Verdict> decide_again(std::string name);

  static constexpr Duration kHour = 1h;
  static constexpr Duration kRefusedFor = 1min;
  static constexpr Duration kSureAfter = 24h;
  static constexpr Duration kAskTime = 5s;
  static constexpr std::size_t kMostRemembered = 10'000;

 private:
  struct Question {
    Signal answered;
    bool done = false;
    Verdict verdict;
  };
  Task<Verdict> decide_alone(std::string name, IpAddress client);
  Task<Verdict> ask(std::string name, std::string client);
  bool is_full(Time now);

  config::OnDemand options_;
  rest::Client& http_;
  server::DemandRules rules_;
  std::map<std::string, std::shared_ptr<Question>> questions_;  // under way, by name
  Recent refused_{kRefusedFor, kMostRemembered};
  std::map<std::string, Time> refused_since_;  // of those that have a certificate
  std::deque<Time> allowed_;                   // when each stops to count
  Recent clients_{kHour, kMostRemembered};     // what each brought up
};

}  // namespace sluice::acme
