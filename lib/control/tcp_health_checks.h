// tcp_health_checks.h: active health checks of TCP services: connects to each server of a service that wants it, says
// and expects what the service's healthCheck does, and notes what it found where the workers look
// (proxy::ServerHealth).
//
// On the control thread, one task per server. A check goes on undisturbed when a change of configuration leaves it as
// it was; one that nobody wants any more ends by itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "config/dynamic_tcp.h"
#include "net/resolver.h"
#include "proxy/server_health.h"
#include "proxy/tcp_services.h"

namespace sluice::control {

struct TcpHealthTarget {
  std::string key;      // another key is another check
  std::string service;  // qualified name
  proxy::TcpLoadBalancer::Server server;
  config::TcpHealthCheck settings;
  std::shared_ptr<const tls::ClientContext> tls;  // of a server with `tls`
  std::shared_ptr<proxy::ServerHealth> health;
};

class TcpHealthChecks {
 public:
  // Tasks run in `scope`, which must be joined before the end.
  explicit TcpHealthChecks(Scope& scope) : scope_(scope), resolver_(scope) {}

  // What is to be checked from now on. New ones are asked at once.
  void adopt(std::vector<TcpHealthTarget> targets);

 private:
  struct Check {
    TcpHealthTarget target;
    bool wanted = true;
    bool up = true;
  };

  Task<void> watch(std::shared_ptr<Check> check);
  // Not ok: what is wrong with the server.
  Task<Status> probe(const TcpHealthTarget& target);
  static void note(Check& check, const Status& found);

  Scope& scope_;
  net::Resolver resolver_;
  std::map<std::string, std::shared_ptr<Check>> checks_;
};

}  // namespace sluice::control
