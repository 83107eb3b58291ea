#include "config/toml.h"

#include <toml++/toml.h>

#include <sstream>
#include <utility>

#include "config/problem_codes.h"

namespace sluice::config {
namespace {

constexpr int kMaxDepth = 64;

class Converter {
 public:
  explicit Converter(SourceName where) : where_(std::move(where)) {}

  // False when the value nests too deeply; `at` is then where.
  bool convert(const toml::node& from, int depth, Node& to, toml::source_position& at) const {
    if (depth > kMaxDepth) {
      at = from.source().begin;
      return false;
    }
    bool ok = true;
    if (const toml::table* table = from.as_table()) {
      to = Node::map();
      for (auto&& [key, value] : *table) {
        const toml::source_position& key_at = key.source().begin;
        Node& child =
            to.add(std::string(key.str()), Node(), static_cast<int>(key_at.line), static_cast<int>(key_at.column));
        ok = ok && convert(value, depth + 1, child, at);
      }
    } else if (const toml::array* array = from.as_array()) {
      to = Node::list();
      for (auto&& value : *array) ok = ok && convert(value, depth + 1, to.add(Node()), at);
    } else {
      to = scalar(from);
    }
    const toml::source_position& begin = from.source().begin;
    to.at(where_, static_cast<int>(begin.line), static_cast<int>(begin.column));
    return ok;
  }

 private:
  static Node scalar(const toml::node& from) {
    if (const auto* text = from.as_string()) return Node::scalar(text->get());
    if (const auto* flag = from.as_boolean()) return Node::scalar(flag->get() ? "true" : "false", ScalarKind::boolean);
    if (const auto* number = from.as_integer()) {
      return Node::scalar(std::to_string(number->get()), ScalarKind::integer);
    }
    std::ostringstream text;  // floating point numbers, dates and times, as TOML writes them
    from.visit([&](const auto& value) {
      if constexpr (toml::is_value<decltype(value)>) text << value;
    });
    return Node::scalar(text.str(), from.is_floating_point() ? ScalarKind::real : ScalarKind::text);
  }

  SourceName where_;
};

Problem problem(std::string what, std::string_view file_name, const toml::source_position& at, std::string fix) {
  return {Severity::error,
          std::string(code::kSyntax),
          std::move(what),
          {std::string(file_name), static_cast<int>(at.line), static_cast<int>(at.column)},
          "nothing of the file is used",
          std::move(fix)};
}

}  // namespace

std::optional<Node> parse_toml(std::string_view text, std::string_view file_name, Report& report) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    report.push_back(problem(std::string(error.description()), file_name, error.source().begin,
                             "correct the TOML at this position"));
    return std::nullopt;
  }
  Node root;
  toml::source_position at;
  const Converter converter(std::make_shared<const std::string>(file_name));
  if (!converter.convert(table, 0, root, at)) {
    report.push_back(problem("nested deeper than 64 levels", file_name, at, "flatten the structure"));
    return std::nullopt;
  }
  return root;
}

}  // namespace sluice::config
