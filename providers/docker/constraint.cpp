#include "providers/docker/constraint.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::providers::docker {

namespace {

constexpr int kMaxDepth = 100;

}  // namespace

// Recursive descent; one call per level of precedence. The first error stops it.
class ConstraintParser {
 public:
  explicit ConstraintParser(std::string_view text) : text_(text) {}

  std::optional<Constraint> parse(std::string& error) {
    std::optional<std::size_t> root = either();
    skip_space();
    if (root && at_ < text_.size()) root = fail("\"&&\", \"||\" or the end");
    if (!root) {
      error = std::move(error_);
      return std::nullopt;
    }
    result_.root_ = *root;
    return std::move(result_);
  }

 private:
  using Kind = Constraint::Kind;
  using Index = std::optional<std::size_t>;

  Index either() {
    Index left = both();
    while (left && take("||")) left = join(Kind::either, *left, both());
    return left;
  }

  Index both() {
    Index left = single();
    while (left && take("&&")) left = join(Kind::both, *left, single());
    return left;
  }

  Index single() {
    if (++depth_ > kMaxDepth) return fail("less nesting");
    Index found = take("!") ? negated(single()) : take("(") ? grouped() : call();
    --depth_;
    return found;
  }

  Index grouped() {
    Index inside = either();
    if (inside && !take(")")) return fail("\")\"");
    return inside;
  }

  Index call() {
    bool regex = take("LabelRegex");
    if (!regex && !take("Label")) return fail("Label, LabelRegex, \"!\" or \"(\"");
    std::optional<std::string> key, value;
    if (!take("(") || !(key = quoted()) || !take(",") || !(value = quoted()) || !take(")")) {
      return fail("(`label`, `value`)");
    }
    Constraint::Node node{regex ? Kind::label_regex : Kind::label, *std::move(key), {}};
    if (regex) {
      std::string error;
      node.pattern = route::Pattern::compile(*value, error);
      if (node.pattern == nullptr) {
        error_ = fmt::format("\"{}\" is no regular expression: {}", printable(*value, 200), error);
        return std::nullopt;
      }
    } else {
      node.value = *std::move(value);
    }
    return add(std::move(node));
  }

  // A text between back-ticks as it is, or between double quotes with \" and \\.
  std::optional<std::string> quoted() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '`' && text_[at_] != '"')) return std::nullopt;
    char quote = text_[at_];
    std::string value;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        at_ = i + 1;
        return value;
      }
      bool escaped = quote == '"' && text_[i] == '\\' && i + 1 < text_.size();
      value += escaped ? text_[++i] : text_[i];
    }
    return std::nullopt;
  }

  Index negated(Index inside) {
    if (!inside) return std::nullopt;
    return add(Constraint::Node{Kind::negation, {}, {}, nullptr, *inside});
  }
  Index join(Kind kind, std::size_t left, Index right) {
    if (!right) return std::nullopt;
    return add(Constraint::Node{kind, {}, {}, nullptr, left, *right});
  }
  Index add(Constraint::Node node) {
    result_.nodes_.push_back(std::move(node));
    return result_.nodes_.size() - 1;
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view token) {
    skip_space();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  Index fail(std::string_view expected) {
    if (error_.empty()) error_ = fmt::format("expected {} at column {}", expected, at_ + 1);
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string error_;
  Constraint result_;
};

std::optional<Constraint> Constraint::parse(std::string_view text, std::string& error) {
  return ConstraintParser(text).parse(error);
}

bool Constraint::met(std::size_t index, const std::map<std::string, std::string>& labels) const {
  const Node& node = nodes_[index];
  if (node.kind == Kind::negation) return !met(node.left, labels);
  if (node.kind == Kind::both) return met(node.left, labels) && met(node.right, labels);
  if (node.kind == Kind::either) return met(node.left, labels) || met(node.right, labels);
  auto label = labels.find(node.key);
  if (label == labels.end()) return false;
  return node.kind == Kind::label ? label->second == node.value : node.pattern->matches(label->second);
}

}  // namespace sluice::providers::docker
