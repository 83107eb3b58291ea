// field_edits.h: fields to set and to remove, as an option of the headers middleware lists them.
//
// Immutable; shared by all workers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/fields.h"

namespace sluice::middleware {

class FieldEdits {
 public:
  // False when that is no field that could be sent.
  bool set(std::string_view name, std::string_view value);
  bool remove(std::string_view name);

  bool empty() const { return edits_.empty(); }
  // Names and values are lent: the object must outlive the exchange.
  void apply(http::Fields& fields) const;

 private:
  struct Edit {
    std::string name;
    std::string value;
    http::FieldId id = http::FieldId::other;
    bool remove = false;
  };
  std::vector<Edit> edits_;
};

}  // namespace sluice::middleware
