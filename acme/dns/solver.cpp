#include "acme/dns/solver.h"

#include <algorithm>
#include <ctime>

#include "acme/dns/name.h"
#include "acme/dns/name_locks.h"
#include "acme/dns/persistent.h"
#include "acme/dns/problem_codes.h"
#include "acme/dns/providers.h"
#include "acme/dns/solver_parts.h"
#include "async/timer.h"
#include "base/text.h"
#include "config/schema.h"
#include "observe/log.h"

namespace sluice::acme {
namespace dns {
namespace {

constexpr std::string_view kEveryName = "*";  // what providers hold that want one change at a time

class ProviderSolver final : public DnsSolver {
 public:
  ProviderSolver(std::unique_ptr<Lookup> lookup, std::unique_ptr<Provider> provider, PropagationRules rules)
      : lookup_(std::move(lookup)), provider_(std::move(provider)), rules_(rules) {}

  Task<Status> present(DnsProof proof, std::string& why) override {
    Result<Change> change = co_await change_of(std::move(proof), why);
    if (!change) co_return change.error();
    log::debug("publishing a DNS record", {{log::field::kProvider, provider_->name()},
                                           {"record", change->record},
                                           {"at", change->place.name},
                                           {"zone", change->place.zone}});
    Status added = co_await add(*change, why);
    if (!added) co_return named(added, why);
    Status settled = co_await provider_->settled(*change, why);
    if (!settled) co_return named(settled, why);
    Status seen =
        co_await wait_for_propagation(*lookup_, change->place, change->proof.value, rules_, provider_->timing(), why);
    co_return seen;
  }

  Task<Status> clean_up(DnsProof proof, std::string& why) override {
    Result<Change> change = co_await change_of(std::move(proof), why);
    if (!change) co_return change.error();
    Result<NameLocks::Guard> held = co_await locks_.hold(lock_name(*change));
    if (!held) co_return held.error();
    Status removed = co_await provider_->remove(*change, why);
    co_return named(removed, why);
  }

  Task<Status> check_persistent(std::string name, std::string issuer_domain, std::string account_url, bool wildcard,
                                std::string& why) override {
    Result<Place> place = co_await lookup_->place_of("_validation-persist." + name, why);
    if (!place) co_return place.error();
    std::vector<SocketAddress> servers;
    for (const NameServer& server : place->servers) {
      servers.insert(servers.end(), server.addresses.begin(), server.addresses.end());
    }
    bool recursive = servers.empty();
    if (recursive) {
      Result<std::vector<SocketAddress>> resolvers = co_await lookup_->resolvers(why);
      if (!resolvers) co_return resolvers.error();
      servers = std::move(*resolvers);
    }
    Result<Message> reply = co_await lookup_->ask(std::move(servers), place->name, type::kTxt, recursive, why);
    if (!reply) co_return reply.error();
    PersistentGrant wanted{std::move(issuer_domain), std::move(account_url), wildcard};
    for (const std::string& value : txt_values(*reply, place->name)) {
      if (allows(value, wanted, std::time(nullptr))) co_return Status();
    }
    why = "publish this record, once: _validation-persist." + name + ". TXT \"" + persistent_value(wanted) + "\"";
    co_return Error::of(Code::not_found, "no dns-persist-01 record", Origin::upstream);
  }

 private:
  Task<Result<Change>> change_of(DnsProof proof, std::string& why) {
    Change change;
    Result<std::string> record = canonical_name("_acme-challenge." + proof.name);
    if (!record) {
      why = "no DNS record can be made for \"" + printable(proof.name, 300) + "\": " + std::string(record.error().text);
      co_return record.error();
    }
    change.record = std::move(*record);
    change.proof = std::move(proof);
    Result<Place> place = co_await lookup_->place_of(change.record, why);
    if (!place) co_return place.error();
    change.place = std::move(*place);
    co_return std::move(change);
  }

  std::string lock_name(const Change& change) const {
    return provider_->one_at_a_time() ? std::string(kEveryName) : change.place.name;
  }

  Task<Status> add(const Change& change, std::string& why) {
    Result<NameLocks::Guard> held = co_await locks_.hold(lock_name(change));
    if (!held) co_return held.error();
    Loop& loop = Loop::current();
    if (loop.read_clock() < next_add_) {
      Status slept = co_await sleep_until(next_add_);
      if (!slept) co_return slept.error();
    }
    Status added = co_await provider_->add(change, why);
    if (provider_->interval() > Duration(0)) next_add_ = loop.read_clock() + provider_->interval();
    co_return added;
  }

  Status named(const Status& status, std::string& why) const {
    if (!status && !why.empty()) why = std::string(provider_->name()) + ": " + why;
    return status;
  }

