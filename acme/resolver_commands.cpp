// resolver_commands.cpp: what an operator has a Resolver do with certificates and accounts that are there.
#include <algorithm>
#include <ctime>

#include "acme/acme_json.h"
#include "acme/resolver.h"
#include "async/offload.h"
#include "base/text.h"
#include "observe/log.h"

namespace sluice::acme {

bool Resolver::serves(std::string_view wanted) const {
  return std::any_of(leaves_.begin(), leaves_.end(), [&](const Leaf& leaf) {
    return std::find(leaf.names.begin(), leaf.names.end(), lowered(wanted)) != leaf.names.end();
  });
}

Task<std::string> Resolver::caa_obstacles(std::vector<std::string> names) {
  if (cas_.empty()) co_return std::string();
  Outcome<const Directory*> directory = co_await cas_.front()->client->directory();
  if (!directory || (*directory)->caa_identities.empty()) co_return std::string();
  const std::vector<std::string> identities = (*directory)->caa_identities;
  std::string text;
  for (const std::string& one : names) {
    const std::string obstacle = co_await self_check_.caa_obstacle(one, identities);
    if (!obstacle.empty()) text += (text.empty() ? "" : "; ") + one + ": " + obstacle;
  }
  co_return text;
}

Task<std::string> Resolver::revoke_certificate(std::string wanted, int reason) {
  const std::string name_of_it = lowered(wanted);
  auto found = std::find_if(leaves_.begin(), leaves_.end(), [&](const Leaf& leaf) {
    return std::find(leaf.names.begin(), leaf.names.end(), name_of_it) != leaf.names.end();
  });
  if (found == leaves_.end()) co_return "there is no certificate for that name";
  if (!trouble_.empty()) co_return trouble_;
  const Leaf leaf = *found;
  const std::string from = state_.certificates[leaf.serial].directory;
  auto issuer = std::find_if(cas_.begin(), cas_.end(), [&](const std::unique_ptr<Ca>& ca) {
    return from.empty() || ca->client->directory_url() == from;
  });
  if (issuer == cas_.end()) co_return "it is of a CA that is not configured any more: " + from;
  Ca& ca = **issuer;
  Outcome<Account> account = co_await account_of(ca);
  if (!account) co_return account.failure().text();
  Step revoked = co_await revoke(*ca.client, *account, leaf.der, reason);
  if (!revoked) co_return revoked.failure().text();
  log::warn("a certificate was revoked, another is obtained",
            {{"resolver", name()}, {"name", name_of_it}, {"serial", leaf.serial}});
  renew_now(name_of_it);
  co_return std::string();
}

Task<std::string> Resolver::close_its_account() {
  if (!trouble_.empty()) co_return trouble_;
  Ca& ca = *cas_.front();
  Outcome<Account> account = co_await account_of(ca);
  if (!account) co_return account.failure().text();
  Step closed = co_await close_account(*ca.client, *account);
  if (!closed) co_return closed.failure().text();
  log::warn("an account was closed", {{"resolver", name()}, {"account", account->url}});
  co_return std::string();
}

// Both keys are on disk until one of them is known to count.
Task<std::string> Resolver::roll_account_key() {
  if (!trouble_.empty()) co_return trouble_;
  Ca& ca = *cas_.front();
  Outcome<Account> account = co_await account_of(ca);
  if (!account) co_return account.failure().text();
  auto making = offload([] { return PrivateKey::generate(KeyType::rsa2048); });
  const PrivateKey fresh = co_await making;
  state_.next_keys[ca.client->directory_url()] = fresh.der();
  Step noted = co_await save_state();
  if (!noted) co_return noted.failure().text();
  Step changed = co_await change_key(*ca.client, *account, fresh);
  if (!changed) co_return changed.failure().text();
  Step settled = co_await settle_key(ca);
  if (!settled) co_return settled.failure().text();
  log::info("an account has another key", {{"resolver", name()}, {"account", account->url}});
  co_return std::string();
}

// After a change of keys whose end nobody saw: the CA is asked which of the two it knows.
Task<Step> Resolver::settle_key(Ca& ca) {
  const std::string directory = ca.client->directory_url();
  auto next = state_.next_keys.find(directory);
  std::optional<StoredAccount> stored = stored_account(ca);
  if (next == state_.next_keys.end() || !stored) co_return Done{};
  const std::string der = next->second;
  std::optional<PrivateKey> key = PrivateKey::from_der(der);
  if (key) {
    Outcome<Account> found = co_await find_account(*ca.client, *key);
    if (!found && found.failure().type != "accountDoesNotExist") co_return found.failure();
    if (found && found->url == registration_uri(*stored)) {
      stored->key_der = der;
      Step saved = co_await store_account(ca, *std::move(stored));
      if (!saved) co_return saved;
    }
  }
  ca.account.reset();
  state_.next_keys.erase(directory);
  Step saved = co_await save_state();
  co_return saved;
}

}  // namespace sluice::acme
