#include "config/decode.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "config/problem_codes.h"
#include "config/scalars.h"
#include "config/schema.h"
#include "config/static_config.h"
#include "config/yaml.h"

namespace sluice::config {
namespace {

// The names from the root to a value, kept on the stack: most values are right and need no path.
struct Path {
  const Path* up = nullptr;
  std::string_view name;

  std::string to_string() const {
    std::string text = up == nullptr ? std::string() : up->to_string();
    if (!text.empty() && !name.empty() && name.front() != '[') text += '.';
    return text += name;
  }
};

// Not `quoted`: argument-dependent lookup would find std::quoted, which some standard headers bring in.
std::string in_quotes(std::string_view text) { return '"' + printable(text, 200) + '"'; }

std::string joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const std::string& piece : pieces) text += (text.empty() ? "" : ", ") + piece;
  return text;
}

// "0" and "[0]".
bool is_index(std::string_view key) {
  if (key.size() > 2 && key.front() == '[' && key.back() == ']') key = key.substr(1, key.size() - 2);
  return !key.empty() && std::all_of(key.begin(), key.end(), is_digit);
}

class Decoder {
 public:
  Decoder(const DecodeRules& rules, Report& report) : rules_(rules), report_(report) {}

  void structure(const StructSchema& schema, void* object, const Node& node, const Path& path) {
    std::uint64_t seen = 0;
    SLUICE_CHECK(schema.fields.size() <= 64);
    for (const Node::Entry& entry : node.children()) {
      const Path at{&path, entry.key};
      const Field* field = schema.find(entry.key);
      if (field == nullptr) {
        unknown(schema, entry, at);
        continue;
      }
      const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(field - schema.fields.data());
      if ((seen & bit) != 0) {
        error(code::kDuplicate, at, at.to_string() + " is written twice", entry.source(), "remove one of the two");
        continue;
      }
      seen |= bit;
      option(*field, field->of(object), entry, at);
    }
  }

  // Says how often a repeated warning was meant.
  void finish() {
    for (const auto& [key, note] : notes_) {
      if (note.count > 1) report_[note.index].what += " (and " + std::to_string(note.count - 1) + " more times)";
    }
  }

 private:
  struct Note {
    std::size_t index = 0;  // in the report
    std::size_t count = 0;
  };

  void option(const Field& field, void* target, const Node::Entry& entry, const Path& at) {
    if (rules_.by_label && field.not_by_label) {
      warn(code::kNotByLabel, at.to_string() + " cannot be set by labels", entry.source(), "the label has no effect",
           "define it in a file and name it with @file");
      return;
    }
    if (entry.node.is_null()) {
      if (field.allow_empty) {
        warn(code::kEmptyNode, at.to_string() + " has no value", entry.source(), "it is not switched on",
             "write `" + field.name + ": {}` to switch it on");
      }
      return;
    }
    if (!field.served) {
      note(code::kNotServed, field, at.to_string() + " is not served by this version", entry.source(),
           "it is accepted without effect", "remove it, or wait for the version that serves it");
    }
    if (!field.deprecated.empty()) {
      note(code::kDeprecated, field, at.to_string() + " is deprecated", entry.source(), "it still works",
           "use " + field.deprecated);
    }
    value(*field.type, field, target, entry.node, at, field.allow_empty);
  }

  void value(const ValueType& type, const Field& field, void* target, const Node& node, const Path& at,
             bool allow_empty) {
    switch (type.kind) {
      case ValueKind::structure:
        if (switched_on(node, allow_empty, false, at)) structure(*type.schema(), target, node, at);
        break;
      case ValueKind::optional: optional(type, field, target, node, at, allow_empty); break;
      case ValueKind::list: list(type, field, target, node, at); break;
      case ValueKind::map: map(type, field, target, node, at); break;
      case ValueKind::tree: *static_cast<Node*>(target) = node; break;
      default:
        if (node.is_scalar()) {
          scalar(type.kind, field, target, node, at);
        } else {
          wrong(field, node, at, "a single value");
        }
    }
  }

