// resolver_jobs.cpp: the jobs of a Resolver: one certificate each, from the decision to the disk.
#include <algorithm>
#include <ctime>

#include "acme/resolver.h"
#include "async/timer.h"
#include "base/encoding.h"
#include "base/text.h"
#include "control/describe_live.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

// A self-check that fails holds an order up so often, then the CA is asked all the same: it may see what we cannot.
constexpr std::int64_t kSelfChecks = 4;
// A further CA is asked when the first has failed so often in a row.
constexpr std::int64_t kAttemptsBeforeFallback = 2;
constexpr std::int64_t kNoEarlier = 1'767'225'600;  // 2026-01-01: a clock that says less is wrong

std::string in_words(std::int64_t seconds) {
  return format_duration(std::chrono::seconds(std::max<std::int64_t>(seconds, 0)));
}

bool is_trouble_of_ca(const Failure& failure) {
  return failure.kind == Failure::Kind::unreachable ||
         (failure.kind == Failure::Kind::limited && !failure.too_many_names);
}

}  // namespace

Task<Step> Resolver::Job::note(OpenOrder order) {
  Ca& used = *resolver.cas_[ca];
  const std::string& directory = used.client->directory_url();
  used.budget.spend(std::time(nullptr));
  resolver.metrics_.ordered(directory);
  resolver.state_.spent[directory] = used.budget.spent();
  order_url = order.url;
  resolver.state_.orders[key] = {directory, std::move(order.url), std::move(order.key_pem)};
  Step saved = co_await resolver.save_state();
  co_return saved;
}

Task<void> Resolver::run_job(std::shared_ptr<Job> job) {
  Step done = co_await obtain(*job);
  if (done) metrics_.ended("obtained");
  if (!done && done.failure().kind != Failure::Kind::cancelled) {
    // Before the state is written: the next process must not take the name for wanted.
    const bool over = !job->old && !state_.orders.contains(job->key) && !serves(job->planned.names.front());
    if (over && is_on_demand(job->planned)) forget_demand(job->planned);
    co_await give_up_for_now(*job, done.failure());
    if (settings_.options.partial) co_await obtain_rest(*job, done.failure().names);
  }
  jobs_.erase(job->key);
  changed_.notify_all();
}

Task<void> Resolver::give_up_for_now(Job& job, const Failure& failure) {
  note_trouble(job, failure);
  tell_of_failure(job, failure);
  Step saved = co_await save_state();
  if (!saved && saved.failure().kind != Failure::Kind::cancelled) {
    log::error("the state of a certificate resolver cannot be written",
               {{"resolver", name()}, {"problem", saved.failure().text()}});
  }
}

// The names that did not fail, in a certificate of their own. All of them together are tried again when it is time.
Task<void> Resolver::obtain_rest(const Job& job, const std::vector<std::string>& failed) {
  Planned planned{job.planned.names, job.planned.routers, std::nullopt, false, job.planned.second};
  std::erase_if(planned.names,
                [&](const std::string& one) { return std::find(failed.begin(), failed.end(), one) != failed.end(); });
  if (planned.names.empty() || planned.names.size() == job.planned.names.size()) co_return;
  const std::int64_t now = std::time(nullptr);
  const bool served = std::any_of(leaves_.begin(), leaves_.end(), [&](const Leaf& leaf) {
    return renewal_time(leaf, nullptr) > now && is_kind(leaf, planned.second) &&
           std::all_of(planned.names.begin(), planned.names.end(),
                       [&](const std::string& one) { return leaf.covers(one); });
  });
  std::string key = planned.key();
  const LedgerEntry* entry = entry_of(key);
  if (served || is_held(planned.names) || (entry != nullptr && entry->next_attempt > now)) co_return;
  log::info("a certificate for the other names is to be obtained", {{"resolver", name()}, {"names", key}});
  Job rest(*this, std::move(key), std::move(planned));
  Step done = co_await obtain(rest);
  if (done) metrics_.ended("obtained");
  if (!done && done.failure().kind != Failure::Kind::cancelled) co_await give_up_for_now(rest, done.failure());
}

void Resolver::tell_of_failure(const Job& job, const Failure& failure) {
  metrics_.ended(failure.kind_name());
  config::Node event = event_of(event::kFailed, job.key, job.planned.names);
  event.add("problem", control::text_node(failure.text()));
  event.add("document", control::text_node(failure.document));
  event.add("order", control::text_node(job.order_url));
  if (const LedgerEntry* entry = entry_of(job.key)) {
    event.add("failures", control::number_node(entry->failures));
    event.add("nextAttempt", control::number_node(entry->next_attempt));
  }
  hooks_.tell(std::move(event));
}

