// encode.h: configuration structs back to trees, for the API and for printing, with secrets masked by the schema.
#pragma once

#include <string>

#include "config/json.h"
#include "config/schema.h"
#include "config/tree.h"

namespace sluice::config {

struct EncodeRules {
  bool mask_secrets = true;  // secrets become "xxxx"
  bool defaults = false;     // also options that are empty (0, false, "", no entries) and so by default
};

Node encode_struct(const StructSchema& schema, const void* object, const EncodeRules& rules = {});

template <class T>
Node encode(const T& object, const EncodeRules& rules = {}) {
  return encode_struct(schema_of<T>(), &object, rules);
}

// A single value as text: "30s", "true", "a, b". Groups and free forms give nothing.
std::string value_text(const ValueType& type, const void* value);

}  // namespace sluice::config