  void optional(const ValueType& type, const Field& field, void* target, const Node& node, const Path& at,
                bool allow_empty) {
    const ValueType& inner = *type.element();
    const std::size_t errors_before = errors_;
    if (inner.kind != ValueKind::structure) {
      value(inner, field, type.emplace(target), node, at, allow_empty);
    } else if (switched_on(node, allow_empty, true, at)) {
      structure(*inner.schema(), type.emplace(target), node, at);
    }
    if (errors_ != errors_before) type.reset(target);
  }

  // Whether a group of options is there. `--api`, `tls=true` and `{}` switch a group on that may be empty; any other
  // text switches it off, whatever options are written beside it.
  bool switched_on(const Node& node, bool allow_empty, bool is_optional, const Path& at) {
    if (node.is_list()) {
      error(code::kWrongValue, at, at.to_string() + " is a group of options, not a list", node.source(),
            "write options below it");
      return false;
    }
    if (node.is_map() && !node.children().empty()) {
      return !node.has_text() || !allow_empty || iequals(node.text(), "true");
    }
    if (node.is_map() && (allow_empty || !is_optional)) return true;
    if (node.is_scalar() && allow_empty) return iequals(node.text(), "true");
    error(code::kStandalone, at, at.to_string() + " cannot be a standalone element: it needs an option", node.source(),
          "write an option below it");
    return false;
  }

  void list(const ValueType& type, const Field& field, void* target, const Node& node, const Path& at) {
    const ValueType& element = *type.element();
    const bool of_structs = element.kind == ValueKind::structure;
    type.clear(target);
    if (node.is_scalar() && !of_structs) {
      for (const std::string& piece : split_list(node.text())) {
        Node item = Node::scalar(piece, node.scalar_kind());
        item.at(node.source_name(), node.line(), node.column());
        scalar(element.kind, field, type.append(target), item, at);
      }
      return;
    }
    if (node.is_list()) {
      std::size_t index = 0;
      for (const Node::Entry& entry : node.children()) {
        const std::string name = '[' + std::to_string(index++) + ']';
        item(type, field, target, entry.node, entry.source(), Path{&at, name});
      }
      return;
    }
    // Indexes only group: elements come in the order of the text of their index, as in Traefik.
    std::vector<const Node::Entry*> entries;
    for (const Node::Entry& entry : node.children()) entries.push_back(&entry);
    const bool indexed = node.is_map() && !node.has_text() && !entries.empty() &&
                         std::all_of(entries.begin(), entries.end(), [](const auto* e) { return is_index(e->key); });
    if (!indexed) {
      wrong(field, node, at, of_structs ? "a list of groups of options" : "a list");
      return;
    }
    std::stable_sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
    for (const Node::Entry* entry : entries) {
      const std::string name = entry->key.front() == '[' ? entry->key : '[' + entry->key + ']';
      item(type, field, target, entry->node, entry->source(), Path{&at, name});
    }
  }

  // One element of a list.
  void item(const ValueType& type, const Field& field, void* target, const Node& node, Source source, const Path& at) {
    const ValueType& element = *type.element();
    if (node.is_null()) {
      error(code::kWrongValue, at, at.to_string() + " is empty", std::move(source),
            "write a value, or remove the line");
      return;
    }
    void* const added = type.append(target);
    if (!decode_object(element, field, added, node, std::move(source), at)) type.drop_last(target);
  }

  void map(const ValueType& type, const Field& field, void* target, const Node& node, const Path& at) {
    if (!node.is_map()) {
      if (node.is_scalar()) {
        error(code::kStandalone, at, at.to_string() + " cannot be a standalone element: it holds names with values",
              node.source(), "write a name below it");
      } else {
        wrong(field, node, at, "names with values");
      }
      return;
    }
    for (const Node::Entry& entry : node.children()) {
      const Path below{&at, entry.key};
      if (entry.node.is_null()) {
        warn(code::kEmptyNode, below.to_string() + " has no value", entry.source(), "it is ignored",
             "write a value, \"\" for an empty one, or {} for an object without options");
        continue;
      }
      void* const added = type.insert(target, entry.key);
      if (!decode_object(*type.element(), field, added, entry.node, entry.source(), below)) {
        type.erase(target, entry.key);
      }
    }
  }

