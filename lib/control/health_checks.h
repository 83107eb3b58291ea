// health_checks.h: active health checks: asks each server of a service that wants it, and notes what it found where the
// workers look (proxy::ServerHealth).
//
// On the control thread, one task per server. A check goes on undisturbed when a change of configuration leaves it as
// it was; one that nobody wants any more ends by itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "config/dynamic_http.h"
#include "proxy/endpoint.h"
#include "proxy/server_health.h"
#include "rest/client.h"

namespace sluice::control {

struct HealthTarget {
  std::string key;      // another key is another check
  std::string service;  // qualified name
  std::shared_ptr<const proxy::Endpoint> server;
  config::HealthCheck settings;
  rest::Tls tls;         // as the service's transport says it
  std::string tls_name;  // empty: the host of the URL
  std::shared_ptr<proxy::ServerHealth> health;
};

class HealthChecks {
 public:
  // Tasks run in `scope`, which must be joined before the end.
  explicit HealthChecks(Scope& scope);

  // What is to be checked from now on. New ones are asked at once.
  void adopt(std::vector<HealthTarget> targets);

 private:
  struct Check {
    HealthTarget target;
    bool wanted = true;
    bool up = true;
  };

  Task<void> watch(std::shared_ptr<Check> check);
  // Empty when the server is well; else what is wrong with it.
  Task<std::string> probe(const HealthTarget& target);
  void note(Check& check, const std::string& trouble);

  Scope& scope_;
  rest::Client client_;
  std::map<std::string, std::shared_ptr<Check>> checks_;
};

}  // namespace sluice::control
