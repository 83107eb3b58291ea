#include "providers/docker/swarm_session.h"

#include <algorithm>
#include <utility>

#include "async/timer.h"
#include "providers/docker/problem_codes.h"
#include "providers/docker/swarm_services.h"

namespace sluice::providers::docker {
namespace {

constexpr std::string_view kSwarmEvents =
    R"({"type":["service","node","container"],"event":["create","update","remove","start","die","destroy"]})";
// An event is often one of several.
constexpr Duration kSettle = 50ms;

Time now() { return Loop::current().now(); }

// What all tasks of a service say is said once.
void without_repetitions(config::Report& report) {
  config::Report kept;
  for (config::Problem& problem : report) {
    if (std::find(kept.begin(), kept.end(), problem) == kept.end()) kept.push_back(std::move(problem));
  }
  report = std::move(kept);
}

}  // namespace

SwarmSession::SwarmSession(Engine engine, const Settings& settings, Memory& memory, control::FragmentSink& sink,
                           Duration refresh, const Timing& timing)
    : engine_(std::move(engine)),
      settings_(settings),
      memory_(memory),
      sink_(sink),
      refresh_(refresh),
      timing_(timing) {}

Task<Status> SwarmSession::run(bool watch) {
  Status negotiated = co_await engine_.negotiate();
  if (!negotiated) co_return negotiated;
  if (!watch) {
    Status looked = co_await look();
    co_return looked;
  }
  Result<std::unique_ptr<rest::LineStream>> events = engine_.events(kSwarmEvents);
  if (!events) co_return events.error();
  events_ = std::move(*events);
  Scope* outer = co_await current_scope();
  Scope scope(outer);
  scope_ = &scope;
  scope.spawn(keep_looking());
  scope.spawn(keep_pinging());
  co_await in_scope(scope, read_events());
  scope.cancel(Error::of(Code::cancelled, "the connection with the manager is over"));
  co_await scope.join();
  scope_ = nullptr;
  if (failure_) co_return *failure_;
  co_return Status();
}

Task<Result<Swarm>> SwarmSession::read_swarm() {
  Swarm swarm;
  Result<std::string> body = co_await engine_.read("/services");
  if (!body) co_return body.error();
  Result<std::vector<SwarmService>> services = parse_services(*body);
  if (!services) co_return services.error();
  swarm.services = *std::move(services);

  body = co_await engine_.read("/tasks?filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D");
  if (!body) co_return body.error();
  Result<std::vector<SwarmTask>> tasks = parse_tasks(*body);
  if (!tasks) co_return tasks.error();
  swarm.tasks = *std::move(tasks);

  if (needs_nodes(swarm)) {
    body = co_await engine_.read("/nodes");
    if (!body) co_return body.error();
    Result<std::map<std::string, std::string>> nodes = parse_nodes(*body);
    if (!nodes) co_return nodes.error();
    swarm.nodes = *std::move(nodes);
  }
  if (needs_networks(swarm)) {
    body = co_await engine_.read("/networks?filters=%7B%22scope%22%3A%5B%22swarm%22%5D%7D");
    if (!body) co_return body.error();
    Result<std::map<std::string, std::string>> networks = parse_networks(*body);
    if (!networks) co_return networks.error();
    swarm.networks = *std::move(networks);
  }
  co_return swarm;
}

Task<Status> SwarmSession::look() {
  ++engine_.stats().resyncs;
  Result<Swarm> swarm = co_await read_swarm();
  if (!swarm) co_return swarm.error();
  publish(*std::move(swarm));
  co_return Status();
}

Task<void> SwarmSession::keep_looking() {
  for (;;) {
    Status looked = co_await look();
    if (!looked) {
      fail(looked.error());
      co_return;
    }
    // After an event the manager may know of the task only a little later: there is a second look.
    Deadline next = now() + (looks_wanted_ > 0 ? timing_.task_settle : refresh_);
    if (looks_wanted_ > 0) --looks_wanted_;
    int wanted = looks_wanted_;
    while (looks_wanted_ == wanted && now() < next) {
      Status waited = co_await look_asked_for_.wait(next);
      if (!waited && waited.error().code != Code::timed_out) co_return;
    }
    if (looks_wanted_ == wanted) continue;
    Status settled = co_await sleep_for(kSettle);
    if (!settled) co_return;
    looks_wanted_ = 1;
  }
}

Task<void> SwarmSession::read_events() {
  Result<int> status = co_await events_->status();
  if (status && events_refused(*status, "swarm", refresh_)) {
    Signal never;
    Status ended = co_await never.wait();
    (void)ended;
    co_return;
  }
  for (;;) {
    Result<std::string> line = co_await events_->next_line();
    if (!line && line.error().code != Code::exhausted) {
      fail(line.error());
      co_return;
    }
    if (line) {
      ++engine_.stats().events;
      engine_.stats().last_event = now();
    }
    looks_wanted_ = 2;
    look_asked_for_.notify_all();
  }
}

Task<void> SwarmSession::keep_pinging() {
  for (;;) {
    Status rested = co_await sleep_for(timing_.ping);
    if (!rested) co_return;
    Status alive = co_await engine_.ping(timing_.pong);
    if (!alive) {
      fail(alive.error());
      co_return;
    }
  }
}

void SwarmSession::publish(Swarm swarm) {
  synced_ = true;
  if (memory_.last == swarm) return;
  control::Fragment fragment;
  fragment.provider = "swarm";
  std::vector<Contribution> contributions;
  for (const SwarmContainer& one : containers_of(swarm, fragment.report)) {
    Contribution contribution = infer(one.container, false, {}, settings_.inference, settings_.default_rule);
    contribution.container = one.service;
    for (config::Problem& problem : contribution.report) {
      if (problem.code == code::kWaiting) problem.what = "no task of it runs";
    }
    contributions.push_back(std::move(contribution));
  }
  std::vector<const Contribution*> all;
  all.reserve(contributions.size());
  for (const Contribution& contribution : contributions) all.push_back(&contribution);
  fragment.configuration = memory_.merger.merge(std::move(all), fragment.report);
  without_repetitions(fragment.report);
  memory_.last = std::move(swarm);
  sink_.publish(std::move(fragment));
}

void SwarmSession::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  if (scope_ != nullptr) scope_->cancel(Error::of(Code::cancelled, "the connection with the manager is over"));
}

}  // namespace sluice::providers::docker
