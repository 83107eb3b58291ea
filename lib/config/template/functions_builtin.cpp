// Go's own template functions: logic, comparison, index, len, print, and escaping.
#include <fmt/format.h>

#include "base/text.h"
#include "config/template/format.h"
#include "config/template/functions.h"

namespace sluice::config::templates {

namespace {

Value logic(Call& call) { return call[call.count() - 1]; }  // the renderer stops at the argument that decides
Value not_(Call& call) { return !call[0].truth(); }

// Whether the two are equal; types that cannot be compared fail the call, as in Go.
bool equal(const Value& a, const Value& b, Call& call) {
  if (a.as_list() != nullptr || a.as_map() != nullptr || b.as_list() != nullptr || b.as_map() != nullptr) {
    if (a.is_null() || b.is_null()) return false;
    call.fail("lists and maps cannot be compared");
    return false;
  }
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  if (a.type_name() != b.type_name()) {
    call.fail(fmt::format("incompatible types for comparison: {} and {}", a.type_name(), b.type_name()));
    return false;
  }
  if (const std::string* text = a.as_text()) return call.spend_bytes(text->size()) && *text == *b.as_text();
  if (const std::int64_t* number = a.as_int()) return *number == *b.as_int();
  if (const double* number = a.as_float()) return *number == *b.as_float();
  return *a.as_bool() == *b.as_bool();
}

bool less(const Value& a, const Value& b, Call& call) {
  if (a.as_text() != nullptr && b.as_text() != nullptr) {
    return call.spend_bytes(a.as_text()->size()) && *a.as_text() < *b.as_text();
  }
  if (a.as_int() != nullptr && b.as_int() != nullptr) return *a.as_int() < *b.as_int();
  if (a.as_float() != nullptr && b.as_float() != nullptr) return *a.as_float() < *b.as_float();
  call.fail(fmt::format("{} and {} have no order", a.type_name(), b.type_name()));
  return false;
}

Value eq(Call& call) {
  for (Value& other : call.from(1)) {
    if (equal(call[0], other, call)) return true;
  }
  return false;
}
Value ne(Call& call) { return !equal(call[0], call[1], call); }
Value lt(Call& call) { return less(call[0], call[1], call); }
Value le(Call& call) { return less(call[0], call[1], call) || (!call.failed() && equal(call[0], call[1], call)); }
Value gt(Call& call) { return less(call[1], call[0], call); }
Value ge(Call& call) { return less(call[1], call[0], call) || (!call.failed() && equal(call[0], call[1], call)); }

Value index_one(const Value& of, const Value& key, Call& call) {
  if (const MapValue* map = of.as_map(); map != nullptr && map->kind != MapValue::Kind::record) {
    if (key.as_text() == nullptr) return call.fail(fmt::format("a map is indexed by string, not {}", key.type_name()));
    const auto found = map->entries.find(*key.as_text());
    if (found != map->entries.end()) return found->second;
    return map->kind == MapValue::Kind::texts ? Value("") : Value();
  }
  const std::vector<Value>* items = of.as_list();
  const std::string* text = of.as_text();
  if (items == nullptr && text == nullptr) {
    return call.fail(of.is_null() ? "index of a value that does not exist"
                                  : fmt::format("{} cannot be indexed", of.type_name()));
  }
  if (key.as_int() == nullptr) return call.fail(fmt::format("cannot index with {}", key.type_name()));
  const std::int64_t i = *key.as_int();
  const std::size_t size = items != nullptr ? items->size() : text->size();
  if (i < 0 || static_cast<std::uint64_t>(i) >= size) return call.fail(fmt::format("index out of range: {}", i));
  if (items != nullptr) return (*items)[static_cast<std::size_t>(i)];
  return static_cast<unsigned char>((*text)[static_cast<std::size_t>(i)]);
}

Value index(Call& call) {
  Value found = call[0];
  for (Value& key : call.from(1)) {
    found = index_one(found, key, call);
    if (call.failed()) break;
  }
  return found;
}

Value len(Call& call) {
  if (const std::string* text = call[0].as_text()) return text->size();
  if (const std::vector<Value>* list = call[0].as_list()) return list->size();
  if (const MapValue* map = call[0].as_map(); map != nullptr && map->kind != MapValue::Kind::record) {
    return map->entries.size();
  }
  return call.fail(fmt::format("{} has no length", call[0].type_name()));
}

Value print(Call& call) { return go_print(call.from(0), call.budget()); }
Value println(Call& call) { return go_println(call.from(0), call.budget()); }
Value printf(Call& call) {
  const std::string& format = call.text(0);
  std::optional<std::string> text = go_printf(format, call.from(1), call.budget());
  return text ? Value(std::move(*text)) : call.fail("the template takes too many steps");
}

// What `html` and `urlquery` escape.
std::string printed(Call& call) {
  for (Value& value : call.from(0)) {
    if (value.is_null()) value = "<no value>";
  }
  return go_print(call.from(0), call.budget());
}

Value html(Call& call) {
  const std::string text = printed(call);
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      case '\0': out += "\xEF\xBF\xBD"; break;
      default: out += c;
    }
  }
  return out;
}

Value urlquery(Call& call) {
  const std::string text = printed(call);
  std::string out;
  for (char c : text) {
    if (is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

constexpr Function kBuiltinFunctions[] = {
    {"and", 1, -1, logic, Function::Kind::all_of},
    {"or", 1, -1, logic, Function::Kind::any_of},
    {"not", 1, 1, not_},
    {"eq", 2, -1, eq},
    {"ne", 2, 2, ne},
    {"lt", 2, 2, lt},
    {"le", 2, 2, le},
    {"gt", 2, 2, gt},
    {"ge", 2, 2, ge},
    {"index", 1, -1, index},
    {"len", 1, 1, len},
    {"print", 0, -1, print},
    {"println", 0, -1, println},
    {"printf", 1, -1, printf},
    {"html", 0, -1, html},
    {"urlquery", 0, -1, urlquery},
};

}  // namespace

std::span<const Function> builtin_functions() { return kBuiltinFunctions; }

}  // namespace sluice::config::templates
