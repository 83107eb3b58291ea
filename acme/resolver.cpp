#include "acme/resolver.h"

#include <algorithm>
#include <ctime>
#include <unordered_map>

#include "acme/problem_codes.h"
#include "async/timer.h"
#include "base/text.h"
#include "control/describe_live.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr std::int64_t kMostSleep = 60;  // seconds: clocks jump, machines sleep
constexpr Duration kStorageRetry = 30s;
constexpr std::size_t kMostJobs = 8;
constexpr std::int64_t kNever = 1LL << 60;
constexpr std::int64_t kKeepUnused = 30L * 24 * 3600;  // after it has expired
constexpr std::int64_t kKeepArchived = 365L * 24 * 3600;

bool is_staging_issuer(const std::string& issuer) {
  return issuer.find("(STAGING)") != std::string::npos || issuer.find("Fake LE") != std::string::npos;
}

// `name` is in lower case.
bool has(const Planned& planned, std::string_view name) {
  return std::any_of(planned.names.begin(), planned.names.end(),
                     [&](const std::string& own) { return covers(own, name) || own == name; });
}

}  // namespace

Resolver::Resolver(ResolverSettings settings, Storage& storage, rest::Client& http,
                   std::unique_ptr<Challenger> challenger, SelfCheck& self_check, StoreFollower& follower,
                   observe::Metrics& metrics, std::string state_path, std::string trouble)
    : settings_(std::move(settings)),
      storage_(storage),
      http_(http),
      self_check_(self_check),
      follower_(follower),
      challenger_(std::move(challenger)),
      trouble_(std::move(trouble)),
      state_file_(std::move(state_path)),
      records_(settings_.name, state_, state_file_, challenger_.get()),
      hooks_(settings_.options.hooks, http),
      metrics_(metrics, settings_.name) {
  if (settings_.options.on_demand) on_demand_ = std::make_unique<OnDemand>(*settings_.options.on_demand, http);
  for (const CaChoice& choice : settings_.cas) {
    auto ca = std::make_unique<Ca>();
    ca->client = std::make_unique<CaClient>(http, choice.ca);
    ca->form = choice.account;
    cas_.push_back(std::move(ca));
  }
}

Task<void> Resolver::load() {
  state_ = co_await state_file_.load();
  records_.adopt();
  // What a CA would have refused for ever it may not refuse now.
  for (auto& [key, entry] : state_.ledger) {
    if (entry.permanent && state_.inputs != settings_.inputs) entry.next_attempt = 0;
  }
  state_.inputs = settings_.inputs;
  for (const std::unique_ptr<Ca>& ca : cas_) {
    auto spent = state_.spent.find(ca->client->directory_url());
    if (spent != state_.spent.end()) ca->budget.restore(spent->second);
  }
  Outcome<ResolverData> data = co_await storage_.load(settings_.name);
  if (data) {
    adopt(*std::move(data));
    log::info("certificates loaded", {{"resolver", name()}, {"certificates", data_.certificates.size()}});
  } else {
    storage_trouble_ = data.failure().text();
    log::error("a certificate storage cannot be used: nothing is ordered until it can",
               {{"resolver", name()}, {"problem", storage_trouble_}});
  }
}

void Resolver::adopt(ResolverData data) {
  storage_trouble_.clear();
  // Reading one takes a thousand times as long as comparing it with what was there.
  std::unordered_map<std::string_view, const Leaf*> known;
  for (std::size_t i = 0; i < leaves_.size(); ++i) known.emplace(data_.certificates[i].certificate, &leaves_[i]);
  std::vector<Leaf> leaves;
  std::erase_if(data.certificates, [&](const StoredCertificate& one) {
    auto same = known.find(one.certificate);
    std::optional<Leaf> leaf = same == known.end() ? read_leaf(one.certificate) : *same->second;
    if (!leaf) {
      log::warn("a stored certificate cannot be read and is passed over", {{"resolver", name()}, {"name", one.main}});
      return true;
    }
    leaves.push_back(*std::move(leaf));
    return false;
  });
  data_ = std::move(data);
  leaves_ = std::move(leaves);
  make_plan_now();
}

void Resolver::want(const control::CertificateWants& wants) {
  std::vector<Wish> wishes;
  for (const control::CertificateWant& one : wants.wants) {
    if (one.resolver == name()) wishes.push_back({one.names, one.router});
  }
  const bool same = wanted_once_ && provided_ == wants.provided &&
                    std::equal(wishes.begin(), wishes.end(), wishes_.begin(), wishes_.end(),
                               [](const Wish& a, const Wish& b) { return a.names == b.names && a.router == b.router; });
  if (same) return;
  wishes_ = std::move(wishes);
  provided_ = wants.provided;
  wanted_once_ = true;
  settles_at_ = Loop::current().now() + kSettle;
  plan_stale_ = true;
  changed_.notify_all();
}

