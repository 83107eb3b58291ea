// certificate_desk.h: what commands ask of whoever obtains certificates. The ACME client is behind it.
//
// Lives as long as the process serves. Control thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "async/task.h"
#include "config/tree.h"

namespace sluice::control {

class CertificateDesk {
 public:
  virtual ~CertificateDesk() = default;

  // A list of all certificates: wanted, obtained, failing. Never a key.
  virtual config::Node certificates() const = 0;
  // Orders the certificates that are for this name at once, whatever they wait for. False: there is none.
  virtual bool renew(std::string_view name) = 0;
  // What an operator decides about certificates and accounts that are there; they answer what is wrong, or nothing.
  // `reason`: RFC 5280 §5.3.1.
  virtual Task<std::string> revoke(std::string name, int reason) = 0;
  enum class AccountChange : std::uint8_t { roll_key, close };
  virtual Task<std::string> change_account(std::string resolver, AccountChange change) = 0;
  // Whether a CA would find us under this name: each check with its outcome. Nothing is ordered.
  virtual Task<config::Node> test(std::string name) = 0;
};

}  // namespace sluice::control
