// held_routes.h: the HTTP routes of containers that ended, kept for a grace time without any server: while a container
// is recreated its host is answered 503 with Retry-After instead of 404. Pure; belongs to an Inventory.
//
// A held route never gets in the way: it has the lowest of priorities, and it is left out where a container that is
// there defines a router or a service of its name.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "base/time.h"
#include "config/dynamic.h"
#include "config/problem.h"
#include "providers/docker/inference.h"

namespace sluice::providers::docker {

class HeldRoutes {
 public:
  // Every other router that takes the request goes before.
  static constexpr std::int64_t kPriority = std::numeric_limits<std::int64_t>::min() + 1;
  // Containers held at once; the routes of further ones go at once.
  static constexpr std::size_t kMost = 1024;

  // `grace` zero: nothing is ever held.
  explicit HeldRoutes(Duration grace) : grace_(grace) {}

  // The container ended; `last` is what it contributed to the last fragment. Its time begins with `begin`.
  void keep(const Contribution& last);
  // The container is back.
  void release(std::string_view container);

  // Starts the time of what was kept since the last call.
  void begin(Time now);
  // Lets go of what was held long enough. True when there was something.
  bool expire(Time now);
  Time next_expiry() const;

  // Adds the held routes to what the present containers say.
  void add_to(config::Dynamic& merged, config::Report& report) const;

 private:
  struct Held {
    std::string owner;
    config::Http http;
    Time until;  // zero: not begun
  };

  Duration grace_;
  std::map<std::string, Held, std::less<>> held_;  // by id of the container
};

}  // namespace sluice::providers::docker
