// plan.h: from what routers want and what is stored to what there has to be: which names, in which certificates.
//
// Values; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/certificate.h"

namespace sluice::acme {

// One certificate that some routers want, or several of one router.
struct Wish {
  std::vector<std::string> names;  // as written, the main one first
  std::string router;
};

struct Planned {
  std::vector<std::string> names;  // canonical, the main one first
  std::vector<std::string> routers;
  std::optional<std::size_t> certificate;  // the stored one that serves it now; none: there is none yet
  bool complete = false;                   // it has all of the names
  bool second = false;                     // the one with the other kind of key (`PlanRules::pair`)

  // What identifies it across restarts.
  std::string key() const;
};

struct Plan {
  std::vector<Planned> planned;
  struct Refused {
    std::string name;
    std::string router;
    std::string why;
    friend bool operator==(const Refused&, const Refused&) = default;
  };
  std::vector<Refused> refused;     // names no CA would certify
  std::vector<std::size_t> unused;  // stored ones that serve nothing that is wanted
};

struct PlanRules {
  bool public_ca = false;  // names that only exist inside a network are refused without asking
  bool wildcards = true;   // a challenge for them is configured
  // Two certificates for all names, with different kinds of keys: of which kind the first is.
  enum class Pair : std::uint8_t { no, first_is_rsa, second_is_rsa } pair = Pair::no;
};

// `stored`: what each stored certificate says of itself. `provided`: names and wildcards served by other certificates.
Plan make_plan(const std::vector<Wish>& wishes, const std::vector<Leaf>& stored,
               const std::vector<std::string>& provided, const PlanRules& rules, std::int64_t now);

// Canonical: lower case, no dot at the end, an address in its usual form; empty with `why` when it is no name a
// certificate can be for.
std::string canonical_name(std::string_view written, const PlanRules& rules, std::string& why);

// Names in order of the alphabet.
std::string key_of(std::vector<std::string> names);

}  // namespace sluice::acme