void Resolver::note_trouble(Job& job, const Failure& failure) {
  const std::int64_t now = std::time(nullptr);
  std::int64_t life = 0;
  std::int64_t left = 0;
  if (job.old) {
    life = job.old->lifetime();
    left = job.old->not_after - now;
  }
  LedgerEntry& entry = state_.ledger[job.key];
  note_failure(entry, failure, now, left, life, 2 * random_fraction() - 1);
  const bool account_wide = failure.kind == Failure::Kind::limited && !failure.too_many_names;
  if (account_wide && failure.retry_after > Duration::zero()) {
    std::int64_t& until = state_.paused[cas_[job.ca]->client->directory_url()];
    until = std::max(until, now + std::chrono::ceil<std::chrono::seconds>(failure.retry_after).count());
  }
  const std::string text = failure.text();
  const std::string next = in_words(entry.next_attempt - now);
  const char* effect = job.old ? "the old certificate stays in use" : "the names have no certificate";
  log::error("a certificate could not be obtained", {{"resolver", name()},
                                                     {"names", job.key},
                                                     {"problem", text},
                                                     {"order", job.order_url},
                                                     {"effect", effect},
                                                     {"attempt", entry.failures},
                                                     {"next", "in " + next}});
}

Task<Step> Resolver::obtain(Job& job) {
  if (std::time(nullptr) < kNoEarlier)
    co_return Failure::local("the clock is wrong: it says a time before this program");
  // Nothing is ordered that could not be kept.
  Step writable = co_await storage_.probe();
  if (!writable) co_return writable;

  const LedgerEntry* entry = entry_of(job.key);
  const std::int64_t failures = entry == nullptr ? 0 : entry->failures;
  const bool resumes = state_.orders.contains(job.key);
  const std::vector<std::string> types = types_of(job.planned.names);
  const bool proves_here = !types.front().starts_with("dns-");
  const bool over_http = std::find(types.begin(), types.end(), "http-01") != types.end();
  if (settings_.options.self_check && proves_here && !resumes && failures < kSelfChecks) {
    Failure lost = Failure::local("no order was made");
    for (const std::string& one : job.planned.names) {
      bool has_v6 = false;
      if (!settings_.entry_point.empty()) has_v6 = co_await self_check_.has_v6(one);
      if (has_v6) {
        log::warn(
            "a name has an IPv6 address, and its challenge is answered on IPv4 only: CAs ask over IPv6 first; "
            "let the entry point listen on both, or remove the AAAA record",
            {{"resolver", name()}, {"name", one}, {"entryPoint", settings_.entry_point}});
      }
      CheckResult result = co_await self_check_.check(one);
      if (result.verdict == CheckResult::Verdict::nowhere ||
          (over_http && result.verdict == CheckResult::Verdict::elsewhere)) {
        lost.detail += (lost.names.empty() ? ": " : "; ") + one + " does not lead here: " + result.text;
        lost.names.push_back(one);
      }
      if (result.verdict == CheckResult::Verdict::unknown) {
        log::debug("whether a name leads here cannot be told", {{"name", one}, {"found", result.text}});
      }
    }
    if (!lost.names.empty()) co_return lost;
  }
  auto issued = state_.issued.find(job.key);
  if (!job.old && issued != state_.issued.end() && !within_weekly_limit(issued->second, std::time(nullptr))) {
    Failure failure = Failure::local("the same certificate was obtained three times within a week, and is not there");
    failure.kind = Failure::Kind::permanent;
    co_return failure;
  }

  const bool just_allowed = !job.old && demanded_now_.contains(job.planned.names.front());
  if (is_on_demand(job.planned) && !just_allowed) {
    Step allowed = co_await still_allowed(job);
    if (!allowed) co_return allowed;
  }
  // An order that is open was allowed already.
  if (!resumes) {
    const std::string forbidden = co_await hooks_.ask(event_of(event::kObtaining, job.key, job.planned.names));
    if (!forbidden.empty()) co_return Failure::local("no order was made: " + forbidden);
  }

  std::optional<Storage::Lease> lease = co_await storage_.acquire(job.key, 30s);
  if (!lease) co_return Failure::local("another instance is at work on it");
  const bool urgent = job.old && is_urgent(*job.old, std::time(nullptr));
  std::optional<Failure> first;
  for (job.ca = 0; job.ca < cas_.size(); ++job.ca) {
    Ca& ca = *cas_[job.ca];
    const std::int64_t now = std::time(nullptr);
    auto paused = state_.paused.find(ca.client->directory_url());
    Step done = Failure();
    if (paused != state_.paused.end() && paused->second > now) {
      Failure& failure = done.failure();
      failure.kind = Failure::Kind::limited;
      failure.detail = "the CA asked to be left alone until then";
      failure.url = ca.client->directory_url();
      failure.retry_after = std::chrono::seconds(paused->second - now);
    } else if (const std::int64_t wait = ca.budget.wait(now); wait > 0) {
      job.doing = "waiting for room in the order budget";
      Status slept = co_await sleep_for(std::chrono::seconds(wait));
      if (!slept) co_return Failure::of(slept.error(), {});
      Step attempted = co_await attempt(job, ca);
      done = std::move(attempted);
    } else {
      Step attempted = co_await attempt(job, ca);
      done = std::move(attempted);
    }
    if (done) {
      storage_.release(*lease);
      co_return done;
    }
    if (!first) first = done.failure();
    const bool next_ca = is_trouble_of_ca(done.failure()) && (failures + 1 >= kAttemptsBeforeFallback || urgent);
    if (!next_ca) break;
  }
  job.ca = std::min(job.ca, cas_.size() - 1);
  storage_.release(*lease);
  co_return *std::move(first);
}