  std::unique_ptr<Lookup> lookup_;
  std::unique_ptr<Provider> provider_;  // uses the lookup
  PropagationRules rules_;
  NameLocks locks_;
  Time next_add_;
};

void report_unknown(const std::string& provider, const DnsSurroundings& surroundings, config::Report& report) {
  std::vector<std::string_view> names;
  std::string list;
  for (const ProviderKind& kind : provider_kinds()) {
    names.push_back(kind.name);
    list += (list.empty() ? "" : ", ") + std::string(kind.name);
  }
  const std::string option = "certificatesResolvers." + surroundings.resolver_name + ".acme.dnsChallenge.provider";
  config::Problem problem;
  problem.code = code::kUnknownProvider;
  problem.source = surroundings.source;
  problem.effect = "the resolver " + surroundings.resolver_name + " obtains no certificates";
  if (provider.empty()) {
    problem.what = option + " is empty";
    problem.fix = "write one of " + list;
  } else {
    problem.what = option + ": there is no provider \"" + provider + "\" here";
    std::optional<std::string> nearest = config::nearest_name(provider, names);
    problem.fix = nearest ? "did you mean " + *nearest + "? There are " + list : "there are " + list;
    problem.fix +=
        "; every other DNS service can be used through a program (exec), an HTTP server (httpreq), or a CNAME of "
        "_acme-challenge.<name> into a zone that one of these can change";
  }
  report.push_back(std::move(problem));
}

config::Problem variable_problem(std::string_view provider, const std::string& text,
                                 const DnsSurroundings& surroundings) {
  config::Problem problem;
  problem.code = code::kVariables;
  problem.what = "DNS provider " + std::string(provider) + ": " + text;
  problem.source = surroundings.source;
  return problem;
}

void report_variables(std::string_view provider, const Environment& variables, const DnsSurroundings& surroundings,
                      config::Report& report) {
  for (const std::string& text : variables.warnings()) {
    config::Problem problem = variable_problem(provider, text, surroundings);
    problem.severity = config::Severity::warning;
    report.push_back(std::move(problem));
  }
  for (const std::string& text : variables.problems()) {
    config::Problem problem = variable_problem(provider, text, surroundings);
    problem.effect = "the resolver " + surroundings.resolver_name + " obtains no certificates";
    problem.fix = "set the environment variable for Sluice itself; a name with _FILE behind it takes a path";
    report.push_back(std::move(problem));
  }
}

}  // namespace

std::unique_ptr<DnsSolver> make_solver(const config::DnsChallenge& settings, const DnsSurroundings& surroundings,
                                       Lookup::Settings lookup_settings, config::Report& report) {
  const ProviderKind* kind = find_provider(settings.provider);
  if (kind == nullptr) {
    report_unknown(settings.provider, surroundings, report);
    return nullptr;
  }
  PropagationRules rules = PropagationRules::of(settings);
  Environment variables(surroundings.environment);
  lookup_settings.follow_cnames = !variables.truth({"LEGO_DISABLE_CNAME_SUPPORT"}, false);
  lookup_settings.ask_authorities = rules.ask_authorities;
  if (variables.truth({"LEGO_EXPERIMENTAL_DNS_TCP_ONLY"}, false)) lookup_settings.transport = Transport::tcp_only;
  bool resolvers_are_good = true;
  for (const std::string& written : settings.resolvers) {
    Result<ServerName> server = ServerName::parse(written);
    if (server) {
      lookup_settings.resolvers.push_back(std::move(*server));
      continue;
    }
    resolvers_are_good = false;
    config::Problem problem;
    problem.code = code::kResolvers;
    problem.what = "certificatesResolvers." + surroundings.resolver_name + ".acme.dnsChallenge.resolvers has \"" +
                   written + "\": " + std::string(server.error().text);
    problem.source = surroundings.source;
    problem.effect = "the resolver " + surroundings.resolver_name + " obtains no certificates";
    problem.fix = "write an address and a port, such as 1.1.1.1:53";
    report.push_back(std::move(problem));
  }
  auto lookup = std::make_unique<Lookup>(std::move(lookup_settings));
  std::unique_ptr<Provider> provider = kind->make(ProviderParts{surroundings.client, *lookup, variables});
  report_variables(kind->name, variables, surroundings, report);
  if (!variables.problems().empty() || !resolvers_are_good) return nullptr;
  return std::make_unique<ProviderSolver>(std::move(lookup), std::move(provider), rules);
}

}  // namespace dns

std::unique_ptr<DnsSolver> make_dns_solver(const config::DnsChallenge& settings, const DnsSurroundings& surroundings,
                                           config::Report& report) {
  return dns::make_solver(settings, surroundings, {}, report);
}

}  // namespace sluice::acme
