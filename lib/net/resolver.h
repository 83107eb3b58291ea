// resolver.h: host names to addresses, cached. One per loop.
//
// The system's resolver runs on the thread pool (it honours /etc/hosts, nsswitch and Docker's DNS, and gives no TTL).
// Answers are fresh for 5 s and failures for 1 s; when a lookup fails, the last good answer is used for up to an hour.
// Questions for the same name share one lookup.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/scope.h"
#include "async/signal.h"
#include "base/ip.h"
#include "base/text.h"

namespace sluice::net {

class Resolver {
 public:
  using Addresses = std::vector<IpAddress>;
  // Blocking lookup of one name; runs on a pool thread. Tests pass their own.
  using Lookup = Result<Addresses> (*)(const std::string& host);
  static Result<Addresses> system_lookup(const std::string& host);

  // Lookups run in `scope`, which must be joined before the resolver goes.
  explicit Resolver(Scope& scope, Lookup lookup = system_lookup) : scope_(scope), lookup_(lookup) {}

  // At least one address, or not_found with Origin::upstream and nothing_sent; timed_out at the deadline. An IP literal
  // is its own answer.
  Task<Result<Addresses>> resolve(std::string_view host, Deadline deadline);

  static constexpr Duration kFresh = 5s;
  static constexpr Duration kFailureFresh = 1s;
  static constexpr Duration kStaleUse = 1h;
  static constexpr std::size_t kMostNames = 4096;

 private:
  struct Entry {
    Addresses addresses;  // the last good answer
    Time good_at;         // when it came
    Time checked_at;      // when the last lookup ended
    bool failed = true;   // the last lookup failed
    bool looking = false;
    Signal done;
  };

  Task<void> look_up(std::string host, std::shared_ptr<Entry> entry);
  void make_room();

  Scope& scope_;
  Lookup lookup_;
  std::unordered_map<std::string, std::shared_ptr<Entry>, TextHash, std::equal_to<>> entries_;
};

}  // namespace sluice::net
