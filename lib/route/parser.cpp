#include "route/parser.h"

#include "base/text.h"
#include "route/clause.h"
#include "route/prepared.h"
#include "route/vocabulary.h"

namespace sluice::route {
namespace {

using Kind = Expression::Kind;

class Parser {
 public:
  Parser(std::string_view text, Family family, Syntax syntax)
      : text_(text), family_(family), syntax_(syntax), lexer_(text) {
    advance();
  }

  ParsedRule run() {
    std::optional<Expression> root = any(0);
    if (root && token_.kind != Token::Kind::end) {
      unexpected_after_clause();
      root.reset();
    }
    ParsedRule result;
    if (root) {
      result.rule = Rule{std::string(text_), family_, syntax_, std::move(*root)};
      result.rule->prepared = std::make_shared<const Prepared>(*result.rule);
      result.warnings = std::move(warnings_);
    } else {
      error_->what = "error while parsing rule: " + error_->what;
      result.error = std::move(error_);
    }
    return result;
  }

 private:
  void advance() { token_ = lexer_.next(); }

  // Every function below returns nothing after setting error_; the first error stays.
  std::nullopt_t fail(std::size_t offset, std::string what, std::string fix) {
    if (!error_) error_ = RuleProblem{std::move(what), offset, std::move(fix)};
    return std::nullopt;
  }
  std::nullopt_t fail_token(std::string what, std::string fix) {
    if (token_.kind != Token::Kind::invalid) return fail(token_.offset, std::move(what), std::move(fix));
    return fail(lexer_.problem().offset, lexer_.problem().what, lexer_.problem().fix);
  }

  std::optional<Expression> any(std::size_t depth) { return sequence(depth, Kind::any, Token::Kind::any); }

  std::optional<Expression> sequence(std::size_t depth, Kind kind, Token::Kind separator) {
    Expression group{kind, {}, {}};
    for (;;) {
      std::optional<Expression> part = kind == Kind::any ? sequence(depth, Kind::all, Token::Kind::all) : unary(depth);
      if (!part) return std::nullopt;
      join(group, std::move(*part));
      if (token_.kind != separator) break;
      advance();
    }
    if (group.parts.size() == 1) {
      Expression only = std::move(group.parts.front());
      return only;
    }
    return group;
  }

  std::optional<Expression> unary(std::size_t depth) {
    if (depth > kMaxRuleDepth) {
      return fail(token_.offset, "more than " + std::to_string(kMaxRuleDepth) + " groups inside each other",
                  "leave out parentheses and negations that change nothing");
    }
    if (token_.kind == Token::Kind::negation) {
      advance();
      std::optional<Expression> operand = unary(depth + 1);
      if (!operand) return std::nullopt;
      return negated(std::move(*operand));
    }
    if (token_.kind == Token::Kind::open) {
      std::size_t opened = token_.offset;
      advance();
      std::optional<Expression> inner = any(depth + 1);
      if (!inner) return std::nullopt;
      if (token_.kind == Token::Kind::end) {
        return fail(opened, "this parenthesis is never closed", "put a ) behind the group");
      }
      if (token_.kind != Token::Kind::close) return unexpected_after_clause();
      advance();
      return inner;
    }
    if (token_.kind == Token::Kind::word) return call();
    if (trim(text_).empty()) {
      return fail_token("the rule is empty", example(vocabulary(family_, syntax_).front()));
    }
    if (token_.kind == Token::Kind::end) {
      return fail_token("the rule ends where a matcher should follow", example(vocabulary(family_, syntax_).front()));
    }
    return fail_token("a matcher should stand here", example(vocabulary(family_, syntax_).front()));
  }

