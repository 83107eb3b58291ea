// persistent.h: the record of dns-persist-01: `_validation-persist.<name>` says for good which CA may issue for which
// account. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::acme::dns {

struct PersistentGrant {
  std::string issuer_domain;  // "letsencrypt.org"
  std::string account_url;
  bool wildcard = false;  // for names below it too
};

// The value to publish: `letsencrypt.org; accounturi=https://…; policy=wildcard`.
std::string persistent_value(const PersistentGrant& grant);

// Whether a published value allows what is wanted at `now` (Unix seconds). Names of parameters and the policy match in
// any case, the account exactly; a value that is malformed, or that names a parameter twice, allows nothing.
bool allows(std::string_view value, const PersistentGrant& wanted, std::int64_t now);

}  // namespace sluice::acme::dns
