// resolver_commands.cpp: what an operator has a Resolver do with certificates and accounts that are there.
#include <algorithm>
#include <ctime>

#include "acme/acme_json.h"
#include "acme/resolver.h"
#include "async/offload.h"
#include "base/text.h"
#include "control/describe_live.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr Duration kTryTime = 1min;  // for the proof of a name, while somebody waits for the end

}  // namespace

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
  std::vector<Leaf> found;
  std::copy_if(leaves_.begin(), leaves_.end(), std::back_inserter(found), [&](const Leaf& leaf) {
    return std::find(leaf.names.begin(), leaf.names.end(), name_of_it) != leaf.names.end();
  });
  if (found.empty()) co_return "there is no certificate for that name";
  if (!trouble_.empty()) co_return trouble_;
  // One, or both of a pair.
  if (!settings_.second_key_type) found.resize(1);
  for (Leaf& leaf : found) {
    const std::string wrong = co_await revoke_leaf(std::move(leaf), reason);
    if (!wrong.empty()) co_return wrong;
  }
  renew_now(name_of_it);
  co_return std::string();
}

Task<std::string> Resolver::revoke_leaf(Leaf leaf, int reason) {
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
            {{"resolver", name()}, {"name", leaf.names.front()}, {"serial", leaf.serial}});
  config::Node event = event_of(event::kRevoked, key_of(leaf.names), leaf.names);
  event.add("serial", control::text_node(leaf.serial));
  event.add("reason", control::number_node(reason));
  hooks_.tell(std::move(event));
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

Task<std::string> Resolver::hold(std::string wanted, bool held) {
  if (wanted.empty()) {
    state_.held.clear();
    if (held) state_.held.insert(ResolverState::kHoldAll);
  } else {
    if (!plans(wanted)) co_return "no certificate is for this name";
    for (const Planned& one : plan_.planned) {
      if (!is_for(one, wanted)) continue;
      if (held) state_.held.insert(one.key());
      if (!held) state_.held.erase(one.key());
    }
    if (!held && state_.held.contains(ResolverState::kHoldAll)) co_return "all are paused: resume without a name";
  }
  Step saved = co_await save_state();
  changed_.notify_all();
  co_return saved ? std::string() : saved.failure().text();
}

// Nobody goes on with its order after a crash, but what it put into the DNS is removed then.
struct Resolver::DryRun final : OrderNotes {
  explicit DryRun(Resolver& of) : resolver(of) {}
  Task<Step> note(OpenOrder) override { co_return Done{}; }
  Task<Step> note_record(OpenRecord record) override { return resolver.note_record(std::move(record)); }
  Task<void> forget_record(OpenRecord record) override { return resolver.forget_record(std::move(record)); }

  Resolver& resolver;
};

namespace {

// Where a CA lets try.
std::string staging_of(const std::string& directory) {
  constexpr std::string_view kReal = "https://acme-v02.api.letsencrypt.org/";
  return directory.starts_with(kReal) ? "https://acme-staging-v02.api.letsencrypt.org/directory" : "";
}

}  // namespace

Task<config::Node> Resolver::dry_run(std::string wanted, std::string directory) {
  config::Node answer = config::Node::map();
  answer.add("name", control::text_node(printable(wanted, 300)));
  answer.add("resolver", control::text_node(name()));
  std::string why = trouble_;
  auto planned =
      std::find_if(plan_.planned.begin(), plan_.planned.end(), [&](const Planned& one) { return is_for(one, wanted); });
  if (why.empty() && planned == plan_.planned.end()) why = "no certificate is for this name";
  if (why.empty() && directory.empty()) {
    directory = staging_of(settings_.cas.front().ca.directory_url);
    if (directory.empty()) why = "it is not known where this CA lets try: name a directory with --ca";
  }
  const bool real = std::any_of(settings_.cas.begin(), settings_.cas.end(),
                                [&](const CaChoice& one) { return one.ca.directory_url == directory; });
  if (why.empty() && real) why = "that is a CA of the resolver, where it would count: name another directory with --ca";
  if (why.empty() && std::any_of(planned->names.begin(), planned->names.end(), [&](const std::string& one) {
        return dry_names_.contains(one) || std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& job) {
                 return is_for(job.second->planned, one);
               });
      })) {
    why = "an order for it is under way: try again when that has ended";
  }
  if (why.empty()) {
    const Planned what = *planned;
    dry_names_.insert(what.names.begin(), what.names.end());
    why = co_await try_elsewhere(what, std::move(directory), answer);
    for (const std::string& one : what.names) dry_names_.erase(one);
    changed_.notify_all();
  }
  answer.add("verdict", control::text_node(why.empty() ? "obtained, and thrown away" : "failed"));
  if (!why.empty()) answer.add("problem", control::text_node(why));
  co_return answer;
}

// Empty: it works; else what does not.
Task<std::string> Resolver::try_elsewhere(Planned planned, std::string directory, config::Node& answer) {
  const CaChoice& like = settings_.cas.front();
  CaSettings settings = like.ca;
  settings.directory_url = std::move(directory);
  answer.add("ca", control::text_node(settings.directory_url));
  Ca ca;
  ca.client = std::make_unique<CaClient>(http_, std::move(settings));
  ca.form.email = like.account.email;
  Outcome<Account> account = co_await account_of(ca);
  if (!account) co_return account.failure().text();
  std::string key = planned.key();
  Job job(*this, std::move(key), std::move(planned));
  IssuanceForm form = form_of(job, ca);
  form.authorization_timeout = kTryTime;
  DryRun notes(*this);
  Issuance issuance(*ca.client, *account, *challenger_, notes, std::move(form));
  Outcome<Issued> issued = co_await issuance.run(std::nullopt);
  answer.add("order", control::text_node(issuance.order_url()));
  if (!issued) {
    if (!issued.failure().document.empty()) answer.add("document", control::text_node(issued.failure().document));
    co_return issued.failure().text();
  }
  if (std::optional<Leaf> leaf = read_leaf(issued->chain)) {
    answer.add("issuer", control::text_node(printable(leaf->issuer, 200)));
    answer.add("notAfter", control::number_node(leaf->not_after));
  }
  log::info("a certificate was obtained to try, and thrown away", {{"resolver", name()}, {"names", job.key}});
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
