// value_type.h: how the decoder and the encoder reach a value whose C++ type they do not know: what kind it is, and the
// few operations its container has. One immutable instance per type.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "config/tree.h"

namespace sluice::config {

struct StructSchema;
template <class T>
const StructSchema& schema_of();

enum class ValueKind : std::uint8_t {
  boolean,
  integer,   // std::int64_t
  number,    // double
  text,      // std::string
  duration,  // Duration
  tree,      // Node, free form
  structure,
  optional,
  list,  // std::vector
  map,   // std::map with text keys
};

class ValueType {
 public:
  explicit constexpr ValueType(ValueKind value_kind) : kind(value_kind) {}
  virtual ~ValueType() = default;

  const ValueKind kind;

  virtual bool equal(const void* a, const void* b) const = 0;

  // Of an optional, a list, a map: the type of what is inside.
  virtual const ValueType* element() const { return nullptr; }
  // Of a structure.
  virtual const StructSchema* schema() const { return nullptr; }

  // Of an optional: makes it hold a default value; empties it.
  virtual void* emplace(void*) const { return nullptr; }
  virtual void reset(void*) const {}
  // Of a list: adds a default value; removes the last.
  virtual void clear(void*) const {}
  virtual void* append(void*) const { return nullptr; }
  virtual void drop_last(void*) const {}
  // Of a map: the value of `key`, added when there is none.
  virtual void* insert(void*, const std::string&) const { return nullptr; }
  virtual void erase(void*, const std::string&) const {}

  // Calls `visit(state, key, item)` for what is inside, in order; keys are empty except in maps.
  using Visit = void (*)(void* state, const std::string& key, const void* item);
  virtual void for_each(const void*, void* /*state*/, Visit) const {}

 protected:
  ValueType(const ValueType&) = default;
};

template <class T>
const ValueType& value_type();

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};

template <class T>
constexpr ValueKind kind_of() {
  if constexpr (std::is_same_v<T, bool>)
    return ValueKind::boolean;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return ValueKind::integer;
  else if constexpr (std::is_same_v<T, double>)
    return ValueKind::number;
  else if constexpr (std::is_same_v<T, std::string>)
    return ValueKind::text;
  else if constexpr (std::is_same_v<T, Duration>)
    return ValueKind::duration;
  else if constexpr (std::is_same_v<T, Node>)
    return ValueKind::tree;
  else if constexpr (IsOptional<T>::value)
    return ValueKind::optional;
  else if constexpr (IsVector<T>::value)
    return ValueKind::list;
  else if constexpr (IsMap<T>::value)
    return ValueKind::map;
  else
    return ValueKind::structure;
}

template <class T>
class TypedValue : public ValueType {
 public:
  constexpr TypedValue() : ValueType(kind_of<T>()) {}
  bool equal(const void* a, const void* b) const override { return as(a) == as(b); }

 protected:
  static T& as(void* value) { return *static_cast<T*>(value); }
  static const T& as(const void* value) { return *static_cast<const T*>(value); }
};

template <class T>
class StructValue final : public TypedValue<T> {
 public:
  const StructSchema* schema() const override { return &schema_of<T>(); }
};

template <class T>
class OptionalValue final : public TypedValue<T> {
 public:
  const ValueType* element() const override { return &value_type<typename T::value_type>(); }
  void* emplace(void* value) const override { return &this->as(value).emplace(); }
  void reset(void* value) const override { this->as(value).reset(); }
  void for_each(const void* value, void* state, ValueType::Visit visit) const override {
    if (this->as(value)) visit(state, std::string(), &*this->as(value));
  }
};

template <class T>
class ListValue final : public TypedValue<T> {
 public:
  const ValueType* element() const override { return &value_type<typename T::value_type>(); }
  void clear(void* value) const override { this->as(value).clear(); }
  void* append(void* value) const override { return &this->as(value).emplace_back(); }
  void drop_last(void* value) const override { this->as(value).pop_back(); }
  void for_each(const void* value, void* state, ValueType::Visit visit) const override {
    const std::string no_key;
    for (const auto& item : this->as(value)) visit(state, no_key, &item);
  }
};

template <class T>
class MapValue final : public TypedValue<T> {
 public:
  const ValueType* element() const override { return &value_type<typename T::mapped_type>(); }
  void* insert(void* value, const std::string& key) const override { return &this->as(value)[key]; }
  void erase(void* value, const std::string& key) const override { this->as(value).erase(key); }
  void for_each(const void* value, void* state, ValueType::Visit visit) const override {
    for (const auto& [key, item] : this->as(value)) visit(state, key, &item);
  }
};

}  // namespace detail

template <class T>
const ValueType& value_type() {
  if constexpr (detail::IsOptional<T>::value) {
    static const detail::OptionalValue<T> type;
    return type;
  } else if constexpr (detail::IsVector<T>::value) {
    static const detail::ListValue<T> type;
    return type;
  } else if constexpr (detail::IsMap<T>::value) {
    static const detail::MapValue<T> type;
    return type;
  } else if constexpr (detail::kind_of<T>() == ValueKind::structure) {
    static const detail::StructValue<T> type;
    return type;
  } else {
    static const detail::TypedValue<T> type;
    return type;
  }
}

}  // namespace sluice::config
