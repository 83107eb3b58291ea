// live.h: what is in force, for those who ask: the control socket, later the API. Replaced as a whole by every build.
// Control thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "config/static_config.h"
#include "control/merged.h"
#include "control/provider_stats.h"
#include "server/entry_point_settings.h"
#include "server/snapshot.h"

namespace sluice::control {

class ServiceBuilder;

struct Live {
  const config::Static* configuration = nullptr;
  std::span<const server::EntryPointSettings> entry_points;
  Fragments fragments;
  std::shared_ptr<const server::Snapshot> snapshot;  // null: nothing was built yet
  config::Report report;                             // of that build
  std::size_t routers = 0;                           // that take requests
  const ServiceBuilder* services = nullptr;          // knows how servers are; null: nobody checks them
  std::uint64_t adopted = 0;                         // number of the snapshot that every worker runs on
  bool draining = false;
  Duration build_time{};                                                          // of the last build
  std::vector<std::pair<std::string_view, const ProviderStats*>> provider_stats;  // of those that count, by name
};

// Who may ask. The reference is good until the next turn of the loop.
class LiveSource {
 public:
  virtual const Live& live() const = 0;

 protected:
  ~LiveSource() = default;
};

}  // namespace sluice::control
