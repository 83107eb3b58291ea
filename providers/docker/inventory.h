// inventory.h: all containers of one engine as they were last seen, and the fragment that follows from them. Pure: the
// provider feeds it events, lists and inspections and does what it asks for.
//
// Events are hints. One that says something ended takes effect at once, because a request must not go there; one that
// says anything else asks for a look (an inspection) at that container. What a look or a list says is taken only if no
// event about the container came after it was asked for.
//
// Belongs to the control loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "control/provider.h"
#include "providers/docker/default_rule.h"
#include "providers/docker/event.h"
#include "providers/docker/held_routes.h"
#include "providers/docker/inference.h"
#include "providers/docker/merge.h"

namespace sluice::providers::docker {

class Inventory {
 public:
  // Several engines whose containers make one configuration. Whichever changes, the fragment is that of all members.
  struct Group {
    std::vector<Inventory*> members;
    Merger merger;
  };

  // A container that was sent its stop signal and has not ended after this time serves again.
  static constexpr Duration kLeaveGrace = 15s;

  // A container without an address is looked at again after this time, then after twice as long, and so on.
  static constexpr Duration kFirstRelook = 100ms;
  static constexpr int kMostRelooks = 8;  // half a minute in all; after that the regular list has to find it

  // `own_id`: of the container we run in, or the beginning of it, to find ourselves; empty or no container's: we run in
  // none. `grace`: how long the routes of a container that ended are held.
  Inventory(InferenceOptions options, DefaultRule default_rule, std::string own_id, Duration grace = 0s);

  // What to do next.
  struct Consequence {
    bool look = false;     // inspect the container
    bool changed = false;  // the fragment may differ from the last one
  };
  Consequence apply(const Event& event, Time now);

  // A number that grows with every event: note it when asking the engine, give it back with the answer.
  std::uint64_t sequence() const { return sequence_; }

  // The answer to a list. Containers it lacks are forgotten; those to be looked at are returned.
  std::vector<std::string> reconcile(std::vector<Container> listed, std::uint64_t asked_at, bool& changed);
  // The answer to a look: the container, or nothing when there is none of this id. True when the fragment may differ.
  bool seen(const std::string& id, std::optional<Container> container, std::uint64_t asked_at);
  // The engine refuses looks at this container: what the list said must do. False when no list had it.
  bool refused(const std::string& id);
  // A look failed: the next list asks for another. True when the fragment may differ.
  bool missed(const std::string& id);

  // What is due by the clock: containers to be looked at again (told to stop and did not, without an address so far).
  // `changed`: the fragment may differ.
  std::vector<std::string> overdue(Time now, bool& changed);
  Time next_overdue() const;

  // True when a container's address depends on where the engine's host is.
  bool has_host_networking() const;
  // Where that is. True when the fragment may differ.
  bool set_host_address(std::string address);

  // Must not be moved afterwards; the group's members live as long as each other.
  void join(std::shared_ptr<Group> group);
  control::Fragment fragment(Time now);
  const Containers& containers() const { return containers_; }

 private:
  // What is known about a container beside itself.
  struct Track {
    std::optional<Container> listed;           // as the last list had it, if no event came since
    std::uint64_t touched = 0;                 // the sequence number of its last event
    Time leaving_until;                        // zero: it is not leaving
    std::optional<Contribution> contribution;  // nothing: not in the last fragment as it is now
    std::optional<Contribution> last;          // then: as it was there, if it had routes
    int relooks = 0;                           // so often it was looked at for its missing address
    Time relook_at;                            // zero: it is not waited for
  };

  void store(Container container);
  void forget(std::string_view id);
  static void invalidate(Track& track);
  void invalidate_dependents();
  void infer_one(const Container& container, Track& track, Time now);
  void look_around();
  void contribute(std::vector<const Contribution*>& contributions, Time now);
  bool deserves_look(const Container& container) const;

  InferenceOptions options_;
  DefaultRule default_rule_;
  std::string own_id_;
  std::uint64_t sequence_ = 0;
  Containers containers_;
  std::map<std::string, Track, std::less<>> tracks_;        // of the same ids
  std::map<std::string, std::uint64_t, std::less<>> gone_;  // ids whose end was announced, and when
  Merger merger_;                                           // when it is alone
  std::shared_ptr<Group> group_;                            // null: it is
  HeldRoutes held_;
};

}  // namespace sluice::providers::docker
