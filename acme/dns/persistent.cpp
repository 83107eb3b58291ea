#include "acme/dns/persistent.h"

#include <set>

#include "base/text.h"

namespace sluice::acme::dns {
namespace {

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 8659 §4.2: the characters of a parameter's value.
bool is_value(std::string_view text) {
  for (char c : text) {
    if (c < 0x21 || c > 0x7e || c == ';') return false;
  }
  return true;
}

}  // namespace

std::string persistent_value(const PersistentGrant& grant) {
  return grant.issuer_domain + "; accounturi=" + grant.account_url + (grant.wildcard ? "; policy=wildcard" : "");
}

bool allows(std::string_view value, const PersistentGrant& wanted, std::int64_t now) {
  std::vector<std::string_view> pieces = split(value, ';');
  if (!iequals(trim_blanks(pieces.front()), wanted.issuer_domain)) return false;
  std::set<std::string> seen;
  std::string_view account;
  bool wildcard = false;
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    std::string_view piece = trim_blanks(pieces[i]);
    std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return false;
    std::string name = lowered(trim_blanks(piece.substr(0, equals)));
    std::string_view text = trim_blanks(piece.substr(equals + 1));
    if (name.empty() || !is_value(text) || !seen.insert(name).second) return false;
    if (name == "accounturi") account = text;
    if (name == "policy") wildcard = iequals(text, "wildcard");
    if (name == "persistuntil") {
      std::optional<std::int64_t> until = parse_i64(text);
      if (!until || *until < now) return false;
    }
  }
  return account == wanted.account_url && (wildcard || !wanted.wildcard);
}

}  // namespace sluice::acme::dns
