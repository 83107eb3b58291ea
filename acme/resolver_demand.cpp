// resolver_demand.cpp: the names that a Resolver obtains certificates for because somebody asked for them in a
// handshake. Once allowed, such a name is wanted like one of a router; who remembers it is the state.
#include <algorithm>
#include <ctime>

#include "acme/resolver.h"
#include "base/text.h"
#include "observe/log.h"

namespace sluice::acme {
namespace {

constexpr std::size_t kMostDemanded = 10'000;
constexpr const char* kBy = "(on demand)";

}  // namespace

std::vector<Wish> Resolver::all_wishes() const {
  std::vector<Wish> wishes = wishes_;
  if (on_demand_ == nullptr) return wishes;
  for (const std::string& name : state_.demanded) wishes.push_back({{name}, kBy});
  return wishes;
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
  if (name_of_it.empty()) co_return false;
  const std::string key = key_of({name_of_it});
  const LedgerEntry* entry = entry_of(key);
  if (is_held({name_of_it}) || (entry != nullptr && entry->next_attempt > std::time(nullptr))) co_return false;
  if (plans(name_of_it)) co_return true;
  if (state_.demanded.size() >= kMostDemanded) co_return false;
  const OnDemand::Verdict verdict = co_await on_demand_->decide(name_of_it, client);
  if (verdict.answer != OnDemand::Verdict::Answer::yes) {
    log::debug("a client asks for a name that gets no certificate",
               {{"resolver", name()}, {"name", name_of_it}, {"client", client.to_string()}, {"reason", verdict.why}});
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

// Before a renewal. Only a clear no ends it: a service that is gone for a while must not.
Task<Step> Resolver::still_allowed(const Job& job) {
  const OnDemand::Verdict verdict = co_await on_demand_->decide_again(job.planned.names.front());
  if (verdict.answer != OnDemand::Verdict::Answer::no) co_return Done{};
  forget_demand(job.planned);
  Failure failure = Failure::local("it may have no certificate any more: " + verdict.why);
  failure.kind = Failure::Kind::permanent;
  co_return failure;
}

void Resolver::forget_demand(const Planned& planned) {
  demanded_now_.erase(planned.names.front());
  if (state_.demanded.erase(planned.names.front()) == 0) return;
  plan_stale_ = true;
  changed_.notify_all();
}

}  // namespace sluice::acme