bool Resolver::is_for(const Planned& planned, std::string_view name) { return has(planned, lowered(name)); }

bool Resolver::plans(std::string_view wanted) {
  if (plan_stale_) make_plan_now();
  const std::string name = lowered(wanted);
  return std::any_of(plan_.planned.begin(), plan_.planned.end(), [&](const Planned& one) { return has(one, name); });
}

bool Resolver::renew_now(std::string_view wanted) {
  bool found = false;
  if (plan_stale_) make_plan_now();
  for (const Planned& one : plan_.planned) {
    if (!is_for(one, wanted)) continue;
    asked_for_.insert(one.key());
    found = true;
  }
  if (found) changed_.notify_all();
  return found;
}

bool Resolver::retry_now(std::string_view wanted) {
  bool found = false;
  if (plan_stale_) make_plan_now();
  for (const Planned& one : plan_.planned) {
    const LedgerEntry* entry = entry_of(one.key());
    const bool meant = wanted.empty() ? !is_held(one.names) : is_for(one, wanted);
    if (!meant || entry == nullptr || entry->failures == 0) continue;
    asked_for_.insert(one.key());
    found = true;
  }
  if (found) changed_.notify_all();
  return found;
}

const LedgerEntry* Resolver::entry_of(const std::string& key) const {
  auto found = state_.ledger.find(key);
  return found == state_.ledger.end() ? nullptr : &found->second;
}

Task<Step> Resolver::save_state() { return state_file_.save(state_); }

void Resolver::make_plan_now() {
  PlanRules rules;
  rules.public_ca = settings_.public_ca;
  rules.wildcards = std::find(settings_.types.begin(), settings_.types.end(), "dns-01") != settings_.types.end();
  if (settings_.second_key_type) {
    rules.pair = is_rsa(settings_.key_type) ? PlanRules::Pair::first_is_rsa : PlanRules::Pair::second_is_rsa;
  }
  const std::vector<std::string> on_demand = served_on_demand();
  const std::vector<Plan::Refused> refused = std::move(plan_.refused);
  plan_ = make_plan(all_wishes(), leaves_, provided_, rules, std::time(nullptr));
  plan_stale_ = false;
  unused_stale_ = wanted_once_;
  plan_changed_.notify_all();
  if (refused != plan_.refused || on_demand != served_on_demand()) follower_.certificates_changed();
  // What is wanted by nobody any more has no failures either: it begins anew when it comes back. But not within the
  // hour, so that a router that comes and goes orders no more than one that stays.
  const std::int64_t now = std::time(nullptr);
  std::set<std::string> keys;
  for (const Planned& one : plan_.planned) keys.insert(one.key());
  std::erase_if(state_.ledger, [&](const auto& entry) {
    return !keys.contains(entry.first) && entry.second.next_attempt < now - 3600;
  });
}

// A certificate that another CA issued than the ones that are configured: a staging one, after the change to
// production.
bool Resolver::is_foreign(const Leaf& leaf) const {
  auto known = state_.certificates.find(leaf.serial);
  if (known == state_.certificates.end() || known->second.directory.empty()) {
    return settings_.public_ca && is_staging_issuer(leaf.issuer) &&
           settings_.options.ca_server.find("staging") == std::string::npos;
  }
  return std::none_of(cas_.begin(), cas_.end(), [&](const std::unique_ptr<Ca>& ca) {
    return ca->client->directory_url() == known->second.directory;
  });
}

bool Resolver::is_revoked(const Leaf& leaf) const {
  auto known = state_.certificates.find(leaf.serial);
  return known != state_.certificates.end() && known->second.revoked;
}

// A certificate with these names is, when one of them is: others may come and go.
bool Resolver::is_held(const std::vector<std::string>& names) const {
  return std::any_of(state_.held.begin(), state_.held.end(), [&](const std::string& held) {
    return held == ResolverState::kHoldAll || std::any_of(names.begin(), names.end(), [&](const std::string& own) {
             return own == held || covers(own, held);
           });
  });
}

bool Resolver::is_kind(const Leaf& leaf, bool second) const {
  if (!settings_.second_key_type) return true;
  return leaf.rsa == is_rsa(second ? *settings_.second_key_type : settings_.key_type);
}

