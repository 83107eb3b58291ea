#include "config/template/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "config/template/utf8.h"

namespace sluice::config::templates {

namespace {

// Traefik's file provider replaces sprig's split with Go's strings.Split.
Value go_split(Call& call) {
  const std::string& text = call.text(0);
  const std::string& separator = call.text(1);
  return call.failed() ? Value() : split_text(text, separator, -1, call);
}
constexpr Function kGoSplit{"split", 2, 2, go_split};

using Table = std::unordered_map<std::string_view, const Function*>;

const Table& table() {
  static const Table all = [] {
    Table functions;
    for (std::span<const Function> file : {builtin_functions(), text_functions(), list_functions(), number_functions(),
                                           system_functions(), regex_functions()}) {
      for (const Function& function : file) functions.emplace(function.name, &function);
    }
    return functions;
  }();
  return all;
}

}  // namespace

const Function* find_function(std::string_view name, Dialect dialect) {
  if (dialect == Dialect::file && name == kGoSplit.name) return &kGoSplit;
  const auto found = table().find(name);
  return found == table().end() ? nullptr : found->second;
}

std::string_view nearest_function(std::string_view name) {
  std::string_view nearest;
  std::size_t least = std::min<std::size_t>(3, name.size() / 2 + 1);  // a word of other letters is no suggestion
  if (name.size() > 40) return nearest;
  for (const auto& [known, function] : table()) {
    const std::size_t distance = edit_distance(name, known);
    if (distance < least || (distance == least && !nearest.empty() && known < nearest)) {
      nearest = known;
      least = distance;
    }
  }
  return nearest;
}

Value Call::fail(std::string what) {
  if (failure_.empty()) failure_ = std::move(what);
  return {};
}

void Call::wrong_type(std::size_t i, std::string_view wanted) {
  fail(arguments_[i].is_null()
           ? fmt::format("argument {} has no value; expected {}", i + 1, wanted)
           : fmt::format("wrong type for argument {}; expected {}; got {}", i + 1, wanted, arguments_[i].type_name()));
}

const std::string& Call::text(std::size_t i) {
  static const std::string kEmpty;
  if (const std::string* text = arguments_[i].as_text()) {
    spend_bytes(text->size());  // every function reads all of it
    return *text;
  }
  wrong_type(i, "string");
  return kEmpty;
}

std::int64_t Call::integer(std::size_t i) {
  if (const std::int64_t* number = arguments_[i].as_int()) return *number;
  wrong_type(i, "int");
  return 0;
}

bool Call::boolean(std::size_t i) {
  if (const bool* truth = arguments_[i].as_bool()) return *truth;
  wrong_type(i, "bool");
  return false;
}

const std::vector<Value>& Call::list(std::size_t i) {
  static const std::vector<Value> kEmpty;
  if (const std::vector<Value>* list = arguments_[i].as_list()) {
    spend(list->size());  // every function that takes a list looks at all of it
    return *list;
  }
  wrong_type(i, "a list");
  return kEmpty;
}

const MapValue& Call::map(std::size_t i) {
  static const MapValue kEmpty;
  if (const MapValue* map = arguments_[i].as_map(); map != nullptr && map->kind != MapValue::Kind::record) {
    for (const auto& [key, item] : map->entries) spend_bytes(key.size());
    return *map;
  }
  wrong_type(i, "a map");
  return kEmpty;
}

MapValue* Call::dict(std::size_t i) {
  MapValue* map = arguments_[i].as_map();
  if (map != nullptr && map->kind == MapValue::Kind::dict) return map;
  wrong_type(i, "a dict");
  return nullptr;
}

bool Call::spend(std::uint64_t steps) {
  if (budget_.spend(steps)) return true;
  fail("the template takes too many steps");
  return false;
}

bool Call::spend_bytes(std::uint64_t bytes) {
  if (budget_.spend_bytes(bytes)) return true;
  fail("the template takes too many steps");
  return false;
}

Value split_text(std::string_view text, std::string_view separator, std::int64_t most, Call& call) {
  std::vector<Value> pieces;
  if (most == 0) return Value::list({});
  if (separator.empty()) {  // Go splits into characters
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < text.size();) {
      if (!call.spend(1)) return {};
      std::size_t length = std::max<std::size_t>(decode_utf8(text, i, code), 1);
      if (most > 0 && static_cast<std::int64_t>(pieces.size()) + 1 == most) length = text.size() - i;
      pieces.emplace_back(text.substr(i, length));
      i += length;
    }
    return Value::list(std::move(pieces));
  }
  while (call.spend(1)) {
    const bool last = most > 0 && static_cast<std::int64_t>(pieces.size()) + 1 == most;
    const std::size_t end = last ? std::string_view::npos : text.find(separator);
    pieces.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + separator.size());
  }
  return Value::list(std::move(pieces));
}

}  // namespace sluice::config::templates
