#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "base/text.h"
#include "config/problem_codes.h"
#include "config/removed_options.h"
#include "config/schema.h"
#include "config/static_config.h"
#include "config/static_sources.h"
#include "config/text_tree.h"

namespace sluice::config {
namespace {

// The type of the value at `path`; nullptr when there is no such option.
const ValueType* type_at(const std::vector<std::string>& path) {
  const ValueType* type = &value_type<Static>();
  for (const std::string& name : path) {
    if (type->kind == ValueKind::optional) type = type->element();
    switch (type->kind) {
      case ValueKind::structure: {
        const Field* field = type->schema()->find(name);
        if (field == nullptr) return nullptr;
        type = field->type;
        break;
      }
      case ValueKind::map:
      case ValueKind::list: type = type->element(); break;
      case ValueKind::tree: break;
      default: return nullptr;
    }
  }
  return type->kind == ValueKind::optional ? type->element() : type;
}

// Whether the bare name is a whole flag: switches, and groups of options that it switches on.
bool stands_alone(const ValueType* type) {
  return type != nullptr && (type->kind == ValueKind::boolean || type->kind == ValueKind::structure ||
                             type->kind == ValueKind::tree || type->kind == ValueKind::map);
}

class FlagParser {
 public:
  FlagParser(const std::vector<std::string>& arguments, Report& report) : arguments_(arguments), report_(report) {}

  StaticFlags parse() {
    flags_.tree = Node::map();
    while (next_ < arguments_.size()) {
      const std::string& argument = arguments_[next_++];
      if (argument.size() < 2 || argument[0] != '-') {
        fail('"' + printable(argument, 200) + "\" is no flag", "flags begin with --; write --name=value");
        break;
      }
      if (argument == "--") {
        if (next_ < arguments_.size()) fail("words after -- have no meaning", "remove them");
        break;
      }
      flag(std::string_view(argument).substr(argument[1] == '-' ? 2 : 1));
    }
    return std::move(flags_);
  }

 private:
  void flag(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    if (name.empty() || name[0] == '-')
      return fail("\"" + printable(text, 200) + "\" has no name", "write --name=value");
    if (equals == std::string_view::npos && (name == "help" || name == "h")) {
      flags_.help = true;
      return;
    }

    const bool is_config_file = name == "configFile" || name == "configfile";
    const std::optional<std::vector<std::string>> path = split_path(name, '.');
    if (!path) return fail("--" + printable(name, 200) + ": a word between two dots is missing", "write it in full");
    const ValueType* const type = is_config_file ? nullptr : type_at(*path);
    std::string value;
    if (equals != std::string_view::npos) {
      value = text.substr(equals + 1);
    } else if (stands_alone(type)) {
      value = "true";
    } else if (next_ < arguments_.size() && (type != nullptr || is_config_file || arguments_[next_][0] != '-')) {
      value = arguments_[next_++];
    } else if (type != nullptr || is_config_file) {
      return fail("--" + printable(name, 200) + " needs a value", "write --" + name + "=value");
    }

    flags_.names.push_back(name);
    if (is_config_file) {
      flags_.config_file = value;
    } else {
      set(name, *path, type, std::move(value));
    }
  }

  void set(const std::string& name, const std::vector<std::string>& path, const ValueType* type, std::string value) {
    const auto where = std::make_shared<const std::string>("flag --" + name);
    Node& node = node_at(flags_.tree, path, where);
    const bool join = node.has_text() && type != nullptr && type->kind == ValueKind::list;
    node.set_text(join ? node.text() + ',' + value : std::move(value));
    node.at(where);
  }

  void fail(std::string what, std::string fix) {
    report_.push_back({Severity::error, std::string(code::kSyntax), std::move(what), Source{"flags"},
                       "Sluice does not start", std::move(fix)});
  }

  const std::vector<std::string>& arguments_;
  Report& report_;
  std::size_t next_ = 0;
  StaticFlags flags_;
};

}  // namespace

StaticFlags parse_flags(const std::vector<std::string>& arguments, Report& report) {
  return FlagParser(arguments, report).parse();
}

StaticVariables parse_variables(const std::map<std::string, std::string>& environment, Report& report) {
  constexpr std::string_view kPrefixes[] = {"TRAEFIK_", "SLUICE_"};  // the later one wins
  std::vector<std::string> roots = {"CONFIGFILE", uppered(kRemovedRoot)};
  for (const Field& field : schema_of<Static>().fields) roots.push_back(uppered(field.name));

  std::map<std::string, std::pair<std::string, std::string>> chosen;  // lower-case rest: full name, value
  for (const std::string_view prefix : kPrefixes) {
    for (const auto& [name, value] : environment) {
      if (name.compare(0, prefix.size(), prefix) != 0) continue;
      const std::string_view rest = std::string_view(name).substr(prefix.size());
      const bool known = std::any_of(roots.begin(), roots.end(),
                                     [&](const std::string& root) { return rest.substr(0, root.size()) == root; });
      if (known) chosen[lowered(rest)] = {name, value};
    }
  }

  StaticVariables variables;
  variables.tree = Node::map();
  for (const auto& [rest, variable] : chosen) {
    const auto& [name, value] = variable;
    const auto where = std::make_shared<const std::string>("environment variable " + name);
    variables.names.push_back(name);
    if (rest == "configfile") {
      report.push_back({Severity::warning, std::string(code::kSourceIgnored), name + " has no effect", Source{*where},
                        "no file is read because of it", "use the flag --configFile"});
      continue;
    }
    const std::optional<std::vector<std::string>> path = split_path(rest, '_');
    if (!path) {
      report.push_back({Severity::error, std::string(code::kSyntax), name + ": a word between two _ is missing",
                        Source{*where}, "Sluice does not start", "correct or unset the variable"});
      continue;
    }
    Node& node = node_at(variables.tree, *path, where);
    node.set_text(value);
    node.at(where);
  }
  return variables;
}

}  // namespace sluice::config
