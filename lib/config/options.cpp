#include "config/options.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/encode.h"
#include "config/static_config.h"

namespace sluice::config {
namespace {

std::string type_name(const ValueType& type) {
  switch (type.kind) {
    case ValueKind::boolean: return "true or false";
    case ValueKind::integer: return "whole number";
    case ValueKind::number: return "number";
    case ValueKind::text: return "text";
    case ValueKind::duration: return "duration";
    case ValueKind::tree: return "free form";
    case ValueKind::structure: return "group";
    case ValueKind::optional: return type_name(*type.element());
    case ValueKind::list: return type.element()->kind == ValueKind::structure ? "list of groups" : "list";
    case ValueKind::map:
      return type.element()->kind == ValueKind::structure ? "named groups" : type_name(*type.element());
  }
  return {};
}

class Lister {
 public:
  std::vector<Option> options;

  void structure(const StructSchema& schema, const void* object, const std::string& prefix, bool served,
                 bool by_label) {
    for (const Field& field : schema.fields) {
      Option option;
      option.path = prefix.empty() ? field.name : prefix + '.' + field.name;
      option.type = type_name(*field.type);
      option.default_value = field.secret ? std::string() : value_text(*field.type, field.of(object));
      option.field = &field;
      option.served = served && field.served;
      option.by_label = by_label && !field.not_by_label;
      below(field, field.of(object), std::move(option));
    }
  }

 private:
  // The option itself, and what is below it.
  void below(const Field& field, const void* object, Option option) {
    const ValueType* type = field.type;
    std::string path = option.path;
    if (type->kind == ValueKind::optional) {
      type = type->element();
      object = nullptr;
    }
    if (type->kind == ValueKind::map) {
      path += ".<name>";
      type = type->element();
      object = nullptr;
    } else if (type->kind == ValueKind::list && type->element()->kind == ValueKind::structure) {
      path += "[n]";
      type = type->element();
      object = nullptr;
    }
    const bool served = option.served;
    const bool by_label = option.by_label;
    option.group = type->kind == ValueKind::structure;
    if (!option.group) option.path = path;
    options.push_back(std::move(option));
    if (type->kind != ValueKind::structure) return;
    const StructSchema& schema = *type->schema();
    structure(schema, object != nullptr ? object : schema.defaults.get(), path, served, by_label);
  }
};

// "entryPoints", "<name>", "address".
std::vector<std::string_view> words(std::string_view path) { return split(path, '.'); }

}  // namespace

std::vector<Option> list_options(const StructSchema& schema, std::string_view prefix) {
  Lister lister;
  lister.structure(schema, schema.defaults.get(), std::string(prefix), true, true);
  return std::move(lister.options);
}

std::vector<Candidate> complete_flag(std::string_view typed) {
  static const std::vector<Option> options = list_options(schema_of<Static>());
  const std::size_t dashes =
      std::min<std::size_t>(typed.find_first_not_of('-'), std::min<std::size_t>(typed.size(), 2));
  const std::string lead = dashes == 1 ? "-" : "--";
  const std::size_t equals = typed.find('=');
  const std::vector<std::string_view> have = words(typed.substr(dashes, equals - dashes));

  std::map<std::string, std::string> found;  // text: doc
  for (const Option& option : options) {
    if (option.path.find("[n]") != std::string::npos) continue;
    const std::vector<std::string_view> want = words(option.path);
    if (have.size() > want.size()) continue;
    bool matches = true;
    std::string text = lead;
    for (std::size_t i = 0; i + 1 < have.size(); ++i) {
      matches = matches && (want[i] == "<name>" ? !have[i].empty() : iequals(want[i], have[i]));
      text += std::string(want[i] == "<name>" ? have[i] : want[i]) + '.';
    }
    if (!matches) continue;
    const std::string_view last = have.back();
    const std::string_view next = want[have.size() - 1];
    const bool whole = have.size() == want.size();
    const bool is_switch = option.type == "true or false" || option.group;

    if (equals != std::string_view::npos) {
      if (!whole || !(next == "<name>" || iequals(next, last))) continue;
      std::vector<std::string> values = option.field->values;
      if (is_switch) values = {"true", "false"};
      for (const std::string& value : values) {
        if (istarts_with(value, typed.substr(equals + 1))) found[std::string(typed.substr(0, equals + 1)) + value];
      }
      continue;
    }
    if (next == "<name>" || !istarts_with(next, last)) continue;
    text += next;
    if (!whole) {
      found.emplace(text + '.', std::string());
    } else if (!option.group) {
      found[text + (is_switch ? "" : "=")] = option.field->doc;
    } else if (option.field->allow_empty) {
      found[text] = option.field->doc;
    } else {
      found[text + '.'] = option.field->doc;
    }
  }
  std::vector<Candidate> candidates;
  candidates.reserve(found.size());
  for (auto& [text, doc] : found) candidates.push_back({text, std::move(doc)});
  return candidates;
}

}  // namespace sluice::config