  // An entry of a map or a list. False when it is an object of its own (a router, a certificate) and holds an error:
  // the caller takes it out again.
  bool decode_object(const ValueType& type, const Field& field, void* target, const Node& node, Source source,
                     const Path& at) {
    const bool is_object = !field.object.empty();
    const std::size_t errors_before = errors_;
    if (is_object) {
      object_ = Object{&field, at.name};
      if (at.name.find('@') != std::string_view::npos) {
        error(code::kWrongValue, at, at.to_string() + ": the name of a " + field.object + " must not contain @", source,
              "remove the part from @ on: the provider's name is added by itself");
      }
    }
    if (type.kind == ValueKind::structure && type.schema()->source_offset) {
      *reinterpret_cast<DefinedAt*>(static_cast<char*>(target) + *type.schema()->source_offset) = std::move(source);
    }
    if (type.kind == ValueKind::structure && node.is_scalar() && !iequals(node.text(), "true")) {
      error(code::kStandalone, at, at.to_string() + " cannot be a standalone element: it needs an option",
            node.source(), "write an option below it");
    } else {
      value(type, field, target, node, at, true);
    }
    if (!is_object) return true;
    object_ = Object{};
    if (errors_ == errors_before) return true;
    if (rules_.left_out != nullptr) rules_.left_out->push_back({at.up->to_string(), std::string(at.name)});
    return false;
  }

  void scalar(ValueKind kind, const Field& field, void* target, const Node& node, const Path& at) {
    const std::string& text = node.text();
    const bool is_integer = node.scalar_kind() == ScalarKind::integer;
    switch (kind) {
      case ValueKind::boolean: {
        const std::optional<bool> flag = parse_boolean(text);
        if (!flag) return wrong(field, node, at, "true or false");
        *static_cast<bool*>(target) = *flag;
        return;
      }
      case ValueKind::integer: {
        const std::optional<std::int64_t> number = is_integer ? parse_yaml_integer(text) : parse_integer(text);
        if (!number) return wrong(field, node, at, "a whole number");
        *static_cast<std::int64_t*>(target) = *number;
        return;
      }
      case ValueKind::number: {
        const std::optional<double> number = parse_number(text);
        if (!number) return wrong(field, node, at, "a number");
        *static_cast<double*>(target) = *number;
        return;
      }
      case ValueKind::duration: {
        const Result<Duration> duration = parse_duration(text);
        if (!duration) return wrong(field, node, at, "a duration such as 30s, 1m30s or 500ms");
        *static_cast<Duration*>(target) = *duration;
        return;
      }
      default: assign_text(field, *static_cast<std::string*>(target), node, at);
    }
  }

  void assign_text(const Field& field, std::string& target, const Node& node, const Path& at) {
    const std::string& text = node.text();
    const bool allowed = field.values.empty() || text.empty() ||
                         std::any_of(field.values.begin(), field.values.end(), [&](const std::string& value) {
                           return field.values_ignore_case ? iequals(value, text) : value == text;
                         });
    if (!allowed && !field.values_lenient) return wrong(field, node, at, "one of " + joined(field.values));
    if (!allowed) {
      warn(code::kWrongValue, at.to_string() + ": " + in_quotes(text) + " is not one of " + joined(field.values),
           node.source(), target.empty() ? "the default is used" : in_quotes(target) + " is used",
           "write one of " + joined(field.values));
      return;
    }
    if (std::find(field.unserved_values.begin(), field.unserved_values.end(), text) != field.unserved_values.end()) {
      note(code::kNotServed, field, at.to_string() + ": " + in_quotes(text) + " is not served by this version",
           node.source(), in_quotes(target) + " is used", "use " + in_quotes(target));
      return;
    }
    target = text;
  }

