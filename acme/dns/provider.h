// provider.h: who changes the zone: a program, an API, or the name server itself.
//
// One per solver, made from the variables of the environment, on the solver's loop. Calls for one record name come one
// after the other; for different names they may overlap, unless the provider asks for `one_at_a_time`.
#pragma once

#include <memory>
#include <string>

#include "acme/dns/lookup.h"
#include "acme/dns/propagation.h"
#include "acme/dns/solver.h"

namespace sluice::acme::dns {

// A record to add or to remove.
struct Change {
  DnsProof proof;
  std::string record;  // "_acme-challenge.<name>."
  Place place;         // where it really is
};

class Provider {
 public:
  virtual ~Provider() = default;

  virtual std::string_view name() const = 0;
  virtual PropagationTiming timing() const = 0;
  virtual bool one_at_a_time() const { return false; }
  // Between the ends of two adds, for those that ask for it.
  virtual Duration interval() const { return Duration(0); }

  // Adds the value beside others, or removes it alone; both are ok when there is nothing to do. On an error `why` is a
  // sentence about what was asked and answered. Errors: security (credentials), unavailable, timed_out, or what the
  // scope was cancelled with.
  virtual Task<Status> add(const Change& change, std::string& why) = 0;
  virtual Task<Status> remove(const Change& change, std::string& why) = 0;

  // Waits until the provider says that what was added is at its servers. Called after `add`, while other changes go on.
  virtual Task<Status> settled(const Change&, std::string&) { co_return Status(); }
};

}  // namespace sluice::acme::dns
