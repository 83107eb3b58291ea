// resolver_demand.cpp: the names that a Resolver obtains certificates for because somebody asked for them in a
// handshake. Once allowed, such a name is wanted like one of a router; who remembers it is the state.
#include <algorithm>
#include <ctime>

#include "acme/resolver.h"
#include "base/text.h"
#include "observe/log.h"
#include "observe/rate_limited.h"

namespace sluice::acme {
namespace {

constexpr std::size_t kMostDemanded = 10'000;
constexpr const char* kBy = "(on demand)";
constexpr Duration kTellEvery = 1min;

using Answer = OnDemand::Verdict::Answer;

// What an operator should mend is told aloud, but strangers must not fill the log.
void tell_of_refusal(const std::string& resolver, const std::string& name, const IpAddress& client,
                     const OnDemand::Verdict& verdict) {
  static log::RateLimited often(kTellEvery);
  constexpr const char* kWhat = "a client asks for a name that gets no certificate";
  const std::string address = client.to_string();
  if (verdict.answer == Answer::no || verdict.why.empty()) {
    log::debug(kWhat, {{"resolver", resolver}, {"name", name}, {"client", address}, {"reason", verdict.why}});
  } else if (auto pass = often.admit(resolver + ' ' + verdict.why, Loop::current().now())) {
    log::warn(kWhat, {{"resolver", resolver},
                      {"name", name},
                      {"client", address},
                      {"reason", verdict.why},
                      {log::field::kSuppressed, pass->suppressed}});
  }
}

}  // namespace

std::vector<Wish> Resolver::all_wishes() const {
  std::vector<Wish> wishes = wishes_;
  if (on_demand_ == nullptr) return wishes;
  for (const std::string& name : state_.demanded) wishes.push_back({{name}, kBy});
  return wishes;
}

std::vector<std::string> Resolver::served_on_demand() const {
  std::vector<std::string> names;
  for (const Planned& one : plan_.planned) {
    if (one.certificate && is_on_demand(one)) names.push_back(one.names.front());
  }
  return names;
}

bool Resolver::is_on_demand(const Planned& planned) {
  return planned.routers.size() == 1 && planned.routers.front() == kBy;
}

Task<bool> Resolver::demanded(std::string wanted, IpAddress client) {
  if (on_demand_ == nullptr || !trouble_.empty() || !storage_trouble_.empty()) co_return false;
  PlanRules rules;
  rules.public_ca = settings_.public_ca;
  rules.wildcards = false;
  std::string why;
  const std::string name_of_it = canonical_name(wanted, rules, why);
  if (name_of_it.empty() || on_demand_->refuses(name_of_it)) co_return false;
  const std::string key = key_of({name_of_it});
  const LedgerEntry* entry = entry_of(key);
  if (is_held({name_of_it}) || (entry != nullptr && entry->next_attempt > std::time(nullptr))) co_return false;
  if (plans(name_of_it)) co_return true;
  OnDemand::Verdict verdict{Answer::full, "so many names got one already that no more are remembered"};
  if (state_.demanded.size() < kMostDemanded) {
    OnDemand::Verdict decided = co_await on_demand_->decide(name_of_it, client);
    verdict = std::move(decided);
  }
  if (verdict.answer != Answer::yes) {
    tell_of_refusal(name(), name_of_it, client, verdict);
    co_return false;
  }
  demanded_now_.insert(name_of_it);
  if (!state_.demanded.insert(name_of_it).second) co_return true;
  log::info("a client asks for a name that may have a certificate",
            {{"resolver", name()}, {"name", name_of_it}, {"client", client.to_string()}});
  plan_stale_ = true;
  changed_.notify_all();
  co_return true;
}

// Before a renewal. Only a clear no holds it up, and only one for good makes it the last: a service that is gone for a
// while, or about to start, must not.
Task<Step> Resolver::still_allowed(const Job& job) {
  const OnDemand::Verdict verdict = co_await on_demand_->decide_again(job.planned.names.front());
  if (verdict.answer != Answer::no) co_return Done{};
  const bool ended = !job.old || job.old->not_after <= std::time(nullptr);
  if (verdict.for_good || ended) forget_demand(job.planned);
  co_return Failure::local("it may have no certificate any more: " + verdict.why);
}

void Resolver::forget_demand(const Planned& planned) {
  demanded_now_.erase(planned.names.front());
  if (state_.demanded.erase(planned.names.front()) == 0) return;
  plan_stale_ = true;
  changed_.notify_all();
}

}  // namespace sluice::acme
