// propagation.h: waiting until a TXT record is seen where the CA will look.
//
// The zone's own servers are asked first, all of them; the resolvers only after that, so that none remembers that there
// was nothing. A server that has shown the record is not asked again.
#pragma once

#include <string>

#include "acme/dns/lookup.h"
#include "config/static_resolvers.h"

namespace sluice::acme::dns {

// What `dnsChallenge.propagation` and its deprecated spellings come down to.
struct PropagationRules {
  bool ask_authorities = true;
  bool ask_all_resolvers = false;
  bool no_checks = false;
  Duration delay{0};  // before the first check

  static PropagationRules of(const config::DnsChallenge& settings);

  friend bool operator==(const PropagationRules&, const PropagationRules&) = default;
};

struct PropagationTiming {
  Duration timeout = 60s;
  Duration interval = 2s;
};

// Waits for `value` at `place`, which is looked for again while its servers are unknown. Errors: timed_out, and `why`
// names the server that does not have it and what it has; or what the scope was cancelled with.
Task<Status> wait_for_propagation(Lookup& lookup, Place place, std::string value, PropagationRules rules,
                                  PropagationTiming timing, std::string& why);

}  // namespace sluice::acme::dns
