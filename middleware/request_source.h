// request_source.h: the sourceCriterion option: which requests count together, as a number.
//
// Limits are counted for each router by itself, as in Traefik, so the number is of router and source together. It is a
// keyed hash: a client cannot find another source with the same number. Immutable; shared by all workers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "middleware/client_address.h"

namespace sluice::middleware {

class RequestSource {
 public:
  enum class By { address, host };

  // `standard` is what counts when the option is absent. Nothing when it is wrong; `error` says how.
  static std::optional<RequestSource> make(const std::optional<config::SourceCriterion>& settings, By standard,
                                           std::string& error);

  // Never 0. Requests without the header, or without an address where the strategy looks, are one source.
  std::uint64_t of(const http::Request& request) const;
  // The source alone, as text: the same in every instance.
  std::string text_of(const http::Request& request) const;

 private:
  By by_ = By::address;
  std::string field_;  // instead
  ClientAddress address_;
};

}  // namespace sluice::middleware
