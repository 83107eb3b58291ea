// acme_json.h: the text of acme.json, read and written as Traefik reads and writes it, so that either can go on with
// the file of the other, and so can the tools that take certificates out of it. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "acme/storage.h"

namespace sluice::acme {

using StoredResolvers = std::map<std::string, ResolverData>;

struct ReadStore {
  StoredResolvers resolvers;
  std::string error;  // what makes it unreadable; empty: it is good
};

// Every form of Traefik 2 and 3: names in any case, null members, with and without KeyType, an empty file. Certificates
// without certificate or key are left out, as there.
ReadStore read_store(std::string_view text);

std::string write_store(const StoredResolvers& resolvers);

// From the JSON of a registration.
std::string registration_uri(const StoredAccount& account);
std::string make_registration(const std::string& body, const std::string& uri);

}  // namespace sluice::acme
