// client_address.h: the ipStrategy option: which address is the client's, the one that connected or one that proxies in
// front of us put into X-Forwarded-For. What an untrusted peer says there was removed at the entry point.
//
// Immutable; shared by all workers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "config/middleware_options.h"
#include "http/message.h"

namespace sluice::middleware {

class ClientAddress {
 public:
  // Nothing when an option is wrong; `error` says which.
  static std::optional<ClientAddress> make(const std::optional<config::IpStrategy>& settings, std::string& error);

  // Nothing when the strategy finds no address in the request.
  std::optional<IpAddress> find(const http::Request& request) const;

 private:
  std::string_view in_forwarded_for(std::string_view chain) const;

  std::size_t depth_ = 0;
  CidrSet excluded_;
  unsigned subnet_bits_ = 128;  // of an IPv6 address that count
};

}  // namespace sluice::middleware
