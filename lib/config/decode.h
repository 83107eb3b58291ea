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

  friend bool operator==(const LeftOut&, const LeftOut&) = default;
};

struct DecodeRules {
  bool by_label = false;    // options that labels cannot set are reported and skipped
  std::string_view path;    // of the struct, put in front of names in problems; empty for a root
  std::string_view effect;  // of an error that is not inside an object
  std::vector<LeftOut>* left_out = nullptr;
  // An unknown name of the root that belongs to this other root gets this advice.
  const StructSchema* elsewhere = nullptr;
  std::string_view elsewhere_fix;
};

// The root of a dynamic configuration file. An object with an error is left out alone; the report has an error for it.
// Nothing only when the root is neither a map nor null.
std::optional<Dynamic> decode_dynamic(const Node& root, Report& report);

// Decodes `node`, a map, into `object`, a struct described by `schema`. Entries of maps and lists that the schema calls
// objects are left out alone when they hold an error; after other errors, options stay at their defaults.
void decode_struct(const StructSchema& schema, void* object, const Node& node, const DecodeRules& rules,
                   Report& report);

}  // namespace sluice::config
