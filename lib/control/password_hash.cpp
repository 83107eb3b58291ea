#include "control/password_hash.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::control {
namespace {

std::string shown(std::string_view name) { return "user \"" + printable(name, 64) + '"'; }

// bcrypt (always 60 characters), apr1 and its relatives of crypt(3), and {SHA}.
bool is_known_hash(std::string_view hash) {
  for (std::string_view prefix : {"$2a$", "$2b$", "$2x$", "$2y$"}) {
    if (hash.starts_with(prefix)) return hash.size() == 60;
  }
  for (std::string_view prefix : {"$apr1$", "$1$", "$5$", "$6$"}) {
    if (hash.starts_with(prefix)) return hash.find('$', prefix.size()) != std::string_view::npos;
  }
  return hash.starts_with("{SHA}") && hash.size() == 5 + 28;
}

}  // namespace

std::string basic_user_fault(std::string_view user) {
  std::size_t colon = user.find(':');
  if (colon == std::string_view::npos) return shown(user) + " has no password hash";
  std::string_view name = user.substr(0, colon);
  std::string_view hash = user.substr(colon + 1);
  if (name.empty()) return "a user without a name";
  if (is_known_hash(hash)) return {};
  if (hash.empty()) return shown(name) + " has an empty password hash";
  if (hash.starts_with("$$")) return "the password hash of " + shown(name) + " has doubled $, which only compose wants";
  if (hash.find('$') == std::string_view::npos || hash.size() < 20) {
    return "the password hash of " + shown(name) + " is cut or in plain text: it has none of the known forms";
  }
  return "the password hash of " + shown(name) + " has none of the known forms ($2y$, $apr1$, {SHA})";
}

std::string digest_user_fault(std::string_view user) {
  std::vector<std::string_view> pieces = split(user, ':');
  if (pieces.size() != 3) return shown(pieces.front()) + " is not name:realm:hash";
  bool is_md5 = pieces[2].size() == 32 &&
                std::all_of(pieces[2].begin(), pieces[2].end(), [](char c) { return hex_digit(c) >= 0; });
  if (is_md5) return {};
  return "the hash of " + shown(pieces[0]) + " is not 32 hexadecimal digits (MD5 of name:realm:password)";
}

}  // namespace sluice::control
