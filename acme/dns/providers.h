// providers.h: the providers there are, by lego's names, and what makes each of them from the environment.
//
// A factory notes what is missing or wrong in `variables`; its provider is only used when nothing was noted.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "acme/dns/environment.h"
#include "acme/dns/provider.h"

namespace sluice::acme::dns {

// What a factory uses; both references outlive the provider, the environment does not.
struct ProviderParts {
  rest::Client& client;
  Lookup& lookup;
  Environment& variables;
};

std::unique_ptr<Provider> make_exec(ProviderParts parts);
std::unique_ptr<Provider> make_httpreq(ProviderParts parts);
std::unique_ptr<Provider> make_rfc2136(ProviderParts parts);
std::unique_ptr<Provider> make_acme_dns(ProviderParts parts);
std::unique_ptr<Provider> make_cloudflare(ProviderParts parts);
std::unique_ptr<Provider> make_route53(ProviderParts parts);

struct ProviderKind {
  std::string_view name;
  std::string_view other_name;  // lego's newer or older name; empty when there is none
  std::unique_ptr<Provider> (*make)(ProviderParts parts);
};

const std::vector<ProviderKind>& provider_kinds();
// Null when there is none of that name, in any case of letters.
const ProviderKind* find_provider(std::string_view name);

}  // namespace sluice::acme::dns
