#include "acme/resolver_metrics.h"

#include <algorithm>
#include <set>

namespace sluice::acme {
namespace {

struct About {
  const char* name;
  const char* help;
  std::optional<std::int64_t> ResolverMetrics::Certificate::*value;
};
using One = ResolverMetrics::Certificate;
constexpr std::array<About, 6> kGauges = {{
    {"sluice_acme_not_after_timestamp_seconds", "End of the certificate that serves these names.", &One::not_after},
    {"sluice_acme_next_renewal_timestamp_seconds", "When it is obtained or renewed next.", &One::next_attempt},
    {"sluice_acme_window_start_timestamp_seconds", "Begin of the time the CA suggests for it.", &One::window_start},
    {"sluice_acme_window_end_timestamp_seconds", "End of the time the CA suggests for it.", &One::window_end},
    {"sluice_acme_last_result", "1: the last attempt was good, 0: it failed.", &One::last_result},
    {"sluice_acme_failures", "Attempts that failed in a row.", &One::failures},
}};

}  // namespace

std::shared_ptr<observe::Counter> ResolverMetrics::counter(const char* name, const char* help, const char* label,
                                                           std::string value) {
  std::shared_ptr<observe::Counter>& known = counters_[name + value];
  if (known == nullptr) known = metrics_.counter(name, help, {{"resolver", resolver_}, {label, std::move(value)}});
  return known;
}

void ResolverMetrics::ordered(const std::string& directory) {
  counter("sluice_acme_orders_total", "Orders made.", "ca", directory)->add();
}

void ResolverMetrics::ended(std::string_view result) {
  counter("sluice_acme_attempts_total", "Attempts to obtain a certificate, by how they ended.", "result",
          std::string(result))
      ->add();
}

void ResolverMetrics::show(const std::vector<Certificate>& certificates) {
  std::set<std::string_view> keys;
  for (const Certificate& one : certificates) {
    keys.insert(one.key);
    Gauges& gauges = certificates_[one.key];
    for (std::size_t i = 0; i < gauges.size(); ++i) {
      const std::optional<std::int64_t>& value = one.*kGauges[i].value;
      if (!value) {
        gauges[i].reset();
        continue;
      }
      if (gauges[i] == nullptr) {
        gauges[i] = metrics_.gauge(kGauges[i].name, kGauges[i].help, {{"resolver", resolver_}, {"names", one.key}});
      }
      gauges[i]->set(static_cast<double>(*value));
    }
  }
  std::erase_if(certificates_, [&](const auto& known) { return !keys.contains(known.first); });
}

void ResolverMetrics::show_blocked(const std::map<std::string, std::int64_t>& until) {
  for (const auto& [directory, at] : until) {
    std::shared_ptr<observe::Gauge>& gauge = blocked_[directory];
    if (gauge == nullptr) {
      gauge = metrics_.gauge("sluice_acme_blocked_until_timestamp_seconds",
                             "Until when the CA has asked to be left alone; 0: it has not.",
                             {{"resolver", resolver_}, {"ca", directory}});
    }
    gauge->set(static_cast<double>(at));
  }
  for (const auto& [directory, gauge] : blocked_) {
    if (!until.contains(directory)) gauge->set(0);
  }
}

}  // namespace sluice::acme
