// caa.h: what a name's CAA records (RFC 8659) say about who may certify it. Control thread.
#pragma once

#include <string>
#include <vector>

#include "acme/dns/lookup.h"

namespace sluice::acme::dns {

// Why a CA that goes by any of these `identities` may not certify `name` ("*.x" for those below x): "example.com lets
// only other.example certify it". Empty: it may, or the DNS does not tell. Both must outlive it.
Task<std::string> caa_obstacle(Lookup& lookup, std::string name, std::vector<std::string> identities);

}  // namespace sluice::acme::dns