Resolver::Due Resolver::due_of(const Planned& planned, const std::string& key) const {
  Due due{0, "there is no certificate for it yet"};
  if (planned.certificate && planned.complete) {
    const Leaf& leaf = leaves_[*planned.certificate];
    auto known = state_.certificates.find(leaf.serial);
    const Suggestion* suggestion = known == state_.certificates.end() ? nullptr : &known->second.suggestion;
    due.at = renewal_time(leaf, suggestion);
    due.reason = suggestion != nullptr && suggestion->chosen != 0 ? "the CA suggests to renew it"
                                                                  : "its certificate is to be renewed";
    if (is_foreign(leaf)) due = {0, "its certificate is of another CA than the resolver's"};
    if (is_revoked(leaf)) due = {0, "its certificate was revoked"};
  } else if (planned.certificate) {
    due.reason = "its certificate lacks a name";
  }
  if (asked_for_.contains(key)) return {0, "an operator asks for it"};
  if (is_held(planned.names)) return {kNever, "an operator has paused it"};
  const LedgerEntry* entry = entry_of(key);
  if (entry != nullptr && entry->next_attempt > due.at) due = {entry->next_attempt, "the last attempt failed"};
  return due;
}

std::int64_t Resolver::start_due_jobs(Scope& jobs) {
  const std::int64_t now = std::time(nullptr);
  std::int64_t next = now + kMostSleep;
  std::set<std::string> busy = dry_names_;
  for (const auto& [key, job] : jobs_) busy.insert(job->planned.names.begin(), job->planned.names.end());
  struct Candidate {
    const Planned* planned;
    std::string key;
    Due due;
    std::int64_t ends;  // of what it has
  };
  std::vector<Candidate> candidates;
  for (const Planned& one : plan_.planned) {
    Candidate candidate{&one, one.key(), {}, 0};
    candidate.due = due_of(one, candidate.key);
    if (candidate.due.at > now) {
      next = std::min(next, candidate.due.at);
      continue;
    }
    if (one.certificate) candidate.ends = leaves_[*one.certificate].not_after;
    candidates.push_back(std::move(candidate));
  }
  // What has no certificate at all is served with none; then what ends first.
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.ends < b.ends; });
  for (Candidate& candidate : candidates) {
    if (jobs_.size() >= kMostJobs) break;
    const std::vector<std::string>& names = candidate.planned->names;
    if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return busy.contains(name); })) continue;
    busy.insert(names.begin(), names.end());
    asked_for_.erase(candidate.key);
    auto job = std::make_shared<Job>(*this, candidate.key, *candidate.planned);
    if (candidate.planned->certificate && candidate.planned->complete) {
      job->old = leaves_[*candidate.planned->certificate];
    }
    log::info("a certificate is to be obtained",
              {{"resolver", name()}, {"names", candidate.key}, {"because", candidate.due.reason}});
    jobs_.emplace(candidate.key, job);
    jobs.spawn(run_job(std::move(job)));
  }
  return next;
}

// Nobody else tells: CAs send no mails any more. A renewal that works never lets it come so far.
void Resolver::warn_of_ends() {
  const std::int64_t now = std::time(nullptr);
  for (const Planned& one : plan_.planned) {
    if (!one.certificate) continue;
    const Leaf& leaf = leaves_[*one.certificate];
    const std::int64_t left = leaf.not_after - now;
    const int nearness = left <= 0 ? 3 : left <= leaf.lifetime() / 10 ? 2 : left <= leaf.lifetime() / 4 ? 1 : 0;
    if (nearness <= std::exchange(warned_[leaf.serial], nearness)) continue;
    const std::string key = one.key();
    const LedgerEntry* entry = entry_of(key);
    const std::string problem = entry == nullptr ? trouble_ + storage_trouble_ : entry->problem;
    const std::string_view what =
        nearness == 3 ? "a certificate has expired" : "a certificate is near its end and was not renewed";
    log::error(what,
               {{"resolver", name()}, {"names", key}, {"until", http_date(leaf.not_after)}, {"problem", problem}});
    config::Node event = event_of(event::kExpiring, key, one.names);
    event.add("notAfter", control::number_node(leaf.not_after));
    hooks_.tell(std::move(event));
  }
}

