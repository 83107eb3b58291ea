// lookup.h: what the DNS says about a record we want to publish: where CNAMEs lead, which zone it is in, who serves it.
//
// Names whose record does not exist yet are asked about at the zone's own servers: a recursive resolver would remember
// for minutes that there is nothing, and so would the CA's if it is the same one. Only where the own servers cannot be
// reached, or must not be asked, the resolvers are. One per solver, on its loop; keeps nothing between two calls.
#pragma once

#include <string>
#include <vector>

#include "acme/dns/exchange.h"
#include "acme/dns/server_name.h"

namespace sluice::acme::dns {

struct NameServer {
  std::string name;  // canonical
  std::vector<SocketAddress> addresses;
};

// Where a record goes.
struct Place {
  std::string name;                 // the record's own name, behind all CNAMEs
  std::string zone;                 // empty when it was not found; then `trouble` says why
  std::vector<NameServer> servers;  // of the zone; empty when they were not asked for or not found
  std::string trouble;
};

class Lookup {
 public:
  struct Settings {
    std::vector<ServerName> resolvers;  // none: those of `resolv_conf`
    bool follow_cnames = true;
    bool ask_authorities = true;
    Transport transport = Transport::udp_first;
    Duration timeout = 10s;             // for one server
    std::uint16_t authority_port = 53;  // tests have their own
    std::string resolv_conf = "/etc/resolv.conf";
  };

  // The most CNAMEs and the most referrals that are followed.
  static constexpr int kMostHops = 8;

  explicit Lookup(Settings settings) : settings_(std::move(settings)) {}

  const Settings& settings() const { return settings_; }

  // Errors: invalid (a loop of CNAMEs, or too many; `why` says it), or what the scope was cancelled with.
  Task<Result<Place>> place_of(std::string name, std::string& why);

  // The addresses of the resolvers.
  Task<Result<std::vector<SocketAddress>>> resolvers(std::string& why);

  // The answer of the first server that knows whether there is one; if none does, what the first one said (SERVFAIL,
  // REFUSED); if none said anything, an error, and `why` lists what happened at each.
  Task<Result<Message>> ask(std::vector<SocketAddress> servers, std::string name, std::uint16_t type, bool recursive,
                            std::string& why);

  // The zone `name` is in, as these servers see it. Errors: not_found, and those of `ask`, with `why`.
  Task<Result<std::string>> zone_at(std::vector<SocketAddress> servers, std::string name, std::string& why);

 private:
  struct Step;

  Task<Result<Step>> step(std::vector<SocketAddress> resolvers, std::string name, std::string& why);
  Task<Result<std::vector<NameServer>>> servers_of(std::vector<SocketAddress> resolvers, std::string zone,
                                                   std::string& why);
  Task<Result<std::vector<NameServer>>> with_addresses(std::vector<SocketAddress> resolvers,
                                                       std::vector<std::string> names, std::string& why);
  Task<Status> look_through_resolvers(std::vector<SocketAddress> resolvers, Place& place, int hops, std::string& why);

  Settings settings_;
};

}  // namespace sluice::acme::dns
