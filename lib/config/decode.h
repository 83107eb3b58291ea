// decode.h: trees to configuration structs, by the schema.
//
// Strict: an unknown name, a value of the wrong type, or a group of options without any option is an error that names
// the option, the value, its source and the nearest valid name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/dynamic.h"
#include "config/problem.h"
#include "config/tree.h"

namespace sluice::config {

struct StructSchema;

// One router, service, middleware… that was written but could not be used.
struct LeftOut {
  std::string section;  // "http.routers"
  std::string name;     // empty: the whole section
};

// The root of a dynamic configuration file. An object with an error is left out alone; the report has an error for it.
// Nothing only when the root is not a map.
std::optional<Dynamic> decode_dynamic(const Node& root, Report& report);

// Decodes `node` into `object`, a struct described by `schema`. Entries of maps and lists that the schema calls objects
// are left out alone when they hold an error, and are appended to `left_out`; other errors leave their option at its
// default. `path` names the struct in problems ("" for a root).
void decode_struct(const StructSchema& schema, void* object, const Node& node, std::string_view path, Report& report,
                   std::vector<LeftOut>* left_out = nullptr);

}  // namespace sluice::config
