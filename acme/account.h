// account.h: accounts at a CA (RFC 8555 §7.3): found or made by their key, changed, given another key, closed.
//
// Control loop. Nothing here stores anything: whoever calls has the key on disk before it is registered, so that a
// crash in between finds the same account again.
#pragma once

#include <string>
#include <vector>

#include "acme/ca_client.h"
#include "acme/failure.h"
#include "acme/key.h"
#include "async/task.h"

namespace sluice::acme {

struct AccountForm {
  std::string email;  // empty: no contact
  std::string eab_kid;
  std::string eab_hmac;  // as the CA wrote it
};

struct Account {
  PrivateKey key;
  std::string url;
  std::string body;  // what the CA said of it, JSON
};

// The account of this key: the one there is, else a new one; the terms count as agreed to. Permanent failures: the CA
// wants a binding or an agreement it did not get, or has closed the account.
Task<Outcome<Account>> open_account(CaClient& ca, PrivateKey key, AccountForm form);
// Only if there is one.
Task<Outcome<Account>> find_account(CaClient& ca, PrivateKey key);
Task<Step> change_contact(CaClient& ca, Account account, std::string email);
// §7.3.5. Until it is done both keys must be kept: which of them counts is found out by asking.
Task<Step> change_key(CaClient& ca, Account account, PrivateKey new_key);
Task<Step> close_account(CaClient& ca, Account account);
// RFC 8555 §7.6, in the name of the account. `reason`: RFC 5280 §5.3.1, 0 for none.
Task<Step> revoke(CaClient& ca, Account account, std::string certificate_der, int reason);

}  // namespace sluice::acme
