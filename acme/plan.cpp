#include "acme/plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "base/ip.h"
#include "base/text.h"
#include "tls/client_hello.h"

namespace sluice::acme {
namespace {

constexpr std::array<std::string_view, 12> kPrivateEnds = {".local",   ".localhost", ".internal", ".test",
                                                           ".example", ".invalid",   ".lan",      ".home",
                                                           ".corp",    ".intranet",  ".arpa",     ".onion"};

bool is_private_address(const IpAddress& address) {
  static const CidrSet kReserved = [] {
    Result<CidrSet> set =
        CidrSet::parse({"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                        "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8"});
    return *set;
  }();
  return kReserved.contains(address);
}

bool is_covered(const std::vector<std::string>& by, std::string_view name) {
  return std::any_of(by.begin(), by.end(), [&](const std::string& one) { return covers(one, name); });
}

// Later names that an earlier wildcard of the same certificate is for already, and those said twice.
void drop_redundant(std::vector<std::string>& names) {
  std::vector<std::string> kept;
  for (const std::string& name : names) {
    const bool redundant = std::any_of(names.begin(), names.end(),
                                       [&](const std::string& other) { return other != name && covers(other, name); });
    if (!redundant && std::find(kept.begin(), kept.end(), name) == kept.end()) kept.push_back(name);
  }
  names = std::move(kept);
}

bool includes(const std::vector<std::string>& all, const std::vector<std::string>& part) {
  return std::all_of(part.begin(), part.end(), [&](const std::string& name) { return is_covered(all, name); });
}

void add_once(std::vector<std::string>& to, const std::string& text) {
  if (std::find(to.begin(), to.end(), text) == to.end()) to.push_back(text);
}

// Which stored certificates are for a name.
class Index {
 public:
  explicit Index(const std::vector<Leaf>& stored) : stored_(stored) {
    for (std::size_t i = 0; i < stored.size(); ++i) {
      for (const std::string& name : stored[i].names) by_name_[name].push_back(i);
    }
  }

  // The one that serves these names best: most of them, then the one that lives longest.
  std::optional<std::size_t> best_for(const std::vector<std::string>& names, bool& complete) const {
    std::map<std::size_t, std::size_t> counts;
    for (const std::string& name : names) {
      std::set<std::size_t> of_name;
      collect(name, of_name);
      const std::size_t dot = name.find('.');
      if (dot != std::string::npos && !name.starts_with("*.")) collect('*' + name.substr(dot), of_name);
      for (std::size_t i : of_name) ++counts[i];
    }
    std::optional<std::size_t> best;
    for (const auto& [i, count] : counts) {
      const bool better =
          !best || count > counts[*best] || (count == counts[*best] && stored_[i].not_after > stored_[*best].not_after);
      if (better) best = i;
    }
    complete = best && counts[*best] == names.size();
    return best;
  }

 private:
  void collect(const std::string& name, std::set<std::size_t>& into) const {
    auto found = by_name_.find(name);
    if (found != by_name_.end()) into.insert(found->second.begin(), found->second.end());
  }

  const std::vector<Leaf>& stored_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
};

}  // namespace

std::string canonical_name(std::string_view written, const PlanRules& rules, std::string& why) {
  std::string_view name = trim(written);
  if (Result<IpAddress> address = IpAddress::parse(name)) {
    if (rules.public_ca && is_private_address(*address)) {
      why = "a public CA certifies no private address";
      return {};
    }
    return address->to_string();
  }
  const bool wildcard = name.starts_with("*.");
  std::string canonical;
  if (!tls::canonical_server_name(wildcard ? name.substr(2) : name, canonical) || canonical.empty() ||
      canonical.find('_') != std::string::npos) {
    why = "it is no host name";
    return {};
  }
  if (wildcard && !rules.wildcards) {
    why = "a wildcard needs a dnsChallenge";
    return {};
  }
  if (rules.public_ca) {
    const std::string with_dot = '.' + canonical;
    const bool inside = std::any_of(kPrivateEnds.begin(), kPrivateEnds.end(),
                                    [&](std::string_view end) { return with_dot.ends_with(end); });
    if (inside || canonical.find('.') == std::string::npos) {
      why = "a public CA certifies no name that exists only inside a network";
      return {};
    }
  }
  return wildcard ? "*." + canonical : canonical;
}

std::string key_of(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string key;
  for (const std::string& name : names) key += (key.empty() ? "" : ",") + name;
  return key;
}

namespace {

Plan plan_of(const std::vector<Wish>& wishes, const std::vector<Leaf>& stored, const std::vector<std::string>& provided,
             const PlanRules& rules, std::int64_t now) {
  Plan plan;
  std::vector<Planned> wanted;
  std::vector<std::string> wildcards;
  for (const Wish& wish : wishes) {
    Planned one;
    one.routers.push_back(wish.router);
    for (const std::string& written : wish.names) {
      std::string why;
      std::string name = canonical_name(written, rules, why);
      if (name.empty()) {
        plan.refused.push_back({written, wish.router, std::move(why)});
        continue;
      }
      if (is_covered(provided, name)) continue;
      if (name.starts_with("*.")) add_once(wildcards, name);
      add_once(one.names, name);
    }
    drop_redundant(one.names);
    if (!one.names.empty()) wanted.push_back(std::move(one));
  }
  // A wildcard that somebody wants serves the single names of everybody.
  for (Planned& one : wanted) {
    const bool has_wildcard =
        std::any_of(one.names.begin(), one.names.end(), [](const std::string& name) { return name.starts_with("*."); });
    if (!has_wildcard) std::erase_if(one.names, [&](const std::string& name) { return is_covered(wildcards, name); });
  }
  std::erase_if(wanted, [](const Planned& one) { return one.names.empty(); });
  std::stable_sort(wanted.begin(), wanted.end(),
                   [](const Planned& a, const Planned& b) { return a.names.size() > b.names.size(); });
  for (Planned& one : wanted) {
    auto larger = std::find_if(plan.planned.begin(), plan.planned.end(),
                               [&](const Planned& other) { return includes(other.names, one.names); });
    if (larger == plan.planned.end()) {
      plan.planned.push_back(std::move(one));
    } else {
      for (const std::string& router : one.routers) add_once(larger->routers, router);
    }
  }

  const Index index(stored);
  std::set<std::size_t> used;
  std::vector<Planned> parts;  // one certificate each, where several together serve what one router wants
  for (Planned& one : plan.planned) {
    one.certificate = index.best_for(one.names, one.complete);
    if (one.complete || !one.certificate) continue;
    // Traefik stores what was not covered before: several certificates together may be all that is needed.
    std::vector<std::string> left = one.names;
    std::vector<Planned> pieces;
    while (!left.empty()) {
      Planned piece;
      bool whole = false;
      piece.certificate = index.best_for(left, whole);
      if (!piece.certificate || stored[*piece.certificate].not_after <= now) break;
      for (const std::string& name : left) {
        if (stored[*piece.certificate].covers(name)) piece.names.push_back(name);
      }
      std::erase_if(left, [&](const std::string& name) { return stored[*piece.certificate].covers(name); });
      piece.routers = one.routers;
      piece.complete = true;
      pieces.push_back(std::move(piece));
    }
    if (!left.empty()) continue;
    one.names.clear();
    for (Planned& piece : pieces) parts.push_back(std::move(piece));
  }
  std::erase_if(plan.planned, [](const Planned& one) { return one.names.empty(); });
  plan.planned.insert(plan.planned.end(), std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end()));
  for (const Planned& one : plan.planned) {
    if (one.certificate) used.insert(*one.certificate);
  }
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (!used.contains(i)) plan.unused.push_back(i);
  }
  return plan;
}

// What the certificates with one kind of key make of the wishes.
Plan half_of(const std::vector<Wish>& wishes, const std::vector<Leaf>& stored, const std::vector<std::string>& provided,
             const PlanRules& rules, std::int64_t now, bool rsa) {
  std::vector<Leaf> same;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i].rsa != rsa) continue;
    same.push_back(stored[i]);
    places.push_back(i);
  }
  Plan plan = plan_of(wishes, same, provided, rules, now);
  for (Planned& one : plan.planned) {
    if (one.certificate) one.certificate = places[*one.certificate];
  }
  for (std::size_t& one : plan.unused) one = places[one];
  return plan;
}

}  // namespace

std::string Planned::key() const { return key_of(names) + (second ? " (second key)" : ""); }

Plan make_plan(const std::vector<Wish>& wishes, const std::vector<Leaf>& stored,
               const std::vector<std::string>& provided, const PlanRules& rules, std::int64_t now) {
  if (rules.pair == PlanRules::Pair::no) return plan_of(wishes, stored, provided, rules, now);
  const bool first_is_rsa = rules.pair == PlanRules::Pair::first_is_rsa;
  Plan plan = half_of(wishes, stored, provided, rules, now, first_is_rsa);
  Plan second = half_of(wishes, stored, provided, rules, now, !first_is_rsa);
  for (Planned& one : second.planned) {
    one.second = true;
    plan.planned.push_back(std::move(one));
  }
  plan.unused.insert(plan.unused.end(), second.unused.begin(), second.unused.end());
  std::sort(plan.unused.begin(), plan.unused.end());
  return plan;
}

}  // namespace sluice::acme
