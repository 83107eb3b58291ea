// password_hash.h: whether an entry of basicAuth or digestAuth can be anybody's password, by its form alone.
//
// Most entries that cannot were cut by compose, which takes `$apr1` for a variable and leaves nothing in its place.
#pragma once

#include <string>
#include <string_view>

namespace sluice::control {

// What is wrong with "name:hash", without repeating the hash; empty when nothing is.
std::string basic_user_fault(std::string_view user);
// The same of "name:realm:md5".
std::string digest_user_fault(std::string_view user);

}  // namespace sluice::control
