#include "http/fields.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"

namespace sluice::http {

namespace {

bool has_name(const Field& field, FieldId id, std::string_view name) {
  return id == FieldId::other ? field.id == FieldId::other && iequals(field.name, name) : field.id == id;
}

}  // namespace

const Field* Fields::find(FieldId id) const {
  if (!may_have(bit_of(id))) return nullptr;
  for (const Field& field : *this) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

std::optional<std::string_view> Fields::get(FieldId id) const {
  const Field* field = find(id);
  if (field == nullptr) return std::nullopt;
  return field->value;
}

std::optional<std::string_view> Fields::get(std::string_view name) const {
  FieldId id = field_id(name);
  for (const Field& field : *this) {
    if (has_name(field, id, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::count(FieldId id) const {
  return static_cast<std::size_t>(std::count_if(begin(), end(), [&](const Field& field) { return field.id == id; }));
}

void Fields::reserve(std::size_t count) {
  if (count <= capacity_) return;
  Field* grown = arena_->array<Field>(count);
  if (size_ != 0) std::memcpy(static_cast<void*>(grown), entries_, size_ * sizeof(Field));
  entries_ = grown;
  capacity_ = count;
}

void Fields::set(FieldId id, std::string_view value) {
  Field* first = const_cast<Field*>(find(id));
  if (first == nullptr) {
    add(id, value);
    return;
  }
  first->value = value;
  remove_if([&](const Field& field) { return field.id == id && &field > first; });
}

void Fields::set(std::string_view name, std::string_view value) {
  FieldId id = field_id(name);
  Field* first = std::find_if(begin(), end(), [&](const Field& field) { return has_name(field, id, name); });
  if (first == end()) {
    add(Field{name, value, id});
    return;
  }
  *first = Field{name, value, id};  // the id is the same as before: it follows from the name
  remove_if([&](const Field& field) { return &field > first && has_name(field, id, name); });
}

std::size_t Fields::remove(FieldId id) {
  if (!may_have(bit_of(id))) return 0;
  std::size_t before = size_;
  remove_if([&](const Field& field) { return field.id == id; });
  ids_ &= ~bit_of(id);
  return before - size_;
}

std::size_t Fields::remove(std::string_view name) {
  FieldId id = field_id(name);
  if (id != FieldId::other) return remove(id);
  std::size_t before = size_;
  remove_if([&](const Field& field) { return has_name(field, id, name); });
  return before - size_;
}

bool list_contains(std::string_view value, std::string_view token) {
  bool found = false;
  for_each_in_list(value, [&](std::string_view element) { found = found || iequals(element, token); });
  return found;
}

}  // namespace sluice::http
