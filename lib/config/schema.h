// schema.h: every option, declared once: its name, type, default, doc line, and what is special about it. Flags,
// variables, files, labels, help, the generated reference and the JSON schema all follow from these declarations.
//
// A struct's `describe` lists its options:
//
//   void Ping::describe(Describer<Ping>& d) {
//     d.name("Ping");
//     d.option("entryPoint", &Ping::entry_point, "The entry point that answers /ping.");
//   }
//
// Schemas are built on first use, are immutable and live as long as the process; any thread may read them.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/described.h"
#include "config/value_type.h"

namespace sluice::config {

struct Field {
  std::string name;  // camelCase, as documented
  std::string doc;   // one line
  const ValueType* type = nullptr;
  std::size_t offset = 0;  // of the value inside its struct

  bool allow_empty = false;                  // may be switched on without any option of its own
  bool secret = false;                       // never printed
  bool not_by_label = false;                 // files and key-value stores only
  bool own = false;                          // Sluice's own, unknown to Traefik
  bool served = true;                        // false: accepted with a warning (unserved.cpp)
  std::vector<std::string> unserved_values;  // the same, of single values
  std::string deprecated;                    // what to write instead; empty: not deprecated
  std::string object;  // of a map or list: what one entry is called ("router"); a broken one is left out alone
  std::vector<std::string> values;  // allowed; empty: any
  bool values_ignore_case = false;
  bool values_lenient = false;  // another value keeps the default, with a warning

  void* of(void* object_of) const { return static_cast<char*>(object_of) + offset; }
  const void* of(const void* object_of) const { return static_cast<const char*>(object_of) + offset; }
};

struct StructSchema {
  std::string name;
  std::vector<Field> fields;
  std::optional<std::size_t> source_offset;  // of the DefinedAt member
  std::shared_ptr<const void> defaults;      // an object as it is without configuration

  // Ignoring case; nullptr if there is none.
  const Field* find(std::string_view option) const;
};

// What `Describer::option` returns, to say more about the option just declared.
class FieldEditor {
 public:
  FieldEditor(StructSchema& schema, std::size_t index) : schema_(schema), index_(index) {}

  FieldEditor& allow_empty() { return set(&Field::allow_empty); }
  FieldEditor& secret() { return set(&Field::secret); }
  FieldEditor& not_by_label() { return set(&Field::not_by_label); }
  FieldEditor& own() { return set(&Field::own); }
  FieldEditor& deprecated(std::string instead) {
    field().deprecated = std::move(instead);
    return *this;
  }
  FieldEditor& objects(std::string noun) {
    field().object = std::move(noun);
    return *this;
  }
  FieldEditor& one_of(std::initializer_list<const char*> values) {
    field().values.assign(values.begin(), values.end());
    return *this;
  }
  FieldEditor& ignoring_case() { return set(&Field::values_ignore_case); }
  FieldEditor& or_default() { return set(&Field::values_lenient); }

 private:
  Field& field() { return schema_.fields[index_]; }
  FieldEditor& set(bool Field::*flag) {
    field().*flag = true;
    return *this;
  }
  StructSchema& schema_;
  std::size_t index_;
};

template <class T>
class Describer {
 public:
  Describer() : sample_(std::make_shared<T>()) { schema_.defaults = sample_; }

  void name(std::string text) { schema_.name = std::move(text); }
  template <class Member>
  FieldEditor option(std::string option_name, Member T::*member, std::string doc) {
    Field field;
    field.name = std::move(option_name);
    field.doc = std::move(doc);
    field.type = &value_type<Member>();
    field.offset = offset(&(sample_.get()->*member));
    schema_.fields.push_back(std::move(field));
    return FieldEditor(schema_, schema_.fields.size() - 1);
  }
  template <class Member>
  void source(Member T::*member) {
    schema_.source_offset = offset(&(sample_.get()->*member));
  }

  StructSchema finish();

 private:
  std::size_t offset(const void* member) const {
    return static_cast<std::size_t>(static_cast<const char*>(member) - reinterpret_cast<const char*>(sample_.get()));
  }
  std::shared_ptr<T> sample_;
  StructSchema schema_;
};

// Clears `served` of the fields that this version knows but does not serve yet.
void mark_unserved(StructSchema& schema);
// "Type.option" or "Type.option=value", one for each.
std::span<const std::string_view> unserved_options();

template <class T>
StructSchema Describer<T>::finish() {
  mark_unserved(schema_);
  return std::move(schema_);
}

template <class T>
const StructSchema& schema_of() {
  static const StructSchema schema = [] {
    Describer<T> describer;
    T::describe(describer);
    return describer.finish();
  }();
  return schema;
}

// The option nearest to a misspelt one, or nothing when none is near.
std::optional<std::string> nearest_name(std::string_view written, const std::vector<std::string_view>& names);

}  // namespace sluice::config
