// own_fields.h: fields of a request by which upstreams learn what we found out: who the user is, which path was asked
// for. A client must not be able to say the same, in no spelling that software behind us reads as the same name.
// Stateless; any worker.
#pragma once

#include <string_view>

#include "http/fields.h"

namespace sluice::middleware {

// Whether the two are one name for software that reads '_' as '-' (CGI, WSGI, PHP), in any case.
bool same_name(std::string_view a, std::string_view b);

// Removes the field in every spelling.
void remove_own_field(http::Fields& fields, std::string_view name);
// Removes it in every spelling and sets it. `name` and `value` must outlive the exchange.
void set_own_field(http::Fields& fields, std::string_view name, std::string_view value);

}  // namespace sluice::middleware
