// resolver_commands.cpp: what an operator has a Resolver do with certificates that are there.
#include <algorithm>

#include "acme/resolver.h"
#include "base/text.h"
#include "control/describe_live.h"
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
  std::vector<Leaf> found;
  std::copy_if(leaves_.begin(), leaves_.end(), std::back_inserter(found), [&](const Leaf& leaf) {
    return std::find(leaf.names.begin(), leaf.names.end(), name_of_it) != leaf.names.end();
  });
  if (found.empty()) co_return "there is no certificate for that name";
  if (!trouble_.empty()) co_return trouble_;
  // The one that lives longest, and the other of its pair.
  std::stable_sort(found.begin(), found.end(), [](const Leaf& a, const Leaf& b) { return a.not_after > b.not_after; });
  std::vector<Leaf> chosen(1, found.front());
  if (settings_.second_key_type) {
    std::erase_if(found, [&](const Leaf& leaf) { return leaf.rsa == chosen.front().rsa; });
    auto other =
        std::find_if(found.begin(), found.end(), [&](const Leaf& leaf) { return leaf.names == chosen.front().names; });
    if (!found.empty()) chosen.push_back(other == found.end() ? found.front() : *other);
  }
  for (Leaf& leaf : chosen) {
    const std::string wrong = co_await revoke_leaf(std::move(leaf), reason);
    if (!wrong.empty()) co_return wrong;
  }
  co_return std::string();
}

bool Resolver::is_revoked_key(const std::string& pem) const {
  std::optional<PrivateKey> key;
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    if (!is_revoked(leaves_[i])) continue;
    if (!key) key = PrivateKey::from_pem(pem);
    std::optional<PrivateKey> other = PrivateKey::from_pem(data_.certificates[i].key);
    if (key && other && key->same_public(*other)) return true;
  }
  return false;
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
  state_.certificates[leaf.serial].revoked = true;
  if (plan_stale_) make_plan_now();
  // Neither a pause nor an earlier failure holds the first attempt up.
  for (const Planned& one : plan_.planned) {
    if (one.certificate && leaves_[*one.certificate].serial == leaf.serial) asked_for_.insert(one.key());
  }
  changed_.notify_all();
  log::warn("a certificate was revoked, another is obtained",
            {{"resolver", name()}, {"name", leaf.names.front()}, {"serial", leaf.serial}});
  config::Node event = event_of(event::kRevoked, key_of(leaf.names), leaf.names);
  event.add("serial", control::text_node(leaf.serial));
  event.add("reason", control::number_node(reason));
  hooks_.tell(std::move(event));
  Step saved = co_await save_state();
  if (!saved) co_return "it was revoked, which cannot be written down: " + saved.failure().text();
  co_return std::string();
}

Task<std::string> Resolver::hold(std::string wanted, bool held) {
  if (wanted.empty()) {
    state_.held.clear();
    if (held) state_.held.insert(ResolverState::kHoldAll);
  } else {
    if (!plans(wanted)) co_return "no certificate is for this name";
    if (!held && state_.held.contains(ResolverState::kHoldAll)) co_return "all are paused: resume without a name";
    if (held) state_.held.insert(lowered(wanted));
    // Whichever of its names a certificate was paused by.
    for (const Planned& one : plan_.planned) {
      if (!held && is_for(one, wanted)) {
        std::erase_if(state_.held, [&](const std::string& paused) { return is_for(one, paused); });
      }
    }
  }
  Step saved = co_await save_state();
  changed_.notify_all();
  co_return saved ? std::string() : saved.failure().text();
}

}  // namespace sluice::acme
