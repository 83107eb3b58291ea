// provider_stats.h: what a provider has done so far: for `sluice status`, and for metrics. Counted by the provider; it
// belongs to the control thread, like the provider.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"

namespace sluice::control {

struct ProviderStats {
  std::uint64_t events = 0;                                    // that its source announced
  std::uint64_t ignored = 0;                                   // of those: what followed from them was nothing
  std::uint64_t lost = 0;                                      // times it could not read one, or not keep them all
  std::uint64_t resyncs = 0;                                   // times it read everything
  std::uint64_t reconnects = 0;                                // times it lost its source and began again
  Time last_event;                                             // zero: there was none
  std::map<std::string, std::uint64_t, std::less<>> requests;  // to its source, by endpoint ("/containers/{id}/json")
};

}  // namespace sluice::control
