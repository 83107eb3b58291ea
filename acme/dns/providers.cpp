#include "acme/dns/providers.h"

#include "base/text.h"

namespace sluice::acme::dns {

const std::vector<ProviderKind>& provider_kinds() {
  static const std::vector<ProviderKind> kKinds = {
      {"acme-dns", "acmedns", make_acme_dns}, {"cloudflare", "", make_cloudflare},    {"exec", "", make_exec},
      {"httpreq", "", make_httpreq},          {"rfc2136", "dnsupdate", make_rfc2136}, {"route53", "", make_route53},
  };
  return kKinds;
}

const ProviderKind* find_provider(std::string_view name) {
  for (const ProviderKind& kind : provider_kinds()) {
    if (iequals(name, kind.name) || (!kind.other_name.empty() && iequals(name, kind.other_name))) return &kind;
  }
  return nullptr;
}

}  // namespace sluice::acme::dns
