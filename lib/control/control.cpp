#include "control/control.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "async/timer.h"
#include "control/demand_rules.h"
#include "control/internal_provider.h"
#include "control/problems.h"
#include "net/listener.h"
#include "net/udp_socket.h"
#include "observe/log.h"

namespace sluice::control {
namespace {

std::vector<std::string> names_of(const std::vector<std::unique_ptr<Provider>>& providers) {
  std::vector<std::string> names;
  names.reserve(providers.size());
  for (const auto& provider : providers) names.emplace_back(provider->name());
  return names;
}

void log_problem(const config::Problem& problem) {
  std::string line = config::to_line(problem);
  switch (problem.severity) {
    case config::Severity::error: log::error(line); break;
    case config::Severity::warning: log::warn(line); break;
    case config::Severity::info: log::info(line); break;
  }
}

}  // namespace

Control::Control(const config::Static& configuration, MiddlewareKinds kinds,
                 std::vector<std::unique_ptr<Provider>> providers, observe::Metrics& metrics)
    : configuration_(configuration),
      entry_points_(make_entry_points(configuration)),
      worker_count_(configuration.workers > 0 ? static_cast<unsigned>(configuration.workers) : default_workers()),
      builder_(configuration, entry_points_.settings, worker_count_, kinds,
               internal_services(configuration, terminating_), registry_),
      providers_(std::move(providers)),
      aggregator_(configuration.providers.providers_throttle_duration, names_of(providers_)),
      challenge_counts_(metrics),
      demand_rules_(demand_rules(configuration)),
      undrained_(entry_points_.settings.size(), 0),
      signals_({SIGTERM, SIGINT, SIGHUP, SIGUSR1}),
      adopted_(worker_count_, 0) {}

Control::~Control() = default;

config::Report Control::start() {
  config::Report report = entry_points_.report;
  if (config::has_errors(report)) return report;
  std::vector<SocketAddress> addresses;
  auto fail = [&](std::size_t index, const Error& error) {
    const server::EntryPointSettings& settings = entry_points_.settings[index];
    auto written = configuration_.entry_points.find(settings.name);
    std::string fix = error.sys == EADDRINUSE ? "stop the process that listens there, or use another port"
                      : error.code == Code::security
                          ? "ports below 1024 need the capability NET_BIND_SERVICE, or use a higher port"
                          : "use an address of this machine";
    report.push_back(
        problem(code::kAddress,
                fmt::format("entry point {} cannot listen on {}: {} ({})", settings.name, settings.address.to_string(),
                            error.text, std::generic_category().message(error.sys)),
                written->second.source, "Sluice does not start", std::move(fix)));
  };
  for (std::size_t i = 0; i < entry_points_.settings.size(); ++i) {
    const server::EntryPointSettings& settings = entry_points_.settings[i];
    addresses.push_back(settings.address);
    if (configuration_.entry_points.at(settings.name).reuse_port) continue;
    Status probed = settings.udp ? net::probe_udp_address(settings.address) : net::probe_address(settings.address);
    if (!probed) fail(i, probed.error());
  }
  if (config::has_errors(report)) return report;
  for (unsigned i = 0; i < worker_count_; ++i) {
    auto worker = std::make_unique<server::Worker>(i, entry_points_.settings, reports_, &challenge_counts_,
                                                   demand_rules_ ? &*demand_rules_ : nullptr);
    std::size_t failed = 0;
    Status started = worker->start(addresses, failed);
    if (!started) {
      fail(failed, started.error());
      end();
      return report;
    }
    workers_.push_back(std::move(worker));
  }
  for (std::size_t i = 0; i < addresses.size(); ++i) entry_points_.settings[i].address = addresses[i];
  return report;
}

int Control::run() {
  for (const auto& provider : providers_) {
    if (provider->stats() != nullptr) live_state_.provider_stats.emplace_back(provider->name(), provider->stats());
  }
  aggregator_.publish(internal_fragment(configuration_));
  for (const auto& provider : providers_) scope_.spawn(provider->run(aggregator_));
  for (Task<void>& companion : companions_) scope_.spawn(std::move(companion));
  companions_.clear();
  scope_.spawn(apply_changes());
  scope_.spawn(follow_files());
  scope_.spawn(rotate_tickets());
  scope_.spawn(follow_workers());
  scope_.spawn(follow_signals());
  Loop::current().run();
  // Providers end with their scope; what they still wait for on the thread pool is waited for here.
  scope_.cancel(Error::of(Code::cancelled, "the process ends"));
  drain_scope_.cancel(Error::of(Code::cancelled, "the process ends"));
  while (scope_.running() + drain_scope_.running() > 0) Loop::current().run_once();
  workers_.clear();
  return exit_status_;
}

Task<void> Control::apply_changes() {
  for (;;) {
    Result<Fragments> fragments = co_await aggregator_.next();
    if (!fragments) co_return;
    Time began = Time::now();
    Build build = builder_.build(*fragments);
    // Before all else: what goes with the configuration before it is freed after that.
    give_all(server::Adopt{build.snapshot});
    live_state_.build_time = Time::now() - began;
    const config::Report& unknown = build.certificates.unknown_resolvers;
    build.report.insert(build.report.end(), unknown.begin(), unknown.end());
    live_state_.configuration = &configuration_;
    live_state_.entry_points = entry_points_.settings;
    live_state_.fragments = *fragments;
    live_state_.snapshot = build.snapshot;
    live_state_.routers = build.routers;
    live_state_.services = &builder_.services();
    live_state_.report = build.report;
    log_report(build.report);
    log::info("configuration applied", {{"number", build.snapshot->number},
                                        {"routers", build.routers},
                                        {"problems", build.report.size()},
                                        {"took", live_state_.build_time}});
    for (const auto& provider : providers_) provider->wanted(build.certificates);
    health_checks_.adopt(std::move(build.health_targets));
    tcp_health_checks_.adopt(std::move(build.tcp_health_targets));
    stapler_.follow(builder_.tls().served());
    if (builder_.files() != watched_) {
      // Whoever waits for the old set is told, so that it watches the new one.
      if (files_) files_->poke();
      files_known_.notify_all();
    }
  }
}

// A changed certificate, key or list of authorities is one more build of the same fragments: new handshakes use it,
// and nothing else changes.
Task<void> Control::follow_files() {
  for (;;) {
    while (builder_.files().empty()) {
      watched_.clear();
      Status known = co_await files_known_.wait();
      if (!known) co_return;
    }
    watched_ = builder_.files();
    files_.emplace(std::vector<std::string>(watched_.begin(), watched_.end()));
    Status started = co_await files_->start();
    if (!started) co_return;
    // What changed between the build and the start of the watch was seen by neither.
    aggregator_.touch();
    while (builder_.files() == watched_) {
      Status changed = co_await files_->changed();
      if (!changed) co_return;
      if (builder_.files() == watched_) aggregator_.touch();
    }
  }
}

void Control::staple(const std::shared_ptr<const tls::Certificate>& certificate,
                     std::shared_ptr<const std::string> response) {
  builder_.tls().staple(certificate, std::move(response));
  aggregator_.touch();
}

Task<void> Control::rotate_tickets() {
  for (;;) {
    Status slept = co_await sleep_for(tls::TicketKeys::kPeriod);
    if (!slept) co_return;
    builder_.tls().rotate_tickets();
  }
}

void Control::log_report(const config::Report& report) {
  std::unordered_set<std::string> lines;
  for (const config::Problem& problem : report) {
    // A problem that stays is said once, not with every change.
    std::string line = config::to_line(problem);
    if (!reported_.contains(line) && !lines.contains(line)) log_problem(problem);
    lines.insert(std::move(line));
  }
  reported_ = std::move(lines);
}

Task<void> Control::follow_workers() {
  for (;;) {
    Result<std::vector<server::WorkerReport>> reports = co_await reports_.receive();
    if (!reports) co_return;
    for (const server::WorkerReport& report : *reports) {
      if (const auto* adopted = std::get_if<server::Adopted>(&report)) {
        adopted_[adopted->worker] = adopted->snapshot;
        std::uint64_t everywhere = *std::min_element(adopted_.begin(), adopted_.end());
        if (everywhere == live_) continue;
        if (live_ == 0) {
          for (const server::EntryPointSettings& settings : entry_points_.settings) {
            log::info("entry point serves", {{"entryPoint", settings.name}, {"address", settings.address.to_string()}});
          }
        }
        live_ = everywhere;
        live_state_.adopted = everywhere;
        log::debug("configuration is live in every worker", {{"number", live_}});
      } else if (const auto* armed = std::get_if<server::Armed>(&report)) {
        challenges_.confirmed(*armed);
      } else if (const auto* demanded = std::get_if<server::Demanded>(&report)) {
        scope_.spawn(meet_demand(demanded->name, demanded->client));
      } else if (const auto* drained = std::get_if<server::Drained>(&report)) {
        --undrained_[drained->entry_point];
        drained_.notify_all();
      }
      // A retired snapshot is destroyed here, with the reports.
    }
  }
}

// A yes is answered by the snapshot with the certificate.
Task<void> Control::meet_demand(std::string name, IpAddress client) {
  bool taken = false;
  for (const auto& provider : providers_) {
    if (!taken) taken = co_await provider->demanded(name, client);
  }
  if (!taken) give_all(server::RefuseDemand{std::move(name)});
}

Task<void> Control::follow_signals() {
  bool draining = false;
  for (;;) {
    Result<int> number = co_await signals_.next();
    if (!number) co_return;
    if (*number == SIGHUP) {
      for (const auto& provider : providers_) provider->reread();
    } else if (*number == SIGUSR1) {
      log::reopen();
    } else if (draining) {
      log::warn("second signal: ending at once");
      exit_status_ = 1;
      end();
    } else {
      draining = true;
      live_state_.draining = true;
      log::info("draining, then ending", {{"signal", *number == SIGTERM ? "SIGTERM" : "SIGINT"}});
      terminating_.store(true, std::memory_order_relaxed);
      drain_scope_.spawn(drain());
    }
  }
}

Task<void> Control::drain() {
  Scope* current = co_await current_scope();
  Scope entry_points(current);
  for (std::size_t i = 0; i < entry_points_.settings.size(); ++i) entry_points.spawn(drain_entry_point(i));
  co_await entry_points.join();
  end();
}

Task<void> Control::drain_entry_point(std::size_t index) {
  const std::string& name = entry_points_.settings[index].name;
  const config::LifeCycle& life_cycle = configuration_.entry_points.at(name).transport.life_cycle;
  Status waited = co_await sleep_for(life_cycle.request_accept_grace_timeout);
  if (!waited) co_return;
  undrained_[index] = worker_count_;
  give_all(server::Drain{index});
  Deadline deadline = Loop::current().now() + life_cycle.grace_time_out;
  while (undrained_[index] > 0) {
    Status drained = co_await drained_.wait(deadline);
    if (drained) continue;
    if (drained.error().code == Code::timed_out) {
      log::warn("requests were still running after graceTimeOut and are cut off", {{log::field::kEntryPoint, name}});
    }
    co_return;
  }
}

void Control::give_all(const server::Order& order) {
  if (ended_) return;
  for (const auto& worker : workers_) worker->give(order);
}

void Control::end() {
  give_all(server::End{});
  ended_ = true;
  challenges_.end();
  Loop::current().stop();
}

}  // namespace sluice::control
