// objects.h: what a CA says: directory, account, order, authorization, challenge (RFC 8555 §7.1), read from JSON.
//
// Values; pure. Members a CA adds are passed over, those it leaves out are empty: whether something needed is missing
// is for who needs it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acme/failure.h"

namespace sluice::acme {

struct Directory {
  std::string new_nonce;
  std::string new_account;
  std::string new_order;
  std::string revoke_certificate;  // empty: not offered, as the following
  std::string key_change;
  std::string renewal_info;
  std::string terms;
  bool external_account_required = false;
  std::map<std::string, std::string> profiles;  // name and what it is
  std::vector<std::string> caa_identities;
};

struct Identifier {
  std::string type;   // "dns" or "ip"
  std::string value;  // never with "*." in an authorization

  friend auto operator<=>(const Identifier&, const Identifier&) = default;
};

struct Challenge {
  std::string type;
  std::string url;
  std::string status;
  std::string token;                 // empty with some types
  std::vector<std::string> issuers;  // of dns-persist-01: the names of the CA that a record may say
  std::optional<Failure> error;
};

struct Authorization {
  std::string status;
  Identifier identifier;
  bool wildcard = false;
  std::vector<Challenge> challenges;

  const Challenge* challenge(std::string_view type) const;
  // Of the challenge that failed, else of any that says something.
  std::optional<Failure> error() const;
  // The name as it was ordered, "*." included.
  std::string name() const { return wildcard ? "*." + identifier.value : identifier.value; }
};

struct Order {
  std::string status;
  std::vector<Identifier> identifiers;
  std::vector<std::string> authorizations;
  std::string finalize;
  std::string certificate;
  std::optional<Failure> error;
};

// A suggestion of RFC 9773, in Unix seconds.
struct RenewalWindow {
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::string explanation_url;

  bool valid() const { return start > 0 && end > start; }
  friend bool operator==(const RenewalWindow&, const RenewalWindow&) = default;
};

// Nothing: not JSON, or without what makes it one of these.
std::optional<Directory> read_directory(std::string_view body);
std::optional<Order> read_order(std::string_view body);
std::optional<Authorization> read_authorization(std::string_view body);
std::optional<RenewalWindow> read_renewal_window(std::string_view body);
// Of an account: "valid", "deactivated", "revoked".
std::string read_status(std::string_view body);

// The identifier of a name or an address.
Identifier identifier_of(const std::string& name);

// The bodies of requests.
std::string new_order_body(const std::vector<std::string>& names, const std::string& profile,
                           const std::string& replaces);

// RFC 3339 to Unix seconds; 0 for anything else.
std::int64_t parse_date_time(std::string_view text);

}  // namespace sluice::acme
