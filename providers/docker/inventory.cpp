#include "providers/docker/inventory.h"

#include <algorithm>
#include <utility>

#include "config/labels.h"
#include "providers/docker/visibility.h"

namespace sluice::providers::docker {
namespace {

constexpr int kSigKill = 9;
constexpr std::size_t kMostGone = 4096;

}  // namespace

Inventory::Inventory(InferenceOptions options, DefaultRule default_rule, std::string own_id, Duration grace)
    : options_(std::move(options)), default_rule_(std::move(default_rule)), own_id_(std::move(own_id)), held_(grace) {}

// The contribution has to be inferred anew.
void Inventory::invalidate(Track& track) {
  if (track.contribution && !track.contribution->dynamic.http.routers.empty())
    track.last = *std::move(track.contribution);
  track.contribution.reset();
}

Inventory::Consequence Inventory::apply(const Event& event, Time now) {
  ++sequence_;
  auto found = containers_.find(event.container);
  if (event.kind == Event::Kind::gone) {
    if (gone_.size() >= kMostGone) gone_.clear();
    gone_[event.container] = sequence_;
    if (found == containers_.end()) return {};
    forget(event.container);
    return {.look = false, .changed = true};
  }
  gone_.erase(event.container);
  if (found == containers_.end()) return {.look = event.kind != Event::Kind::signal, .changed = false};

  Container& container = found->second;
  Track& track = tracks_[event.container];
  if (event.kind == Event::Kind::signal) {
    // The container is still what it was: answers that are on their way stay valid.
    if (event.signal != container.stop_signal && event.signal != kSigKill) return {};
    track.leaving_until = now + kLeaveGrace;
    invalidate(track);
    invalidate_dependents();
    return {.look = false, .changed = true};
  }
  track.touched = sequence_;
  track.listed.reset();
  if (event.kind == Event::Kind::ended || event.started) track.leaving_until = Time();
  if (event.kind != Event::Kind::ended) return {.look = true, .changed = false};
  container.state = State::ended;
  invalidate(track);
  invalidate_dependents();
  return {.look = true, .changed = true};
}

std::vector<std::string> Inventory::reconcile(std::vector<Container> listed, std::uint64_t asked_at, bool& changed) {
  std::vector<std::string> looks;
  std::set<std::string, std::less<>> present;
  changed = false;
  for (Container& container : listed) {
    auto gone = gone_.find(container.id);
    if (gone != gone_.end() && gone->second > asked_at) continue;
    present.insert(container.id);
    Track& track = tracks_[container.id];
    if (track.touched > asked_at || track.listed == container) continue;
    bool known = containers_.contains(container.id);
    if (deserves_look(container)) {
      looks.push_back(container.id);
      track.listed = container;
      if (!known) store(std::move(container));  // at least this, should looks be refused
    } else {
      track.listed = container;
      store(std::move(container));
      changed = true;
    }
  }
  std::vector<std::string> lost;
  for (const auto& [id, track] : tracks_) {
    if (!present.contains(id) && track.touched <= asked_at) lost.push_back(id);
  }
  for (const std::string& id : lost) forget(id);
  changed = changed || !lost.empty();
  return looks;
}

// Whatever the list says of it, a container that does not take part needs no inspection: it may only lend its network.
bool Inventory::deserves_look(const Container& container) const {
  config::Report unused;
  config::LabelConfiguration labels = config::decode_labels(container.labels, "", unused);
  return visibility_of(container, labels, false, options_.exposure).presence != Presence::absent;
}

bool Inventory::seen(const std::string& id, std::optional<Container> container, std::uint64_t asked_at) {
  auto gone = gone_.find(id);
  if (gone != gone_.end() && gone->second > asked_at) return false;
  auto track = tracks_.find(id);
  if (track != tracks_.end() && track->second.touched > asked_at) return false;
  if (!container || container->id != id) {
    bool known = containers_.contains(id);
    forget(id);
    return known;
  }
  tracks_[id].touched = asked_at;  // a list asked for before this look is older news
  auto known = containers_.find(id);
  if (known != containers_.end() && known->second == *container) return !tracks_[id].contribution;
  store(*std::move(container));
  return true;
}

bool Inventory::refused(const std::string& id) {
  auto track = tracks_.find(id);
  if (track == tracks_.end() || !track->second.listed) return false;
  Container listed = *track->second.listed;
  store(std::move(listed));
  return true;
}

bool Inventory::missed(const std::string& id) {
  auto track = tracks_.find(id);
  if (track == tracks_.end()) return false;
  track->second.listed.reset();
  return !track->second.contribution;
}

void Inventory::store(Container container) {
  std::string id = container.id;
  Track& track = tracks_[id];
  track.relooks = 0;
  track.relook_at = Time();
  containers_.insert_or_assign(id, std::move(container));
  invalidate(tracks_[id]);
  invalidate_dependents();
  look_around();
}

void Inventory::forget(std::string_view id) {
  if (auto found = containers_.find(id); found != containers_.end()) containers_.erase(found);
  if (auto found = tracks_.find(id); found != tracks_.end()) {
    invalidate(found->second);
    if (found->second.last) held_.keep(*found->second.last);
    tracks_.erase(found);
  }
  invalidate_dependents();
  look_around();
}

// Containers that borrow another's network.
void Inventory::invalidate_dependents() {
  for (const auto& [id, container] : containers_) {
    if (container.network_mode.starts_with("container:")) invalidate(tracks_[id]);
  }
}

// The networks we are on ourselves.
void Inventory::look_around() {
  constexpr std::size_t kShortId = 12;  // the default host name of a container
  std::set<std::string> own;
  std::string own_container;
  if (own_id_.size() >= kShortId) {
    auto self = containers_.lower_bound(own_id_);
    bool found = self != containers_.end() && self->first.starts_with(own_id_);
    if (found) own_container = self->first;
    // From the host's own network, or one we borrow, all or other networks are reached.
    if (found && self->second.network_mode != "host" && !self->second.network_mode.starts_with("container:")) {
      for (const Network& network : self->second.networks) own.insert(network.name);
    }
  }
  Surroundings& surroundings = options_.surroundings;
  if (own == surroundings.own_networks && own_container == surroundings.own_container) return;
  surroundings.own_networks = std::move(own);
  surroundings.own_container = std::move(own_container);
  for (auto& [id, track] : tracks_) invalidate(track);
}

std::vector<std::string> Inventory::overdue(Time now, bool& changed) {
  std::vector<std::string> looks;
  changed = held_.expire(now);
  for (auto& [id, track] : tracks_) {
    bool stayed = track.leaving_until != Time() && track.leaving_until <= now;
    bool relook = track.relook_at != Time() && track.relook_at <= now;
    if (stayed) {
      track.leaving_until = Time();
      invalidate(track);
      changed = true;
    }
    if (relook) {
      ++track.relooks;
      track.relook_at = track.relooks < kMostRelooks ? now + kFirstRelook * (1 << track.relooks) : Time();
    }
    if (stayed || relook) looks.push_back(id);
  }
  return looks;
}

Time Inventory::next_overdue() const {
  Time next = held_.next_expiry();
  for (const auto& [id, track] : tracks_) {
    if (track.leaving_until != Time()) next = std::min(next, track.leaving_until);
    if (track.relook_at != Time()) next = std::min(next, track.relook_at);
  }
  return next;
}

bool Inventory::has_host_networking() const {
  return std::any_of(containers_.begin(), containers_.end(),
                     [](const auto& entry) { return entry.second.network_mode == "host"; });
}

bool Inventory::set_host_address(std::string address) {
  if (address == options_.surroundings.host_address) return false;
  options_.surroundings.host_address = std::move(address);
  for (auto& [id, track] : tracks_) invalidate(track);
  return true;
}

// Brings the contribution of one container up to date.
void Inventory::infer_one(const Container& container, Track& track, Time now) {
  bool leaving = track.leaving_until != Time();
  track.contribution = infer(container, leaving, containers_, options_, default_rule_);
  bool ended = container.state == State::ended || container.state == State::created;
  if (!track.contribution->dynamic.http.routers.empty()) {
    held_.release(container.id);
  } else if (track.last && ended) {
    held_.keep(*track.last);
  }
  track.last.reset();
  if (!track.contribution->pending) {
    track.relook_at = Time();
  } else if (track.relooks == 0 && track.relook_at == Time()) {
    track.relook_at = now + kFirstRelook;
  }
}

void Inventory::join(std::shared_ptr<Group> group) {
  group_ = std::move(group);
  group_->members.push_back(this);
}

void Inventory::contribute(std::vector<const Contribution*>& contributions, Time now) {
  for (const auto& [id, container] : containers_) {
    Track& track = tracks_[id];
    if (!track.contribution) infer_one(container, track, now);
    contributions.push_back(&*track.contribution);
  }
  held_.begin(now);
}

control::Fragment Inventory::fragment(Time now) {
  const std::vector<Inventory*> all = group_ ? group_->members : std::vector<Inventory*>{this};
  std::vector<const Contribution*> contributions;
  for (Inventory* one : all) one->contribute(contributions, now);
  control::Fragment fragment;
  fragment.provider = "docker";
  Merger& merger = group_ ? group_->merger : merger_;
  fragment.configuration = merger.merge(std::move(contributions), fragment.report);
  for (const Inventory* one : all) one->held_.add_to(fragment.configuration, fragment.report);
  return fragment;
}

}  // namespace sluice::providers::docker
