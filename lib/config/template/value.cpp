#include "config/template/value.h"

namespace sluice::config::templates {

namespace {

std::shared_ptr<MapValue> make_map(MapValue::Kind kind, Value::Entries entries) {
  auto map = std::make_shared<MapValue>();
  map->kind = kind;
  map->entries = std::move(entries);
  return map;
}

}  // namespace

Value& Value::operator=(const Value& other) {
  if (this != &other) {
    auto copy = other.held_;  // before release: `other` may live inside what this value holds
    release();
    held_ = std::move(copy);
  }
  return *this;
}

Value& Value::operator=(Value&& other) noexcept {
  if (this != &other) {
    auto taken = std::exchange(other.held_, {});
    release();
    held_ = std::move(taken);
  }
  return *this;
}

Value Value::list(std::vector<Value> items) {
  Value value;
  auto list = std::make_shared<ListValue>();
  list->items = std::move(items);
  value.held_ = std::move(list);
  return value;
}

Value Value::dict(Entries entries) {
  Value value;
  value.held_ = make_map(MapValue::Kind::dict, std::move(entries));
  return value;
}

Value Value::texts(Entries entries) {
  Value value;
  value.held_ = make_map(MapValue::Kind::texts, std::move(entries));
  return value;
}

Value Value::record(Entries fields) {
  Value value;
  value.held_ = make_map(MapValue::Kind::record, std::move(fields));
  return value;
}

const std::vector<Value>* Value::as_list() const {
  const auto* list = std::get_if<std::shared_ptr<ListValue>>(&held_);
  return list == nullptr ? nullptr : &(*list)->items;
}

const MapValue* Value::as_map() const {
  const auto* map = std::get_if<std::shared_ptr<MapValue>>(&held_);
  return map == nullptr ? nullptr : map->get();
}

MapValue* Value::as_map() {
  auto* map = std::get_if<std::shared_ptr<MapValue>>(&held_);
  return map == nullptr ? nullptr : map->get();
}

bool Value::truth() const {
  if (const bool* truth = as_bool()) return *truth;
  if (const std::int64_t* number = as_int()) return *number != 0;
  if (const double* number = as_float()) return *number != 0;
  if (const std::string* text = as_text()) return !text->empty();
  if (const std::vector<Value>* items = as_list()) return !items->empty();
  if (const MapValue* map = as_map()) return map->kind == MapValue::Kind::record || !map->entries.empty();
  return false;
}

std::string_view Value::type_name() const {
  static constexpr std::string_view kNames[] = {"nil", "bool", "int", "float64", "string", "[]interface {}"};
  if (const MapValue* map = as_map()) {
    if (map->kind == MapValue::Kind::record) return "struct";
    return map->kind == MapValue::Kind::texts ? "map[string]string" : "map[string]interface {}";
  }
  return kNames[held_.index()];
}

void Value::take_children(std::vector<Value>& into) {
  if (auto* list = std::get_if<std::shared_ptr<ListValue>>(&held_); list != nullptr && list->use_count() == 1) {
    for (Value& item : (*list)->items) into.push_back(std::move(item));
    (*list)->items.clear();
  }
  if (auto* map = std::get_if<std::shared_ptr<MapValue>>(&held_); map != nullptr && map->use_count() == 1) {
    for (auto& [key, item] : (*map)->entries) into.push_back(std::move(item));
    (*map)->entries.clear();
  }
}

void Value::release() {
  if (held_.index() < 5) return;
  std::vector<Value> pending;
  take_children(pending);
  while (!pending.empty()) {
    Value value = std::move(pending.back());
    pending.pop_back();
    value.take_children(pending);
  }
}

}  // namespace sluice::config::templates
