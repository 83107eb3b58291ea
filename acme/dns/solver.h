// solver.h: DNS-01 (RFC 8555 §8.4): a TXT record under `_acme-challenge.<name>` is published, and seen by the name's
// own servers before the CA is told.
//
// Control thread. One per resolver that has a dnsChallenge; it outlives its calls. Any number of calls may run at the
// same time, also for one name (apex and wildcard have one record name and two values).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/result.h"
#include "config/problem.h"
#include "config/static_resolvers.h"
#include "rest/client.h"

namespace sluice::acme {

// One dns-01 challenge.
struct DnsProof {
  std::string name;   // the identifier, without "*."
  std::string value;  // of the TXT record: base64url of the SHA-256 of the key authorization
  std::string token;  // this and the next only for providers in "RAW" mode
  std::string key_authorization;
};

class DnsSolver {
 public:
  virtual ~DnsSolver() = default;

  // Publishes the TXT record beside others of that name and waits until the CA will see it. Every present is followed
  // by one clean_up with the same proof, also when it failed. On an error `why` says what happened, for the status of
  // the certificate: provider, record, the answer, the fix. It must outlive the call. Errors: unavailable (the provider
  // or the zone), timed_out (not seen everywhere in time), security (credentials refused), or what the scope was
  // cancelled with.
  virtual Task<Status> present(DnsProof proof, std::string& why) = 0;

  // Removes this value and no other. Needs nothing of the present before it, so it may follow after a restart; a
  // record that is not there is no error.
  virtual Task<Status> clean_up(DnsProof proof, std::string& why) = 0;

  // dns-persist-01: ok when one of the TXT records at `_validation-persist.<name>` allows this account at this CA
  // (`issuer_domain`, one of the challenge's "issuer-domain-names") to have certificates for the name; with `wildcard`
  // for those below it. The user publishes that record, once. On an error `why` holds the record to publish. Errors:
  // not_found, or what asking the DNS ended with.
  virtual Task<Status> check_persistent(std::string name, std::string issuer_domain, std::string account_url,
                                        bool wildcard, std::string& why) = 0;
};

// What a solver uses of its surroundings.
struct DnsSurroundings {
  rest::Client& client;                            // outlives the solver
  std::map<std::string, std::string> environment;  // all variables of the process; `<NAME>_FILE` is read where given
  std::string resolver_name;                       // of the certificate resolver, for messages
  config::Source source;                           // where the resolver is written
};

// Null when the provider is unknown or its variables are incomplete: then `report` says what, where and the fix. Only
// that resolver is without certificates.
std::unique_ptr<DnsSolver> make_dns_solver(const config::DnsChallenge& settings, const DnsSurroundings& surroundings,
                                           config::Report& report);

}  // namespace sluice::acme