  void unknown(const StructSchema& schema, const Node::Entry& entry, const Path& at) {
    // A place for anchors, as in compose files; flags, variables and labels have no lines.
    const bool of_root = at.up->up == nullptr && rules_.path.empty() && entry.source().line > 0;
    if (of_root && entry.key.starts_with("x-")) return;
    std::vector<std::string_view> names;
    for (const Field& field : schema.fields) names.emplace_back(field.name);
    const std::optional<std::string> nearest = nearest_name(entry.key, names);
    std::string fix = nearest ? "did you mean " + *nearest + "?" : "valid here: ";
    if (rules_.elsewhere != nullptr && at.up->up == nullptr && rules_.elsewhere->find(entry.key) != nullptr) {
      fix = rules_.elsewhere_fix;
    } else if (!nearest) {
      for (const std::string_view name : names) fix += (name == names.front() ? "" : ", ") + std::string(name);
    }
    error(code::kUnknownOption, at, "field not found, node: " + printable(entry.key, 200) + " (" + at.to_string() + ")",
          entry.source(), std::move(fix));
  }

  void wrong(const Field& field, const Node& node, const Path& at, const std::string& expected) {
    std::string written = "the value";
    if (node.is_list()) written = "a list";
    if (node.is_map()) written = "a group of options";
    if (node.is_scalar() && !field.secret) written = in_quotes(node.text());
    error(code::kWrongValue, at, at.to_string() + ": " + written + " is not " + expected, node.source(),
          "write " + expected);
  }

  void error(std::string_view code, const Path& at, std::string what, Source source, std::string fix) {
    ++errors_;
    std::string effect(rules_.effect);
    if (object_.field != nullptr) {
      effect = object_.field->object + ' ' + in_quotes(object_.name) + " is left out";
    } else if (rules_.left_out != nullptr) {
      rules_.left_out->push_back({at.to_string(), {}});
    }
    report_.push_back(
        {Severity::error, std::string(code), std::move(what), std::move(source), std::move(effect), std::move(fix)});
  }

  void warn(std::string_view code, std::string what, Source source, std::string effect, std::string fix) {
    report_.push_back(
        {Severity::warning, std::string(code), std::move(what), std::move(source), std::move(effect), std::move(fix)});
  }

  // A warning that is given once for each option, however often the option is used.
  void note(std::string_view code, const Field& field, std::string what, Source source, std::string effect,
            std::string fix) {
    Note& note = notes_[{&field, code}];
    if (note.count++ == 0) {
      note.index = report_.size();
      warn(code, std::move(what), std::move(source), std::move(effect), std::move(fix));
    }
  }

  struct Object {
    const Field* field = nullptr;
    std::string_view name;
  };

  const DecodeRules& rules_;
  Report& report_;
  std::size_t errors_ = 0;
  Object object_;  // the object being decoded
  std::map<std::pair<const Field*, std::string_view>, Note> notes_;
};

}  // namespace

void decode_struct(const StructSchema& schema, void* object, const Node& node, const DecodeRules& rules,
                   Report& report) {
  Decoder decoder(rules, report);
  decoder.structure(schema, object, node, Path{nullptr, rules.path});
  decoder.finish();
}

std::optional<Dynamic> decode_dynamic(const Node& root, Report& report) {
  if (root.is_null()) return Dynamic{};
  if (!root.is_map()) {
    report.push_back({Severity::error, std::string(code::kWrongValue), "a configuration holds http, tcp, udp and tls",
                      root.source(), "nothing of the file is used", "begin with `http:`"});
    return std::nullopt;
  }
  DecodeRules rules;
  rules.effect = "the option is ignored";
  rules.elsewhere = &schema_of<Static>();
  rules.elsewhere_fix = "this is static configuration: give it by flag, by variable, or in the static file";
  Dynamic dynamic;
  decode_struct(schema_of<Dynamic>(), &dynamic, root, rules, report);
  return dynamic;
}

}  // namespace sluice::config
