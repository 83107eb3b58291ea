// acme_dns_accounts.h: where the accounts at an acme-dns server are kept: one per name, in a JSON file as lego writes
// it, or at an HTTP server.
//
// Read at every use, so that lego, or an operator, may change it beside us. On the loop of its provider.
#pragma once

#include <optional>
#include <string>

#include "acme/dns/http_api.h"
#include "async/task.h"

namespace sluice::acme::dns {

struct AcmeDnsAccount {
  std::string full_domain;  // what `_acme-challenge.<name>` must be a CNAME of
  std::string subdomain;
  std::string username;
  std::string password;
  std::string server_url;
};

class AcmeDnsAccounts {
 public:
  virtual ~AcmeDnsAccounts() = default;
  // Nothing when the name has no account. Error: invalid, unavailable; `why` says it.
  virtual Task<Result<std::optional<AcmeDnsAccount>>> find(std::string name, std::string& why) = 0;
  // True when the store has made the CNAME itself.
  virtual Task<Result<bool>> keep(std::string name, AcmeDnsAccount account, std::string& why) = 0;
};

std::unique_ptr<AcmeDnsAccounts> accounts_in_file(std::string path);
std::unique_ptr<AcmeDnsAccounts> accounts_at_server(HttpApi api);

}  // namespace sluice::acme::dns
