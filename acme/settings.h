// settings.h: `certificatesResolvers.<name>.acme` and the variables of the environment that go with it, as the rest of
// the room takes them. Values; reading lists of authorities touches files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "acme/account.h"
#include "acme/ca_client.h"
#include "acme/key.h"
#include "config/problem.h"
#include "config/static_config.h"

namespace sluice::acme {

using Environment = std::map<std::string, std::string>;

struct CaChoice {
  CaSettings ca;
  AccountForm account;
};

struct ResolverSettings {
  std::string name;
  config::Acme options;
  config::Source source;
  std::vector<CaChoice> cas;       // the first is caServer
  std::vector<std::string> types;  // of challenges, best first
  KeyType key_type = KeyType::rsa4096;
  std::optional<KeyType> second_key_type;  // of the other kind
  bool public_ca = false;                  // it certifies names of the internet only
  std::string entry_point;  // where the first of `types` is answered, when nobody can reach that over IPv6; else empty
  std::string inputs;       // a hash of what decides whether a CA says yes
};

// `configuration` is that of the resolver, for its entry points. Problems go to `report`; with errors among them this
// resolver cannot run.
ResolverSettings make_settings(const std::string& name, const config::CertificateResolver& resolver,
                               const config::Static& configuration, const Environment& environment,
                               config::Report& report);

}  // namespace sluice::acme
