#include "control/certificate_wants.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "control/problems.h"

namespace sluice::control {
namespace {

class Collector {
 public:
  Collector(const config::Static& configuration, RuleCache& rules, config::Report& report)
      : configuration_(configuration),
        rules_(rules),
        report_(report),
        default_entry_points_(config::default_entry_points(configuration)),
        models_(std::any_of(configuration.entry_points.begin(), configuration.entry_points.end(),
                            [](const auto& one) { return one.second.http.tls.has_value(); })) {}

  void add(const std::string& name, const Owned<config::HttpRouter>& owned) {
    const config::HttpRouter& router = *owned.object;
    if (owned.provider == "internal") return;
    if (router.tls) {
      add(name, router, *router.tls, route::Family::http);
      return;
    }
    if (!models_) return;
    for (const std::string& entry_point : router.entry_points.empty() ? default_entry_points_ : router.entry_points) {
      auto model = configuration_.entry_points.find(entry_point);
      if (model == configuration_.entry_points.end() || !model->second.http.tls) continue;
      add(name, router, *model->second.http.tls, route::Family::http);
    }
  }

  void add(const std::string& name, const Owned<config::TcpRouter>& owned) {
    const config::TcpRouter& router = *owned.object;
    if (router.tls && !router.tls->passthrough) add(name, router, *router.tls, route::Family::tcp);
  }

  void add(const std::string& name, const config::TlsStore& store) {
    const std::optional<config::GeneratedCert>& generated = store.default_generated_cert;
    if (name != "default" || !generated || generated->resolver.empty() || !generated->domain) return;
    if (is_resolver(generated->resolver, "the TLS store default", store.source)) {
      add_domain(generated->resolver, *generated->domain, "the TLS store default");
    }
  }

  std::vector<CertificateWant> take() { return std::move(wants_); }

 private:
  template <class Router, class RouterTls>
  void add(const std::string& name, const Router& router, const RouterTls& tls, route::Family family) {
    if (tls.cert_resolver.empty() || !is_resolver(tls.cert_resolver, "router " + name, router.source)) return;
    if (!tls.domains.empty()) {
      for (const config::Domain& domain : tls.domains) add_domain(tls.cert_resolver, domain, name);
      return;
    }
    const std::string& written =
        router.rule_syntax.empty() ? configuration_.core.default_rule_syntax : router.rule_syntax;
    const route::Syntax syntax = iequals(written, "v2") ? route::Syntax::v2 : route::Syntax::v3;
    const RuleCache::Parsed parsed = rules_.parse(router.rule, family, syntax);
    if (!parsed->rule) return;
    CertificateWant want{tls.cert_resolver, route::hosts_of(*parsed->rule), name};
    if (!want.names.empty()) add(std::move(want));
  }

  void add_domain(const std::string& resolver, const config::Domain& domain, const std::string& router) {
    CertificateWant want{resolver, {}, router};
    if (!domain.main.empty()) want.names.push_back(domain.main);
    want.names.insert(want.names.end(), domain.sans.begin(), domain.sans.end());
    if (!want.names.empty()) add(std::move(want));
  }

  void add(CertificateWant want) {
    if (std::find(wants_.begin(), wants_.end(), want) == wants_.end()) wants_.push_back(std::move(want));
  }

  bool is_resolver(const std::string& name, const std::string& who, const config::Source& source) {
    if (configuration_.certificates_resolvers.contains(name)) return true;
    if (!unknown_.insert(who).second) return false;
    std::string known;
    for (const auto& [resolver, settings] : configuration_.certificates_resolvers) {
      known += (known.empty() ? "" : ", ") + resolver;
    }
    report_.push_back(problem(
        code::kUnknownReference,
        fmt::format("{} wants its certificate from the resolver {}, which does not exist", who, printable(name, 100)),
        source, "no certificate is obtained for it",
        known.empty() ? "define certificatesResolvers." + printable(name, 100) : "name one of: " + known));
    return false;
  }

  const config::Static& configuration_;
  RuleCache& rules_;
  config::Report& report_;
  std::vector<std::string> default_entry_points_;
  bool models_;  // an entry point says for its routers how they do TLS
  std::vector<CertificateWant> wants_;
  std::set<std::string> unknown_;
};

}  // namespace

std::vector<CertificateWant> certificate_wants(const config::Static& configuration, const Merged& merged,
                                               RuleCache& rules, config::Report& unknown_resolvers) {
  Collector collector(configuration, rules, unknown_resolvers);
  for (const auto& [name, router] : merged.routers) collector.add(name, router);
  for (const auto& [name, router] : merged.tcp_routers) collector.add(name, router);
  for (const auto& [name, store] : merged.tls_stores) collector.add(name, *store.object);
  return collector.take();
}

}  // namespace sluice::control
