#include "middleware/predicate.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace sluice::middleware {

// Recursive descent; an expression comes from the configuration, its depth is bounded all the same.
class PredicateParser {
 public:
  PredicateParser(std::string_view text, std::span<const Predicate::Function> vocabulary)
      : text_(text), vocabulary_(vocabulary) {}

  std::optional<Predicate> run(std::string& error) {
    std::optional<std::size_t> root = any(0);
    skip_blanks();
    if (root && at_ < text_.size()) root = fail("there is something behind its end");
    if (!root) {
      error = fmt::format("at byte {} of the expression: {}", at_ + 1, error_);
      return std::nullopt;
    }
    result_.root_ = *root;
    return std::move(result_);
  }

 private:
  using Kind = Predicate::Kind;
  using Type = Predicate::Type;
  static constexpr int kDeepest = 50;

  std::nullopt_t fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return std::nullopt;
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  std::size_t add(Predicate::Node node) {
    result_.nodes_.push_back(node);
    return result_.nodes_.size() - 1;
  }

  std::optional<std::size_t> any(int depth) {
    std::optional<std::size_t> left = all(depth);
    while (left && take("||")) {
      std::optional<std::size_t> right = all(depth);
      if (!right) return std::nullopt;
      left = add({Kind::any, *left, *right});
    }
    return left;
  }
  std::optional<std::size_t> all(int depth) {
    std::optional<std::size_t> left = term(depth);
    while (left && take("&&")) {
      std::optional<std::size_t> right = term(depth);
      if (!right) return std::nullopt;
      left = add({Kind::all, *left, *right});
    }
    return left;
  }
  std::optional<std::size_t> term(int depth) {
    if (depth > kDeepest) return fail("it is nested too deeply");
    if (take("(")) {
      std::optional<std::size_t> inner = any(depth + 1);
      if (inner && !take(")")) return fail("a closing bracket is missing");
      return inner;
    }
    std::optional<std::size_t> left = operand();
    if (!left) return std::nullopt;
    std::optional<Kind> kind = comparison();
    Type type = result_.operands_[*left].type;
    if (!kind) {
      if (type != Type::truth) return fail("a comparison is expected here");
      return add({Kind::truth, *left, 0});
    }
    std::optional<std::size_t> right = operand();
    if (!right) return std::nullopt;
    if (type != result_.operands_[*right].type) return fail("the two sides of a comparison are of different kinds");
    if (type != Type::number && *kind != Kind::equal && *kind != Kind::not_equal) {
      return fail("only numbers are greater or less");
    }
    return add({*kind, *left, *right});
  }
  std::optional<Kind> comparison() {
    if (take("==")) return Kind::equal;
    if (take("!=")) return Kind::not_equal;
    if (take(">=")) return Kind::greater_equal;
    if (take("<=")) return Kind::less_equal;
    if (take(">")) return Kind::greater;
    if (take("<")) return Kind::less;
    return std::nullopt;
  }
  std::optional<double> number() {
    skip_blanks();
    double value = 0;
    const char* end = text_.data() + text_.size();
    auto [next, code] = std::from_chars(text_.data() + at_, end, value);
    if (code != std::errc()) return fail("a number is expected here");
    at_ = static_cast<std::size_t>(next - text_.data());
    return value;
  }
  std::optional<std::size_t> operand() {
    skip_blanks();
    Predicate::Operand made;
    char c = at_ < text_.size() ? text_[at_] : '\0';
    if (c == '"' || c == '`') {
      std::size_t end = text_.find(c, at_ + 1);
      if (end == std::string_view::npos) return fail("a quote is not closed");
      made.type = Type::text;
      made.text = text_.substr(at_ + 1, end - at_ - 1);
      at_ = end + 1;
    } else if (is_digit(c) || c == '-' || c == '.') {
      std::optional<double> value = number();
      if (!value) return std::nullopt;
      made.number = *value;
    } else if (!call(made)) {
      return std::nullopt;
    }
    result_.operands_.push_back(std::move(made));
    return result_.operands_.size() - 1;
  }
  bool call(Predicate::Operand& made) {
    std::size_t begin = at_;
    while (at_ < text_.size() && (is_alpha(text_[at_]) || is_digit(text_[at_]))) ++at_;
    std::string_view name = text_.substr(begin, at_ - begin);
    const Predicate::Function* function = nullptr;
    std::string known;
    for (const Predicate::Function& candidate : vocabulary_) {
      if (candidate.name == name) function = &candidate;
      known += (known.empty() ? "" : ", ") + std::string(candidate.name);
    }
    if (function == nullptr) {
      at_ = begin;
      fail(fmt::format("one of {} is expected here", known));
      return false;
    }
    made.type = function->type;
    made.function = static_cast<int>(function - vocabulary_.data());
    bool good = take("(");
    while (good && made.arguments.size() < function->arguments) {
      if (!made.arguments.empty() && !take(",")) good = false;
      std::optional<double> argument = good ? number() : std::nullopt;
      if (argument) made.arguments.push_back(*argument);
      good = good && argument.has_value();
    }
    good = good && take(")");
    if (!good) fail(fmt::format("{} takes {} numbers in brackets", name, function->arguments));
    return good;
  }

  std::string_view text_;
  std::span<const Predicate::Function> vocabulary_;
  std::size_t at_ = 0;
  std::string error_;
  Predicate result_;
};

std::optional<Predicate> Predicate::parse(std::string_view text, std::span<const Function> vocabulary,
                                          std::string& error) {
  return PredicateParser(text, vocabulary).run(error);
}

Predicate::Value Predicate::value(const Operand& operand, const Facts& facts) {
  if (operand.function < 0) return Value{operand.number, operand.text, false};
  return facts.value(static_cast<std::size_t>(operand.function), operand.arguments);
}

bool Predicate::holds(std::size_t index, const Facts& facts) const {
  const Node& node = nodes_[index];
  if (node.kind == Kind::all) return holds(node.left, facts) && holds(node.right, facts);
  if (node.kind == Kind::any) return holds(node.left, facts) || holds(node.right, facts);
  Value left = value(operands_[node.left], facts);
  if (node.kind == Kind::truth) return left.truth;
  Value right = value(operands_[node.right], facts);
  bool same = left.number == right.number && left.text == right.text && left.truth == right.truth;
  switch (node.kind) {
    case Kind::less: return left.number < right.number;
    case Kind::less_equal: return left.number <= right.number;
    case Kind::greater: return left.number > right.number;
    case Kind::greater_equal: return left.number >= right.number;
    case Kind::not_equal: return !same;
    default: return same;
  }
}

}  // namespace sluice::middleware