  std::optional<Expression> call() {
    Call call{token_.value, token_.offset, {}};
    advance();
    if (token_.kind != Token::Kind::open) return not_a_call(call);
    const MatcherSpec* spec = find_matcher(call.name, family_, syntax_);
    if (spec == nullptr) {
      return fail(call.offset, "unsupported matcher " + printable(call.name, 100),
                  advice_for_name(call.name.substr(0, 100), family_, syntax_));
    }
    std::size_t opened = token_.offset;
    advance();
    while (token_.kind != Token::Kind::close) {
      if (token_.kind != Token::Kind::text) return not_an_argument(opened, *spec);
      call.arguments.push_back(Argument{std::move(token_.value), token_.offset});
      advance();
      if (token_.kind == Token::Kind::comma) {
        advance();
      } else if (token_.kind != Token::Kind::close) {
        return after_argument(opened, *spec);
      }
    }
    advance();
    RuleProblem problem;
    std::optional<Expression> bound = bind_call(call, *spec, family_, syntax_, problem, warnings_);
    if (!bound) return fail(problem.offset, std::move(problem.what), std::move(problem.fix));
    return bound;
  }

  std::nullopt_t not_a_call(const Call& call) {
    std::string name = printable(call.name, 100);
    if (iequals(name, "and") || iequals(name, "or") || iequals(name, "not")) {
      const char* sign = iequals(name, "and") ? "&&" : iequals(name, "or") ? "||" : "!";
      return fail(call.offset, "the word " + name + " is no operator", std::string("write ") + sign);
    }
    std::size_t colon = name.find(':');
    if (colon != std::string::npos && find_matcher(name.substr(0, colon), family_, syntax_) != nullptr) {
      return fail(call.offset, "this is the rule syntax of Traefik v1",
                  "write " + name.substr(0, colon) + "(`" + name.substr(colon + 1) + "`)");
    }
    const MatcherSpec* spec = find_matcher(call.name, family_, syntax_);
    if (spec != nullptr) return fail(call.offset, name + " has no argument list", example(*spec));
    return fail(call.offset, "a matcher should stand here, not " + name, example(vocabulary(family_, syntax_).front()));
  }

  std::nullopt_t not_an_argument(std::size_t opened, const MatcherSpec& spec) {
    if (token_.kind == Token::Kind::end) return never_closed(opened, spec);
    if (token_.kind == Token::Kind::word) {
      return fail_token("an argument without quotes", "use back-ticks: `" + printable(token_.value, 200) + "`");
    }
    return fail_token("an argument in back-ticks should stand here", example(spec));
  }

  std::nullopt_t after_argument(std::size_t opened, const MatcherSpec& spec) {
    if (token_.kind == Token::Kind::end) return never_closed(opened, spec);
    return fail_token("a comma or ) should follow the argument", example(spec));
  }

  std::nullopt_t never_closed(std::size_t opened, const MatcherSpec& spec) {
    return fail(opened, "the argument list that begins here has no )", example(spec));
  }

  std::nullopt_t unexpected_after_clause() {
    if (token_.kind == Token::Kind::close) return fail_token("a ) that closes nothing", "leave it out");
    if (token_.kind == Token::Kind::comma) {
      return fail_token("matchers are not joined by commas", "write && where both must match, || where one is enough");
    }
    if (token_.kind == Token::Kind::word && (iequals(token_.value, "and") || iequals(token_.value, "or"))) {
      return fail_token("the word " + token_.value + " is no operator",
                        iequals(token_.value, "and") ? "write &&" : "write ||");
    }
    return fail_token("an operator is missing here", "write && where both must match, || where one is enough");
  }

  static std::string example(const MatcherSpec& spec) { return "write for example " + std::string(spec.example); }

  std::string_view text_;
  Family family_;
  Syntax syntax_;
  Lexer lexer_;
  Token token_;
  std::optional<RuleProblem> error_;
  std::vector<RuleProblem> warnings_;
};

}  // namespace

ParsedRule parse_rule(std::string_view text, Family family, Syntax syntax) {
  return Parser(text, family, syntax).run();
}

}  // namespace sluice::route
