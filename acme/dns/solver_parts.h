// solver_parts.h: the solver with another way of looking at the DNS than the system's, for tests: their name servers
// have ports of their own.
#pragma once

#include <memory>

#include "acme/dns/lookup.h"
#include "acme/dns/solver.h"

namespace sluice::acme::dns {

// As make_dns_solver. What the settings and the environment say goes before `lookup_settings`.
std::unique_ptr<DnsSolver> make_solver(const config::DnsChallenge& settings, const DnsSurroundings& surroundings,
                                       Lookup::Settings lookup_settings, config::Report& report);

}  // namespace sluice::acme::dns
