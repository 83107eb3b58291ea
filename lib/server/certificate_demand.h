// certificate_demand.h: handshakes for names that have no certificate yet and may be given one now: they wait while it
// is obtained. Only where a resolver has `onDemand`; anywhere else a handshake does not come here.
//
// One per worker, on its thread. However many handshakes wait for a name, the control thread hears of it once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "async/signal.h"
#include "async/task.h"
#include "base/ip.h"
#include "route/host_pattern.h"
#include "server/host.h"

namespace sluice::server {

// Names that certificates may be obtained for by a handshake, as far as a worker can tell. Made once; any worker.
struct DemandRules {
  bool any_name = false;  // whoever is asked by the control thread decides
  route::HostIndex names;

  bool allow(std::string_view name) const {
    return any_name || names.exact(name).has_value() || names.wildcard(name).has_value();
  }
};

class CertificateDemand {
 public:
  class Control {
   public:
    // Somebody waits for a certificate of this name. Answered by a snapshot that has it, or by `refuse`.
    virtual void demand(std::string name, const IpAddress& client) = 0;

   protected:
    ~Control() = default;
  };
  // Both must outlive it.
  CertificateDemand(const DemandRules& rules, Control& control) : rules_(rules), control_(control) {}

  // Whether a handshake for this name is to wait. `name` is canonical.
  bool concerns(const Snapshot& snapshot, std::string_view name) const;

  enum class End : std::uint8_t { served, refused, late };
  // served: the host's snapshot has a certificate for it now. refused: it gets none, and is a stranger's. late: not
  // until the deadline, or too many wait already.
  Task<End> wait(Host& host, std::string name, IpAddress client, Deadline deadline);

  // The worker runs on another snapshot.
  void look_again();
  // The control thread says so.
  void refuse(const std::string& name);

  static constexpr std::size_t kMostNames = 1000;
  static constexpr std::size_t kMostWaiting = 4000;

 private:
  struct Name {
    Signal changed;
    std::size_t waiting = 0;
    bool refused = false;
  };
  Task<End> wait_for(Name& one, Host& host, std::string_view name, Deadline deadline) const;

  const DemandRules& rules_;
  Control& control_;
  std::map<std::string, std::shared_ptr<Name>> names_;
  std::size_t waiting_ = 0;
};

}  // namespace sluice::server
