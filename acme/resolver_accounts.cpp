// resolver_accounts.cpp: the accounts of a Resolver, one at each of its CAs.
#include "acme/acme_json.h"
#include "acme/resolver.h"
#include "async/offload.h"
#include "observe/log.h"

namespace sluice::acme {

std::optional<StoredAccount> Resolver::stored_account(const Ca& ca) const {
  const std::string& directory = ca.client->directory_url();
  auto further = state_.accounts.find(directory);
  if (further != state_.accounts.end()) return further->second;
  if (&ca != cas_.front().get() || !data_.account || data_.account->key_der.empty()) return std::nullopt;
  if (state_.account_directory == directory) return data_.account;
  if (!state_.account_directory.empty()) return std::nullopt;
  // Traefik's: it is of this CA when it is registered there, or nowhere yet.
  const std::string uri = registration_uri(*data_.account);
  if (uri.empty()) return data_.account;
  Result<std::pair<std::string, std::string>> at = split_url(uri);
  Result<std::pair<std::string, std::string>> wanted = split_url(directory);
  return at && wanted && at->first == wanted->first ? data_.account : std::nullopt;
}

Task<Step> Resolver::store_account(const Ca& ca, StoredAccount account) {
  const std::string& directory = ca.client->directory_url();
  if (&ca != cas_.front().get()) {
    state_.accounts[directory] = std::move(account);
    Step saved = co_await save_state();
    co_return saved;
  }
  if (data_.account && !state_.account_directory.empty() && state_.account_directory != directory) {
    // The account at the CA of before: it may be wanted again.
    state_.accounts[state_.account_directory] = *data_.account;
  }
  state_.accounts.erase(directory);
  state_.account_directory = directory;
  Status entered = co_await storing_.enter();
  if (!entered) co_return Failure::of(entered.error(), {});
  Step stored = co_await store_first_account(std::move(account));
  storing_.leave();
  if (!stored) co_return stored;
  Step saved = co_await save_state();
  co_return saved;
}

// Of the first CA, where Traefik has its own. Inside `storing_`.
Task<Step> Resolver::store_first_account(StoredAccount account) {
  ResolverData data = data_;
  data.account = std::move(account);
  Step stored = co_await storage_.save(name(), data);
  if (stored) data_.account = std::move(data.account);
  co_return stored;
}

Task<Outcome<Account>> Resolver::account_of(Ca& ca) {
  Status entered = co_await ca.account_gate.enter();
  if (!entered) co_return Failure::of(entered.error(), {});
  Outcome<Account> account = co_await account_inside(ca);
  ca.account_gate.leave();
  co_return account;
}

Task<Outcome<Account>> Resolver::account_inside(Ca& ca) {
  if (ca.account) co_return *ca.account;
  if (state_.next_keys.contains(ca.client->directory_url())) {
    Step settled = co_await settle_key(ca);
    if (!settled) co_return settled.failure();
  }
  std::optional<StoredAccount> stored = stored_account(ca);
  std::optional<PrivateKey> key;
  if (stored) key = PrivateKey::from_der(stored->key_der);
  if (stored && !key) {
    log::warn("the stored account has no readable key: a new one is made", {{"resolver", name()}});
    stored.reset();
  }
  if (!stored) {
    // RSA, because Traefik reads nothing else.
    auto making = offload([] { return PrivateKey::generate(KeyType::rsa2048); });
    PrivateKey made = co_await making;
    key = made;
    stored.emplace();
    stored->email = settings_.options.email;
    stored->key_der = made.der();
    stored->key_type = "4096";
    // On disk before it is registered: a crash in between finds the same account again.
    Step saved = co_await store_account(ca, *stored);
    if (!saved) co_return saved.failure();
  }
  const std::string uri = registration_uri(*stored);
  if (!uri.empty()) {
    Account account{*key, uri, stored->registration};
    if (stored->email != settings_.options.email) {
      Step changed = co_await change_contact(*ca.client, account, settings_.options.email);
      if (changed) {
        stored->email = settings_.options.email;
        Step saved = co_await store_account(ca, *stored);
        if (!saved) co_return saved.failure();
      } else if (changed.failure().kind == Failure::Kind::cancelled) {
        co_return changed.failure();
      }
    }
    ca.account = account;
    co_return account;
  }
  Outcome<Account> opened = co_await open_account(*ca.client, *key, ca.form);
  if (!opened) co_return opened;
  stored->registration = make_registration(opened->body, opened->url);
  stored->email = settings_.options.email;
  Step saved = co_await store_account(ca, *std::move(stored));
  if (!saved) co_return saved.failure();
  log::info("account opened", {{"resolver", name()}, {"account", opened->url}});
  ca.account = *opened;
  co_return opened;
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
