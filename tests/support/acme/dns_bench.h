// dns_bench.h: a solver of DNS challenges with a name server of the test's in place of the Internet's.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "acme/dns/solver_parts.h"
#include "support/acme/dns_server.h"
#include "support/run_task.h"

namespace sluice::test {

class DnsBench {
 public:
  struct Outcome {
    Status status;
    std::string why;
  };

  DnsBench() {
    zones.add_zone("example.com.", {"ns1.example.com."});
    zones.add_loopback("ns1.example.com.");
  }

  // Is both the resolver and the zone's own server.
  ZoneData zones;
  DnsServer server{zones.script()};
  config::DnsChallenge challenge;
  std::map<std::string, std::string> environment;
  config::Report report;

  // One present or clean_up after the other, with one solver.
  enum class Step { present, clean_up };
  std::vector<Outcome> run(std::vector<std::pair<Step, acme::DnsProof>> steps) {
    return run_task(steps_of(std::move(steps)));
  }
  Outcome present(const std::string& name, const std::string& value) {
    return run({{Step::present, proof(name, value)}}).front();
  }
  Outcome clean_up(const std::string& name, const std::string& value) {
    return run({{Step::clean_up, proof(name, value)}}).front();
  }
  // All at the same time.
  std::vector<Outcome> present_together(std::vector<acme::DnsProof> proofs) {
    return run_task(together(std::move(proofs)));
  }
  Outcome check_persistent(const std::string& name, bool wildcard) { return run_task(persistent(name, wildcard)); }
  // Whether a solver can be made; `report` says why not.
  bool can_be_made() { return run_task(made()); }

  static acme::DnsProof proof(const std::string& name, const std::string& value) {
    return {name, value, "token-of-" + value, "token-of-" + value + ".thumbprint"};
  }

 private:
  std::unique_ptr<acme::DnsSolver> make(rest::Client& client) {
    acme::dns::Lookup::Settings settings;
    settings.resolvers.push_back({"127.0.0.1", server.port()});
    settings.authority_port = server.port();
    acme::DnsSurroundings surroundings{client, environment, "test", {"test.yml", 3, 1}};
    return acme::dns::make_solver(challenge, surroundings, std::move(settings), report);
  }

  Task<std::vector<Outcome>> steps_of(std::vector<std::pair<Step, acme::DnsProof>> steps) {
    rest::Client client("Sluice/test");
    std::unique_ptr<acme::DnsSolver> solver = make(client);
    SLUICE_CHECK(solver != nullptr);
    std::vector<Outcome> outcomes;
    for (const auto& [step, proof] : steps) {
      std::string why;
      if (step == Step::present) {
        Status status = co_await solver->present(proof, why);
        outcomes.push_back({status, why});
      } else {
        Status status = co_await solver->clean_up(proof, why);
        outcomes.push_back({status, why});
      }
    }
    co_return std::move(outcomes);
  }

  static Task<void> present_into(acme::DnsSolver& solver, acme::DnsProof proof, Outcome& outcome) {
    outcome.status = co_await solver.present(std::move(proof), outcome.why);
  }

  Task<std::vector<Outcome>> together(std::vector<acme::DnsProof> proofs) {
    rest::Client client("Sluice/test");
    std::unique_ptr<acme::DnsSolver> solver = make(client);
    SLUICE_CHECK(solver != nullptr);
    std::vector<Outcome> outcomes(proofs.size());
    Scope scope;
    for (std::size_t i = 0; i < proofs.size(); ++i) scope.spawn(present_into(*solver, proofs[i], outcomes[i]));
    co_await scope.join();
    co_return std::move(outcomes);
  }

  Task<Outcome> persistent(std::string name, bool wildcard) {
    rest::Client client("Sluice/test");
    std::unique_ptr<acme::DnsSolver> solver = make(client);
    SLUICE_CHECK(solver != nullptr);
    Outcome outcome;
    outcome.status = co_await solver->check_persistent(std::move(name), "ca.example", "https://ca.example/acct/1",
                                                       wildcard, outcome.why);
    co_return std::move(outcome);
  }

  Task<bool> made() {
    rest::Client client("Sluice/test");
    std::unique_ptr<acme::DnsSolver> solver = make(client);
    co_return solver != nullptr;
  }
};

}  // namespace sluice::test
