// value.h: what a template computes with: null, bool, int, float, text, list or map.
//
// Texts, lists and maps are shared when a value is copied: copying is cheap, and `set` changes the map its callers
// hold, as in Go. A value belongs to one thread. Deep nesting is safe to destroy: containers are taken apart without
// recursion.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::config::templates {

struct ListValue;
struct MapValue;

class Value {
 public:
  using Entries = std::map<std::string, Value, std::less<>>;

  Value() = default;
  Value(bool truth) : held_(truth) {}  // NOLINT: implicit by design, here and below
  template <std::integral T>
  requires(!std::same_as<T, bool>) Value(T number) : held_(static_cast<std::int64_t>(number)) {}  // NOLINT
  Value(double number) : held_(number) {}                                                         // NOLINT
  Value(std::string text) : held_(std::make_shared<const std::string>(std::move(text))) {}        // NOLINT
  Value(std::string_view text) : Value(std::string(text)) {}                                      // NOLINT
  Value(const char* text) : Value(std::string(text)) {}                                           // NOLINT
  Value(const Value&) = default;
  Value(Value&& other) noexcept : held_(std::exchange(other.held_, {})) {}
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value() { release(); }

  static Value list(std::vector<Value> items);
  // A map templates may change with `set`; a missing key is null.
  static Value dict(Entries entries);
  // A map of texts, like Go's map[string]string: `index` gives the empty text for a missing key. Cannot be changed.
  static Value texts(Entries entries);
  // A fixed set of fields, like a Go struct: asking for another one is an error. Cannot be changed.
  static Value record(Entries fields);

  bool is_null() const { return held_.index() == 0; }
  const bool* as_bool() const { return std::get_if<bool>(&held_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&held_); }
  const double* as_float() const { return std::get_if<double>(&held_); }
  const std::string* as_text() const {
    const auto* text = std::get_if<std::shared_ptr<const std::string>>(&held_);
    return text == nullptr ? nullptr : text->get();
  }
  const std::vector<Value>* as_list() const;
  const MapValue* as_map() const;
  MapValue* as_map();

  // Go's notion of true: not null, false, zero or empty.
  bool truth() const;
  // Go's name of the type, for messages: "string", "int", "map[string]interface {}".
  std::string_view type_name() const;

 private:
  void release();
  void take_children(std::vector<Value>& into);

  std::variant<std::monostate, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<ListValue>, std::shared_ptr<MapValue>>
      held_;
};

struct ListValue {
  std::vector<Value> items;
};

struct MapValue {
  enum class Kind : std::uint8_t { dict, texts, record };
  Kind kind = Kind::dict;
  Value::Entries entries;
};

}  // namespace sluice::config::templates