// True: something of the state has changed.
bool Resolver::note_unused(std::int64_t now) {
  bool changed = false;
  std::set<std::size_t> unused(plan_.unused.begin(), plan_.unused.end());
  std::vector<std::size_t> to_archive;
  for (std::size_t i = 0; i < leaves_.size(); ++i) {
    auto known = state_.certificates.find(leaves_[i].serial);
    const bool is_unused = unused.contains(i);
    if (!is_unused && (known == state_.certificates.end() || known->second.unused_since == 0)) continue;
    ResolverState::Certificate& about = state_.certificates[leaves_[i].serial];
    if (is_unused && about.unused_since == 0) {
      about.unused_since = now;
      changed = true;
    } else if (!is_unused) {
      about.unused_since = 0;
      changed = true;
    }
    if (is_unused && leaves_[i].not_after + kKeepUnused < now) to_archive.push_back(i);
  }
  for (auto at = to_archive.rbegin(); at != to_archive.rend(); ++at) {
    log::info("a certificate that nothing uses and that has expired is put away",
              {{"resolver", name()}, {"name", data_.certificates[*at].main}});
    state_.archived.push_back({data_.certificates[*at], now});
    data_.certificates.erase(data_.certificates.begin() + static_cast<std::ptrdiff_t>(*at));
    leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(*at));
    changed = true;
  }
  if (!to_archive.empty()) make_plan_now();
  std::erase_if(state_.archived, [&](const ResolverState::Archived& one) { return one.since + kKeepArchived < now; });
  return changed;
}

Task<void> Resolver::look_for_unused() {
  Status entered = co_await storing_.enter();
  if (!entered) co_return;
  co_await archive_unused();
  storing_.leave();
}

// Inside `storing_`.
Task<void> Resolver::archive_unused() {
  const std::size_t before = data_.certificates.size();
  if (!note_unused(std::time(nullptr))) co_return;
  // The archive first: a crash in between leaves a certificate in both places, never in none.
  Step saved = co_await save_state();
  if (!saved || data_.certificates.size() == before) co_return;
  Step stored = co_await storage_.save(name(), data_);
  if (stored) follower_.certificates_changed();
}

Task<void> Resolver::run() {
  Scope* current = co_await current_scope();
  Scope jobs(current);
  jobs.spawn(mend_storage());
  jobs.spawn(ask_suggestions());
  jobs.spawn(records_.run());
  jobs.spawn(hooks_.run());
  while (!current->cancelled()) {
    Deadline wake = kNoDeadline;
    const bool able = trouble_.empty() && storage_trouble_.empty();
    const bool settled = wanted_once_ && Loop::current().now() >= settles_at_;
    if (wanted_once_ && !settled) wake = settles_at_;
    if (settled && plan_stale_) make_plan_now();
    if (settled) warn_of_ends();
    if (settled && !able) wake = Loop::current().read_clock() + std::chrono::seconds(kMostSleep);
    if (settled && able) {
      if (std::exchange(unused_stale_, false)) {
        co_await look_for_unused();
        continue;  // something else may be wanted by now
      }
      const std::int64_t next = start_due_jobs(jobs);
      wake = Loop::current().read_clock() + std::chrono::seconds(std::max<std::int64_t>(next - std::time(nullptr), 1));
    }
    if (settled) show_metrics();
    Status waited = co_await changed_.wait(wake);
    if (!waited && waited.error().code != Code::timed_out) break;
  }
  jobs.cancel(Error::of(Code::cancelled, "the process ends"));
  co_await jobs.join();
}

// Somebody else's change of the file counts as ours: a restored backup, a removed certificate, another program.
Task<void> Resolver::reload() {
  Status entered = co_await storing_.enter();
  if (!entered) co_return;
  co_await read_again();
  storing_.leave();
}

// Inside `storing_`.
Task<void> Resolver::read_again() {
  Outcome<ResolverData> data = co_await storage_.load(name());
  if (!data) {
    const Failure& failure = data.failure();
    if (failure.kind == Failure::Kind::cancelled || storage_trouble_ == failure.text()) co_return;
    log::error("a certificate storage cannot be used any more: what it held is served, nothing is ordered",
               {{"resolver", name()}, {"problem", failure.text()}});
    storage_trouble_ = failure.text();
    follower_.certificates_changed();
    co_return;
  }
  if (*data == data_ && storage_trouble_.empty()) co_return;
  log::info("the certificate storage was changed by somebody else", {{"resolver", name()}});
  for (const std::unique_ptr<Ca>& ca : cas_) ca->account.reset();
  adopt(*std::move(data));
  follower_.certificates_changed();
  changed_.notify_all();
}

Task<void> Resolver::mend_storage() {
  for (;;) {
    Status slept = co_await sleep_for(kStorageRetry);
    if (!slept) co_return;
    if (!storage_trouble_.empty()) co_await reload();
  }
}

}  // namespace sluice::acme
