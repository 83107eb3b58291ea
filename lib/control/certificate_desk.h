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
  // The same, of those for this name (empty: of all) whose last attempt failed. False: there is none.
  virtual bool retry(std::string_view name) = 0;
  // Nothing is ordered for this name (empty: for any), across restarts, until it is called with `held` false. Answers
  // what is wrong, or nothing.
  virtual Task<std::string> hold(std::string name, bool held) = 0;
  // Obtains the certificate of this name at the CA with this directory and throws it away; an empty directory: where
  // the configured CA lets try. What came of it, with the `verdict` in words; null: there is no such certificate.
  virtual Task<config::Node> dry_run(std::string name, std::string directory) = 0;
  // What an operator decides about certificates and accounts that are there; they answer what is wrong, or nothing.
  // `reason`: RFC 5280 §5.3.1.
  virtual Task<std::string> revoke(std::string name, int reason) = 0;
  enum class AccountChange : std::uint8_t { roll_key, close };
  virtual Task<std::string> change_account(std::string resolver, AccountChange change) = 0;
  // Whether a CA would find us under this name: each check with its outcome. Nothing is ordered.
  virtual Task<config::Node> test(std::string name) = 0;
};

}  // namespace sluice::control
