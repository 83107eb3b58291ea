// password_hash.h: passwords against the hashes that htpasswd writes. Stateless; any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice::middleware {

enum class HashKind {
  unknown,
  sha1,   // {SHA}, a microsecond
  apr1,   // $apr1$, a millisecond
  crypt,  // bcrypt ($2a$, $2b$, $2y$) and what else crypt(3) knows ($1$, $5$, $6$, $y$): up to seconds
};
HashKind kind_of_hash(std::string_view hash);

// False also for hashes of an unknown kind. Blocks as long as the kind takes.
bool password_matches(const std::string& hash, const std::string& password);

}  // namespace sluice::middleware
