// hooks.h: programs and web services that are told what becomes of the certificates of a resolver. One may forbid an
// order; else whatever they do, or do not do, changes nothing.
//
// Control loop only; it outlives its tasks. A hook that is told gets so many seconds and is then ended.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "async/signal.h"
#include "async/task.h"
#include "config/static_resolvers.h"
#include "config/tree.h"
#include "rest/client.h"

namespace sluice::acme {

namespace event {
inline constexpr std::string_view kObtaining = "obtaining";
inline constexpr std::string_view kObtained = "obtained";
inline constexpr std::string_view kFailed = "failed";
inline constexpr std::string_view kExpiring = "expiring";
inline constexpr std::string_view kAriChanged = "ari-changed";
inline constexpr std::string_view kRevoked = "revoked";
}  // namespace event

// The beginning of what hooks are told; more may be added: scalars and lists of scalars.
config::Node hook_event(std::string_view event, std::string_view resolver, const std::vector<std::string>& names);

// "SLUICE_NOT_AFTER=…": the event as variables of a program. Lists are joined by commas.
std::vector<std::string> hook_variables(const config::Node& event);

class Hooks {
 public:
  // By these a hook forbids what it is asked about. Everything else that is no success is a hook that failed.
  static constexpr int kForbidsByExit = 77;  // EX_NOPERM of sysexits.h
  static constexpr int kForbidsByStatus = 403;
  static constexpr std::size_t kMostWaiting = 256;

  // `http` must outlive it.
  Hooks(std::vector<config::AcmeHook> hooks, rest::Client& http) : hooks_(std::move(hooks)), http_(http) {}

  // Tells the hooks that want to know, after all that was told before. Returns at once.
  void tell(config::Node event);
  // Asks those that want to know, all at once. Empty: nobody forbids it; else why it is forbidden.
  Task<std::string> ask(config::Node event);
  // Runs what is told, until the scope is cancelled.
  Task<void> run();

 private:
  bool is_for(const config::AcmeHook& hook, const config::Node& event) const;
  Task<std::string> run_all(config::Node event);
  Task<void> run_one(const config::AcmeHook& hook, const config::Node& event, std::string& forbidden);
  Task<void> run_exec(const config::AcmeHook& hook, const config::Node& event, std::string& forbidden);
  Task<void> call_web(const config::AcmeHook& hook, const config::Node& event, std::string& forbidden);

  std::vector<config::AcmeHook> hooks_;
  rest::Client& http_;
  std::deque<config::Node> waiting_;
  Signal told_;
};

}  // namespace sluice::acme
