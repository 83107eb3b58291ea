// name.h: domain names: their text and their wire form (RFC 1035 §3.1 and §5.1).
//
// The text form is canonical everywhere in this folder: lower case, absolute ("_acme-challenge.example.com."), the root
// is ".". A dot or backslash inside a label is written `\.` and `\\`, other bytes outside of '!' to '~' as `\DDD`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::acme::dns {

// The canonical text of a name a user or a program wrote, with or without the final dot. Error: invalid (an empty
// label, a label over 63 bytes, a name over 255 bytes on the wire, a malformed escape).
Result<std::string> canonical_name(std::string_view text);

// The wire form of canonical text, uncompressed. Error: as above.
Result<std::string> wire_name(std::string_view text);

// Reads the name at `at`, following compression pointers, which may only lead backwards; `at` moves behind it.
// Error: invalid.
Result<std::string> read_name(std::string_view message, std::size_t& at);

// "example.com." of "www.example.com."; "." of a name with one label, and of the root.
std::string parent_name(std::string_view name);

// True for the same name and for one below it; both canonical.
bool is_within(std::string_view name, std::string_view zone);

// Without the final dot, as most APIs want it.
std::string without_dot(std::string_view name);

}  // namespace sluice::acme::dns
