// retry.h: how long to rest after a connection with an engine broke, and what the log is told. Belongs to a provider.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "providers/docker/timing.h"
#include "rest/call.h"

namespace sluice::providers::docker {

class Retry {
 public:
  // `provider` is a literal; `timing` is the provider's.
  Retry(std::string_view provider, const rest::Server& server, const Timing& timing);

  // The connection lasted for `lasted`; `good`: it did what it was for. Says so in the log, but not again and again.
  Duration after(const Error& error, bool good, Duration lasted);

 private:
  std::string_view provider_;
  std::string endpoint_;
  std::shared_ptr<rest::Connector> connector_;  // or null
  bool local_;                                  // a unix socket: asking costs next to nothing
  const Timing& timing_;
  Duration delay_;
  std::string said_;  // the trouble the log was told of last, and when
  Time said_at_;
};

}  // namespace sluice::providers::docker
