// strategy.h: which of several servers, or services, takes the next request.
//
// Shared by all workers and kept over snapshots (control::Registry); each worker has positions and counts of its own,
// so choosing shares nothing. All members are for the thread of the worker they name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "http/message.h"

namespace sluice::proxy {

// The choices as they are now.
class Candidates {
 public:
  virtual bool usable(std::size_t index) const = 0;
  // The part of its weight that a choice gets just now, above 0 and at most 1: less while it starts.
  virtual double share(std::size_t /*index*/) const { return 1; }

 protected:
  ~Candidates() = default;
};

class Strategy {
 public:
  virtual ~Strategy() = default;

  // The index of the choice that takes `request`, of those that are usable and have a weight; or -1.
  virtual int choose(unsigned worker, const http::Request& request, const Candidates& candidates) = 0;
  // False for a weight of 0 or less.
  virtual bool may_choose(std::size_t index) const = 0;

  // Strategies that learn are told of every request: that it began, that the head of its response came after so long,
  // and that it is over. The others are not.
  virtual bool learns() const { return false; }
  virtual void began(unsigned /*worker*/, std::size_t /*index*/) {}
  virtual void answered(unsigned /*worker*/, std::size_t /*index*/, Duration /*after*/) {}
  virtual void ended(unsigned /*worker*/, std::size_t /*index*/) {}
};

struct Choices {
  unsigned workers = 1;
  std::vector<std::string> names;  // of the servers (URLs) or services
  std::vector<double> weights;     // one for each
};

// p2c: of two taken at random the one with fewer requests under way, for its share.
std::shared_ptr<Strategy> make_two_choices(Choices choices);
// hrw: the one with the highest score for the client's address, so that a client stays with its choice and a change of
// the choices moves only the clients of those that came or went (Thaler and Ravishankar, 1998). Scores are Traefik's.
std::shared_ptr<Strategy> make_highest_random_weight(Choices choices);
// leasttime: the least of (average time to the head of a response) × (1 + requests under way) ÷ weight ÷ share.
std::shared_ptr<Strategy> make_least_time(Choices choices);

}  // namespace sluice::proxy