std::vector<std::string> Resolver::types_of(const std::vector<std::string>& names) const {
  // Only DNS-01 proves wildcards, and none proves addresses over DNS (RFC 8555 §8.4, RFC 8738 §7).
  const bool wildcard =
      std::any_of(names.begin(), names.end(), [](const std::string& one) { return one.starts_with("*."); });
  if (wildcard) return {std::string(kPersistent), "dns-01"};
  return settings_.types;
}

IssuanceForm Resolver::form_of(const Job& job, const Ca& ca) const {
  const config::Acme& options = settings_.options;
  IssuanceForm form;
  form.names = job.planned.names;
  form.types = types_of(form.names);
  // What failed last is not tried first again.
  const LedgerEntry* entry = entry_of(job.key);
  if (entry != nullptr && form.types.size() > 1 && entry->refusals.size() % 2 == 1) {
    std::rotate(form.types.begin(), form.types.begin() + 1, form.types.end());
  }
  form.key_type = job.planned.second ? *settings_.second_key_type : settings_.key_type;
  form.profile = options.profile;
  form.profile_mandatory = options.profile_mandatory;
  form.preferred_chain = options.preferred_chain;
  form.common_name = !options.disable_common_name;
  form.emails = options.email_addresses;
  form.certificate_timeout = std::max<Duration>(options.certificate_timeout, 1s);
  if (job.old) {
    auto known = state_.certificates.find(job.old->serial);
    const bool same_ca = known != state_.certificates.end() && known->second.directory == ca.client->directory_url();
    if (same_ca) form.replaces = job.old->ari_id;
    for (std::size_t i = 0; options.reuse_private_key && i < leaves_.size(); ++i) {
      const std::string& pem = data_.certificates[i].key;
      if (leaves_[i].serial == job.old->serial && !is_revoked_key(pem)) form.key = PrivateKey::from_pem(pem);
    }
  }
  return form;
}

Task<Step> Resolver::attempt(Job& job, Ca& ca) {
  for (int tries = 0;; ++tries) {
    job.doing = "opening the account";
    Outcome<Account> account = co_await account_of(ca);
    if (!account) co_return account.failure();
    job.doing = "ordering";
    std::optional<OpenOrder> open;
    auto journal = state_.orders.find(job.key);
    if (journal != state_.orders.end() && is_revoked_key(journal->second.key_pem)) {
      state_.orders.erase(journal);
      journal = state_.orders.end();
    }
    if (journal != state_.orders.end() && journal->second.directory == ca.client->directory_url()) {
      open = OpenOrder{journal->second.url, journal->second.key_pem};
      job.order_url = open->url;
    }
    Issuance issuance(*ca.client, *account, *challenger_, job, records_, form_of(job, ca));
    Outcome<Issued> issued = co_await issuance.run(std::move(open));
    if (issued) {
      job.doing = "storing";
      Step kept = co_await keep(job, *std::move(issued));
      co_return kept;
    }
    Failure failure = issued.failure();
    if (!issuance.resumable() && failure.kind != Failure::Kind::cancelled) state_.orders.erase(job.key);
    const bool said_no = failure.kind == Failure::Kind::refused || failure.kind == Failure::Kind::permanent;
    if (said_no && settings_.options.self_check && &ca == cas_.front().get()) {
      const std::vector<std::string> asked = failure.names.empty() ? job.planned.names : failure.names;
      const std::string obstacles = co_await caa_obstacles(asked);
      if (!obstacles.empty()) failure.detail += "; " + obstacles;
    }
    // A CA that was set up anew does not know us any more: once more with the same key.
    if (failure.type != "accountDoesNotExist" || tries > 0) co_return failure;
    ca.account.reset();
    if (std::optional<StoredAccount> stored = stored_account(ca)) {
      stored->registration.clear();
      Step saved = co_await store_account(ca, *std::move(stored));
      if (!saved) co_return saved;
    }
  }
}

