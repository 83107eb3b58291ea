#include "providers/docker/session.h"

#include <algorithm>
#include <utility>

#include "async/offload.h"
#include "async/timer.h"
#include "net/resolver.h"
#include "observe/log.h"
#include "providers/docker/engine_json.h"

namespace sluice::providers::docker {
namespace {

constexpr int kLooksAtOnce = 4;
// While events are waiting, fragments follow each other at least this far apart.
constexpr Duration kPublishGap = 5ms;

Time now() { return Loop::current().now(); }

// Names under which containers reach their host, in Traefik's order.
std::string resolve_host() {
  for (const char* name : {"host.docker.internal", "host.containers.internal"}) {
    Result<net::Resolver::Addresses> addresses = net::Resolver::system_lookup(name);
    if (addresses && !addresses->empty()) return addresses->front().to_string();
  }
  return "127.0.0.1";
}

}  // namespace

Session::Session(Engine engine, Inventory& inventory, control::FragmentSink& sink, const Timing& timing)
    : engine_(std::move(engine)), inventory_(inventory), sink_(sink), timing_(timing) {}

Task<Status> Session::run(bool watch) {
  Status negotiated = co_await engine_.negotiate();
  if (!negotiated) co_return negotiated;
  if (watch) {
    Status subscribed = co_await subscribe();
    if (!subscribed) co_return subscribed;
  }
  Scope* outer = co_await current_scope();
  Scope scope(outer);
  scope_ = &scope;
  scope.spawn(keep_listing());
  scope.spawn(limit_sync());
  if (watch) scope.spawn(keep_time());
  if (watch) scope.spawn(keep_pinging());
  for (int i = 0; i < kLooksAtOnce; ++i) scope.spawn(keep_looking());
  if (!watch) {
    co_await in_scope(scope, wait_for_sync());
  } else {
    if (events_ != nullptr) co_await in_scope(scope, read_events());
    if (events_ == nullptr) co_await scope.join();  // until one of the tasks fails
  }
  scope.cancel(Error::of(Code::cancelled, "the connection with the engine is over"));
  co_await scope.join();
  scope_ = nullptr;
  if (failure_) co_return *failure_;
  co_return Status();
}

Task<Status> Session::subscribe() {
  events_ = engine_.events();
  Deadline patience = now() + (engine_.is_far() ? timing_.far_stream_head : timing_.stream_head);
  Result<int> status = co_await events_->status(patience);
  // Some engines send the head with the first event only.
  if (!status && status.error().code == Code::timed_out) co_return Status();
  if (!status) co_return status.error();
  co_return take_events(*status);
}

// Without events, `events_` is null and what changes is found by the list.
Status Session::take_events(int status) {
  if (status == 200) return {};
  events_.reset();
  if (events_refused(status, "docker", resync_period())) {
    list_soon();  // the next list may be set for when events were still hoped for
    return {};
  }
  return Error{Code::unavailable, Origin::upstream, false, 0, "the engine answers its events with an odd status"};
}

Task<void> Session::wait_for_sync() {
  while (!synced_) {
    Status waited = co_await synced_signal_.wait();
    if (!waited) co_return;
  }
}

Task<void> Session::read_events() {
  Result<int> status = co_await events_->status(kNoDeadline);
  Status taken = status ? take_events(*status) : Status(status.error());
  if (!taken) fail(taken.error());
  if (!taken || events_ == nullptr) co_return;
  for (;;) {
    Result<std::string> line = co_await events_->next_line();
    if (line) {
      control::ProviderStats& stats = engine_.stats();
      ++stats.events;
      stats.last_event = now();
      Result<std::optional<Event>> event = parse_event(*line);
      if (!event) {
        ++stats.lost;
        list_soon();
      }
      const bool followed = event && *event && handle(**event);
      if (event && !followed) ++stats.ignored;
    } else if (line.error().code == Code::exhausted) {
      ++engine_.stats().lost;
      list_soon();
    } else {
      fail(line.error());
      co_return;
    }
    if (!events_->has_line() || now() - published_at_ > kPublishGap) settle();
  }
}

// False: nothing follows from it.
bool Session::handle(const Event& event) {
  Inventory::Consequence consequence = inventory_.apply(event, now());
  dirty_ = dirty_ || consequence.changed;
  if (consequence.look) look_at(event.container);
  due_changed_.notify_all();
  return consequence.changed || consequence.look;
}

Task<void> Session::keep_time() {
  for (;;) {
    Deadline due = inventory_.next_overdue();
    Status waited = co_await due_changed_.wait(due);
    if (!waited && waited.error().code != Code::timed_out) co_return;
    if (waited) continue;
    bool changed = false;
    std::vector<std::string> looks = inventory_.overdue(now(), changed);
    dirty_ = dirty_ || changed;
    for (std::string& id : looks) look_at(std::move(id));
    settle();
  }
}

Task<void> Session::keep_pinging() {
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

Task<void> Session::keep_listing() {
  for (;;) {
    list_wanted_ = false;
    std::uint64_t asked_at = inventory_.sequence();
    Result<std::vector<Container>> listed = co_await believable_list();
    if (!listed) {
      fail(listed.error());
      co_return;
    }
    ++engine_.stats().resyncs;
    bool changed = false;
    std::vector<std::string> looks = inventory_.reconcile(*std::move(listed), asked_at, changed);
    dirty_ = dirty_ || changed;
    if (!looks.empty() || changed) note_silence();
    listed_ = true;
    for (std::string& id : looks) look_at(std::move(id));
    settle();

    Status rested = co_await sleep_for(timing_.resync_gap);
    if (!rested) co_return;
    Duration period = resync_period();
    Deadline next = period > 0s ? now() + period : kNoDeadline;
    while (!list_wanted_ && now() < next) {
      Status waited = co_await list_asked_for_.wait(next);
      if (!waited && waited.error().code != Code::timed_out) co_return;
    }
  }
}

// Shorter while events do not come, or do not say all there is.
Duration Session::resync_period() const {
  if (events_ == nullptr || !events_->answered()) {
    return timing_.resync > 0s ? std::min(timing_.resync, timing_.blind_resync) : timing_.blind_resync;
  }
  return engine_.is_podman() ? std::min(timing_.resync, timing_.blind_resync) : timing_.resync;
}

// A list brought news. An engine would have told them as events, and a proxy may have kept these.
void Session::note_silence() {
  if (!listed_ || events_ == nullptr || events_->answered() || silence_said_) return;
  silence_said_ = true;
  log::warn("A proxy before the engine holds its events back, so changes are noticed late: switch its buffering off",
            {{log::field::kProvider, "docker"}, {"interval", resync_period()}});
}

// An engine that comes up may say that it has no containers at all before it has found them.
Task<Result<std::vector<Container>>> Session::believable_list() {
  Result<std::vector<Container>> listed = co_await engine_.list();
  if (!listed || !listed->empty() || inventory_.containers().empty()) co_return listed;
  Status rested = co_await sleep_for(timing_.empty_list);
  if (!rested) co_return rested.error();
  Result<std::vector<Container>> again = co_await engine_.list();
  co_return again;
}

Task<void> Session::keep_looking() {
  for (;;) {
    std::optional<std::string> id = next_to_look_at();
    if (!id) {
      Status waited = co_await looks_changed_.wait();
      if (!waited) co_return;
      continue;
    }
    in_flight_.insert(*id);
    std::uint64_t asked_at = inventory_.sequence();
    Result<std::optional<Container>> answer = co_await engine_.inspect(*id);
    in_flight_.erase(*id);
    looks_changed_.notify_all();
    if (answer) {
      bool changed = inventory_.seen(*id, *std::move(answer), asked_at);
      dirty_ = dirty_ || changed;
    } else if (answer.error().code == Code::security && !answer.error().nothing_sent) {
      bool known = inventory_.refused(*id);
      dirty_ = dirty_ || known;
      if (!known) list_soon();
    } else if (answer.error().code == Code::timed_out || answer.error().code == Code::invalid ||
               answer.error().code == Code::unavailable || answer.error().code == Code::too_large) {
      bool changed = inventory_.missed(*id);
      dirty_ = dirty_ || changed;
      log::debug("Container cannot be inspected, the next list tries again",
                 {{log::field::kProvider, "docker"}, {"container", *id}, {log::field::kError, answer.error()}});
    } else {
      fail(answer.error());
      co_return;
    }
    settle();
  }
}

Task<void> Session::find_host() {
  std::string address = co_await offload([] { return resolve_host(); });
  bool changed = inventory_.set_host_address(std::move(address));
  dirty_ = dirty_ || changed;
  settle();
}

void Session::look_at(std::string id) {
  wanted_.insert(std::move(id));
  looks_changed_.notify_one();
}

std::optional<std::string> Session::next_to_look_at() {
  for (auto id = wanted_.begin(); id != wanted_.end(); ++id) {
    if (!in_flight_.contains(*id)) return std::move(wanted_.extract(id).value());
  }
  return std::nullopt;
}

void Session::list_soon() {
  list_wanted_ = true;
  list_asked_for_.notify_all();
}

// Publishes what changed. The first fragment waits until everything listed was looked at.
void Session::settle() {
  if (failure_ || !listed_) return;
  if (!host_asked_ && inventory_.has_host_networking()) {
    host_asked_ = true;
    scope_->spawn(find_host());
  }
  if (!synced_ && wanted_.empty() && in_flight_.empty()) {
    finish_sync();
  } else if (dirty_ && synced_) {
    publish();
  }
}

void Session::finish_sync() {
  synced_ = true;
  publish();
  synced_signal_.notify_all();
}

// A container the engine cannot describe must not hold back all others.
Task<void> Session::limit_sync() {
  Status waited = co_await sleep_for(timing_.first_sync);
  if (waited && listed_ && !synced_) finish_sync();
}

void Session::publish() {
  dirty_ = false;
  published_at_ = now();
  sink_.publish(inventory_.fragment(now()));
  due_changed_.notify_all();
}

void Session::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  // Not with `error` itself: to tasks that wait with a deadline, timed_out means that they go on.
  if (scope_ != nullptr) scope_->cancel(Error::of(Code::cancelled, "the connection with the engine is over"));
}

}  // namespace sluice::providers::docker
