// query.h: the parameters of a query (application/x-www-form-urlencoded), read where they stand.
//
// As in Go's net/url: pairs are separated by `&`; a pair that contains `;` or a broken escape counts for nothing.
#pragma once

#include <string_view>

namespace sluice::route {

class Pattern;

// True if some parameter `key` has exactly `value`. Does not allocate.
bool query_has(std::string_view query, std::string_view key, std::string_view value);

// True if `pattern` matches some value of the parameter `key`. Allocates only for a matching key whose value has
// escapes and is longer than 2 KiB.
bool query_matches(std::string_view query, std::string_view key, const Pattern& pattern);

}  // namespace sluice::route