Task<Step> Resolver::keep(Job& job, Issued issued) {
  std::optional<Leaf> leaf = read_leaf(issued.chain);
  if (!leaf) co_return Failure::local("the certificate cannot be read");
  StoredCertificate certificate;
  certificate.main = job.planned.names.front();
  certificate.sans.assign(job.planned.names.begin() + 1, job.planned.names.end());
  certificate.certificate = std::move(issued.chain);
  certificate.key = std::move(issued.key);
  Status entered = co_await storing_.enter();
  if (!entered) co_return Failure::of(entered.error(), {});
  // Revoked while this one was ordered: its key is no good either.
  const bool revoked = is_revoked_key(certificate.key);
  Step stored = co_await store(*leaf, std::move(certificate));
  storing_.leave();
  if (!stored) co_return stored;
  const std::int64_t now = std::time(nullptr);
  const std::string& directory = ca_directory(job);
  state_.certificates[leaf->serial].directory = directory;
  state_.certificates[leaf->serial].revoked = revoked;
  std::set<std::string> known;
  for (const Leaf& one : leaves_) known.insert(one.serial);
  std::erase_if(state_.certificates, [&](const auto& one) { return !known.contains(one.first); });
  std::vector<std::int64_t>& times = state_.issued[job.key];
  std::erase_if(times, [&](std::int64_t time) { return time < now - 7L * 24 * 3600; });
  times.push_back(now);
  state_.orders.erase(job.key);
  state_.ledger.erase(job.key);
  follower_.certificates_changed();
  for (const std::string& warning : issued.warnings) {
    log::warn("a certificate is not quite as it was asked for",
              {{"resolver", name()}, {"names", job.key}, {"problem", warning}});
  }
  log::info("a certificate was obtained", {{"resolver", name()},
                                           {"names", job.key},
                                           {"issuer", printable(leaf->issuer, 100)},
                                           {"until", http_date(leaf->not_after)},
                                           {"order", job.order_url}});
  config::Node event = event_of(event::kObtained, job.key, job.planned.names);
  event.add("notAfter", control::number_node(leaf->not_after));
  event.add("serial", control::text_node(leaf->serial));
  event.add("ca", control::text_node(directory));
  event.add("order", control::text_node(job.order_url));
  event.add("storage", control::text_node(settings_.options.storage));
  hooks_.tell(std::move(event));
  Step saved = co_await save_state();
  (void)saved;  // the certificate is safe; only what is remembered about it would be lost
  co_return Done{};
}

// Inside `storing_`.
Task<Step> Resolver::store(const Leaf& leaf, StoredCertificate certificate) {
  ResolverData data = data_;
  // It takes the place of those it covers entirely, unless they were given more names on purpose.
  std::size_t at = 0;
  std::erase_if(data.certificates, [&](const StoredCertificate&) {
    const Leaf& old = leaves_[at++];
    if (settings_.second_key_type && old.rsa != leaf.rsa) return false;  // the other one of the pair
    return std::all_of(old.names.begin(), old.names.end(), [&](const std::string& one) { return leaf.covers(one); }) &&
           old.names.size() <= leaf.names.size();
  });
  data.certificates.push_back(std::move(certificate));
  Step stored = co_await storage_.save(name(), data);
  if (stored) adopt(std::move(data));
  co_return stored;
}

const std::string& Resolver::ca_directory(const Job& job) const { return cas_[job.ca]->client->directory_url(); }

}  // namespace sluice::acme
