// resolver_metrics.h: the numbers of one resolver, for whoever shows metrics: docs/acme.md lists them.
//
// Control loop only; must not outlive the Metrics.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/metrics.h"

namespace sluice::acme {

class ResolverMetrics {
 public:
  ResolverMetrics(observe::Metrics& metrics, std::string resolver)
      : metrics_(metrics), resolver_(std::move(resolver)) {}

  // An order was made at the CA with this directory.
  void ordered(const std::string& directory);
  // A job has ended: "obtained", or a kind of failure.
  void ended(std::string_view result);

  // Times are Unix seconds; none: there is none.
  struct Certificate {
    std::string key;
    std::optional<std::int64_t> not_after;
    std::optional<std::int64_t> next_attempt;
    std::optional<std::int64_t> window_start;
    std::optional<std::int64_t> window_end;
    std::optional<std::int64_t> last_result;  // 1: good, 0: it failed
    std::optional<std::int64_t> failures;     // in a row
  };
  // All there are: the series of others end.
  void show(const std::vector<Certificate>& certificates);
  // Until when a CA is left alone, by directory; those that may be asked now are not among them.
  void show_blocked(const std::map<std::string, std::int64_t>& until);

 private:
  using Gauges = std::array<std::shared_ptr<observe::Gauge>, 6>;

  std::shared_ptr<observe::Counter> counter(const char* name, const char* help, const char* label, std::string value);

  observe::Metrics& metrics_;
  std::string resolver_;
  std::map<std::string, std::shared_ptr<observe::Counter>> counters_;  // by name and value
  std::map<std::string, Gauges> certificates_;                         // by key
  std::map<std::string, std::shared_ptr<observe::Gauge>> blocked_;     // by directory
};

}  // namespace sluice::acme
