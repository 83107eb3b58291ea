#include "proxy/h2_pool.h"

#include <unordered_set>

#include "net/socket_stream.h"

namespace sluice::proxy {
namespace {

// Of the requests that a name of the client's choice makes places for: then those without connections go.
constexpr std::size_t kManyPlaces = 64;

}  // namespace

H2Pool::~H2Pool() = default;

H2Pool::Place::~Place() {
  for (Ref<H2Upstream>& upstream : live) upstream->watch(nullptr);
}

void H2Pool::Place::upstream_changed() {
  std::erase_if(live, [](const Ref<H2Upstream>& upstream) {
    if (!upstream->leaving()) return false;
    upstream->watch(nullptr);
    return true;
  });
  changed.notify_all();
}

Ref<H2Upstream> H2Pool::Place::with_room() {
  for (Ref<H2Upstream>& upstream : live) {
    if (std::optional<std::uint32_t> room = upstream->room()) expected = *room;
    if (upstream->has_room(expected)) return upstream;
  }
  return {};
}

void H2Pool::Place::leave() {
  std::vector<Ref<H2Upstream>> all = std::move(live);
  live.clear();
  for (Ref<H2Upstream>& upstream : all) {
    upstream->watch(nullptr);
    upstream->leave();
  }
}

void H2Pool::adopt(std::span<const std::shared_ptr<const Endpoint>> endpoints) {
  std::unordered_set<const Endpoint*> in_use;
  for (const std::shared_ptr<const Endpoint>& endpoint : endpoints) {
    if (!endpoint->may_multiplex()) continue;
    in_use.insert(endpoint.get());
    groups_.try_emplace(endpoint.get());
  }
  std::erase_if(groups_, [&](auto& group) {
    if (in_use.contains(group.first)) return false;
    for (auto& [name, place] : group.second.places) place->leave();
    return true;
  });
}

Ref<H2Pool::Place> H2Pool::place(const Endpoint& endpoint, std::string_view name) {
  if (!endpoint.named_by_request()) name = {};
  auto group = groups_.find(&endpoint);
  // An endpoint that is not in use any more serves requests that began before, with connections of their own.
  if (group == groups_.end()) return Ref<Place>(new Place());
  auto& places = group->second.places;
  auto found = places.find(name);
  if (found != places.end()) return found->second;
  if (places.size() >= kManyPlaces) std::erase_if(places, [](const auto& entry) { return entry.second->empty(); });
  return places.emplace(std::string(name), Ref<Place>(new Place())).first->second;
}

void H2Pool::note(const Endpoint& endpoint, bool http1) {
  auto group = groups_.find(&endpoint);
  if (group != groups_.end()) group->second.http1 = http1;
}

bool H2Pool::chose_http1(const Endpoint& endpoint) const {
  auto group = groups_.find(&endpoint);
  return group != groups_.end() && group->second.http1;
}

Task<Result<H2Pool::Way>> H2Pool::acquire(const Endpoint& endpoint, std::string_view name) {
  Ref<Place> here = place(endpoint, name);
  Way way;
  while (!chose_http1(endpoint)) {
    way.shared = here->with_room();
    if (way.shared) co_return way;
    if (here->waiting >= here->connecting * here->expected) break;
    std::uint64_t failures = here->failures;
    ++here->waiting;
    Status waited = co_await here->changed.wait();
    --here->waiting;
    if (!waited) co_return waited.error();
    if (here->failures != failures) co_return here->failure;
  }
  ++here->connecting;
  Result<std::unique_ptr<net::Stream>> stream = co_await connector_.connect(endpoint, name);
  --here->connecting;
  if (!stream) {
    // A request that was given up says nothing about the server: another one of those that wait tries again.
    if (stream.error().code != Code::cancelled) {
      ++here->failures;
      here->failure = stream.error();
    }
    here->changed.notify_all();
    co_return stream.error();
  }
  bool http1 = endpoint.url().scheme == ServerUrl::Scheme::https && (*stream)->protocol() != "h2";
  note(endpoint, http1);
  if (http1) {
    way.http1 = std::move(*stream);
  } else {
    if (net::SocketStream* socket = (*stream)->socket()) socket->readiness().set_early();
    way.shared = Ref<H2Upstream>(new H2Upstream(std::move(*stream), endpoint.settings()));
    if (groups_.contains(&endpoint)) {
      way.shared->watch(&*here);
      here->live.push_back(way.shared);
    }
    scope_.spawn(H2Upstream::run(way.shared));
    if (!groups_.contains(&endpoint)) way.shared->retire();
  }
  here->changed.notify_all();
  co_return way;
}

void H2Pool::close_idle() {
  for (auto& [endpoint, group] : groups_) {
    for (auto& [name, place] : group.places) {
      std::vector<Ref<H2Upstream>> all = place->live;
      for (Ref<H2Upstream>& upstream : all) {
        if (upstream->calls() == 0) upstream->leave();
      }
    }
  }
}

std::size_t H2Pool::connections() const {
  std::size_t count = 0;
  for (const auto& [endpoint, group] : groups_) {
    for (const auto& [name, place] : group.places) count += place->live.size();
  }
  return count;
}

}  // namespace sluice::proxy
