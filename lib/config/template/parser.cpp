#include "config/template/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "config/template/limits.h"

namespace sluice::config::templates {

namespace {

// Go's number syntax: 10, -1, 0x1F, 0o17, 017, 0b1, 1_000, 1.5, 1e3.
std::optional<Value> parse_number(std::string_view text) {
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += to_lower(c);
  }
  std::string_view rest = digits;
  const bool negative = !rest.empty() && rest.front() == '-';
  if (negative || (!rest.empty() && rest.front() == '+')) rest.remove_prefix(1);
  int base = 10;
  if (rest.size() > 1 && rest[0] == '0' && rest.find_first_of(".e") == std::string_view::npos) {
    base = rest[1] == 'x' ? 16 : rest[1] == 'b' ? 2 : 8;
    rest.remove_prefix(is_digit(rest[1]) ? 1 : 2);
  } else if (rest.starts_with("0x")) {
    base = 16;
    rest.remove_prefix(2);
  }
  if (rest.empty()) return std::nullopt;
  const char* end = rest.data() + rest.size();
  if (base == 10 && rest.find_first_of(".e") != std::string_view::npos) {
    double number = 0;
    const auto [stop, problem] = std::from_chars(rest.data(), end, number);
    if (problem != std::errc() || stop != end) return std::nullopt;
    return Value(negative ? -number : number);
  }
  std::uint64_t number = 0;
  const auto [stop, problem] = std::from_chars(rest.data(), end, number, base);
  if (problem != std::errc() || stop != end || number > std::uint64_t{INT64_MAX} + (negative ? 1 : 0)) {
    return std::nullopt;
  }
  return Value(static_cast<std::int64_t>(negative ? 0 - number : number));
}

bool is_blank(const std::vector<Node>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(),
                     [](const Node& node) { return node.kind == Node::Kind::text && trim(node.text).empty(); });
}

}  // namespace

bool Parser::fail(Position at, std::string what) {
  if (error_.what.empty()) error_ = {std::move(what), at.line, at.column};
  return false;
}

bool Parser::unexpected(const Token& token, std::string_view where) {
  if (token.kind == Token::Kind::error) return fail(token.at, token.text);
  if (token.kind == Token::Kind::end) return fail(token.at, fmt::format("unexpected end of the template in {}", where));
  static constexpr std::string_view kNames[] = {
      "", "", "text", "{{", "}}", "", ".", "", ".", "a text", "a character", "a", "(", ")", "|", ":=", "=", ","};
  std::string seen(kNames[static_cast<std::size_t>(token.kind)]);
  if (token.kind == Token::Kind::number) {
    seen = token.text;
  } else if (token.kind == Token::Kind::identifier || token.kind == Token::Kind::variable ||
             token.kind == Token::Kind::field) {
    seen += printable(token.text, 100);
  }
  return fail(token.at, fmt::format("unexpected {} in {}", seen, where));
}

bool Parser::count_node(Position at) {
  if (++node_count_ <= kMaxNodes) return true;
  return fail(at, fmt::format("the template has more than {} parts", kMaxNodes));
}

const Token& Parser::peek(std::size_t ahead) {
  while (ahead_.size() <= ahead) ahead_.push_back(lexer_.next());
  return ahead_[ahead];
}

Token Parser::take() {
  peek();
  Token token = std::move(ahead_.front());
  ahead_.pop_front();
  return token;
}

bool Parser::expect(Token::Kind kind, std::string_view where) {
  Token token = take();
  return token.kind == kind || unexpected(token, where);
}

bool Parser::is_keyword(std::string_view word) { return peek().kind == Token::Kind::identifier && peek().text == word; }

bool Parser::parse(Program& program) {
  program_ = &program;
  variables_ = {"$"};
  Ending ending{};
  if (!nodes(program.main, ending)) return false;
  if (ending != Ending::text) {
    return fail(ended_at_, ending == Ending::end ? "unexpected {{end}}" : "unexpected {{else}}");
  }
  return true;
}

bool Parser::nodes(std::vector<Node>& into, Ending& ending) {
  while (true) {
    Token token = take();
    if (token.kind == Token::Kind::error) return fail(token.at, token.text);
    if (token.kind == Token::Kind::end) {
      ending = Ending::text;
      return true;
    }
    if (!count_node(token.at)) return false;
    if (token.kind == Token::Kind::literal) {
      Node& node = into.emplace_back();
      node.at = token.at;
      node.text = std::move(token.text);
      continue;
    }
    ended_at_ = token.at;
    if (is_keyword("end")) {
      take();
      ending = Ending::end;
      return expect(Token::Kind::close, "end");
    }
    if (is_keyword("else")) {
      take();
      ending = Ending::else_;
      return true;
    }
    if (!action(token.at, into)) return false;
  }
}

bool Parser::action(Position at, std::vector<Node>& into) {
  if (is_keyword("define")) {
    take();
    return define(at);
  }
  Node node;
  node.at = at;
  bool ok = true;
  if (is_keyword("if") || is_keyword("with") || is_keyword("range")) {
    const std::string keyword = take().text;
    ok = control(keyword == "if"     ? Node::Kind::if_
                 : keyword == "with" ? Node::Kind::with
                                     : Node::Kind::range,
                 at, node);
  } else if (is_keyword("template") || is_keyword("block")) {
    const bool is_block = take().text == "block";
    ok = run_template(at, is_block, node);
  } else if (is_keyword("break") || is_keyword("continue")) {
    const std::string keyword = take().text;
    node.kind = keyword == "break" ? Node::Kind::break_ : Node::Kind::continue_;
    if (range_depth_ == 0) return fail(at, fmt::format("{{{{{}}}}} outside {{{{range}}}}", keyword));
    ok = expect(Token::Kind::close, keyword);
  } else {
    node.kind = Node::Kind::action;
    ok = pipeline("an action", Token::Kind::close, node.pipeline);
  }
  if (ok) into.push_back(std::move(node));
  return ok;
}

bool Parser::control(Node::Kind kind, Position at, Node& node) {
  if (++depth_ > kMaxDepth) return fail(at, fmt::format("more than {} nested blocks", kMaxDepth));
  const std::size_t outer = variables_.size();
  node.kind = kind;
  node.at = at;
  const std::string_view name = kind == Node::Kind::if_ ? "if" : kind == Node::Kind::with ? "with" : "range";
  if (!pipeline(name, Token::Kind::close, node.pipeline)) return false;
  const std::size_t inner = variables_.size();
  Ending ending{};
  range_depth_ += kind == Node::Kind::range ? 1 : 0;
  if (!nodes(node.body, ending)) return false;
  range_depth_ -= kind == Node::Kind::range ? 1 : 0;
  variables_.resize(inner);
  if (ending == Ending::text) return fail(at, fmt::format("{{{{{}}}}} without {{{{end}}}}", name));
  if (ending == Ending::else_ && !otherwise(node)) return false;
  variables_.resize(outer);
  --depth_;
  return true;
}

// The part after `{{else`: another condition, which shares our `{{end}}`, or a list of nodes.
bool Parser::otherwise(Node& node) {
  const Position at = peek().at;
  const bool else_if = is_keyword("if") && node.kind == Node::Kind::if_;
  if (else_if || (is_keyword("with") && node.kind == Node::Kind::with)) {
    take();
    if (!count_node(at)) return false;
    return control(node.kind, at, node.otherwise.emplace_back());
  }
  if (!expect(Token::Kind::close, "else")) return false;
  Ending ending{};
  if (!nodes(node.otherwise, ending)) return false;
  if (ending == Ending::else_) return fail(ended_at_, "a second {{else}}");
  return ending == Ending::end || fail(at, "{{else}} without {{end}}");
}

bool Parser::run_template(Position at, bool is_block, Node& node) {
  node.kind = Node::Kind::template_;
  Token name = take();
  if (name.kind != Token::Kind::text) return unexpected(name, is_block ? "block" : "template");
  node.text = name.text;
  if (peek().kind == Token::Kind::close && !is_block) {
    take();
  } else if (!pipeline(is_block ? "block" : "template", Token::Kind::close, node.pipeline)) {
    return false;
  }
  return !is_block || define_body(node.text, at);
}

bool Parser::define(Position at) {
  if (depth_ > 0) return fail(at, "{{define}} inside another block");
  Token name = take();
  if (name.kind != Token::Kind::text) return unexpected(name, "define");
  return expect(Token::Kind::close, "define") && define_body(name.text, at);
}

bool Parser::define_body(const std::string& name, Position at) {
  if (++depth_ > kMaxDepth) return fail(at, fmt::format("more than {} nested blocks", kMaxDepth));
  std::vector<std::string> outer = std::exchange(variables_, {"$"});
  const int outer_ranges = std::exchange(range_depth_, 0);
  std::vector<Node> body;
  Ending ending{};
  if (!nodes(body, ending)) return false;
  if (ending != Ending::end) return fail(at, fmt::format("template \"{}\" has no {{{{end}}}}", printable(name, 100)));
  std::vector<Node>& known = program_->defined[name];
  if (!is_blank(known) && !is_blank(body))
    return fail(at, fmt::format("template \"{}\" is defined twice", printable(name, 100)));
  if (is_blank(known)) known = std::move(body);
  variables_ = std::move(outer);
  range_depth_ = outer_ranges;
  --depth_;
  return true;
}

bool Parser::declarations(std::string_view where, Pipeline& pipeline) {
  while (peek().kind == Token::Kind::variable) {
    const Token::Kind after = peek(1).kind;
    if (after == Token::Kind::comma) {
      if (where != "range" || !pipeline.variables.empty() || peek(2).kind != Token::Kind::variable) {
        return fail(peek().at, fmt::format("too many variables in {}", where));
      }
      pipeline.variables.push_back(take().text);
      take();
      continue;
    }
    if (after != Token::Kind::declare && after != Token::Kind::assign) {
      return pipeline.variables.empty() || unexpected(peek(1), where);
    }
    pipeline.binding = after == Token::Kind::declare ? Pipeline::Binding::declare : Pipeline::Binding::assign;
    pipeline.variables.push_back(take().text);
    take();
    break;
  }
  return true;
}

bool Parser::pipeline(std::string_view where, Token::Kind until, Pipeline& pipeline) {
  pipeline.at = peek().at;
  pipeline.is_range = where == "range";
  if (!declarations(where, pipeline)) return false;
  while (true) {
    if (peek().kind == until) {
      if (!pipeline.commands.empty()) return fail(peek().at, fmt::format("missing command after | in {}", where));
      return fail(peek().at, fmt::format("missing value for {}", where));
    }
    Command& next = pipeline.commands.emplace_back();
    next.at = peek().at;
    if (!command(until, next)) return false;
    const Operand& first = next.operands.front();
    const bool constant = first.kind == Operand::Kind::constant || first.kind == Operand::Kind::null ||
                          (first.kind == Operand::Kind::dot && first.fields.empty());
    if (pipeline.commands.size() > 1 && constant) {
      return fail(next.at, fmt::format("non executable command in pipeline stage {}", pipeline.commands.size()));
    }
    if (first.kind == Operand::Kind::null) return fail(next.at, "nil is not a command");
    Token token = take();
    if (token.kind == until) break;
    if (token.kind != Token::Kind::pipe) return unexpected(token, where);
  }
  for (const std::string& name : pipeline.variables) {
    if (pipeline.binding == Pipeline::Binding::declare) {
      variables_.push_back(name);
    } else if (std::find(variables_.begin(), variables_.end(), name) == variables_.end()) {
      return fail(pipeline.at, fmt::format("undefined variable {}", printable(name, 100)));
    }
  }
  return true;
}

bool Parser::command(Token::Kind until, Command& command) {
  while (true) {
    if (!operand(command.operands.emplace_back())) return false;
    const Token& token = peek();
    if (token.kind == until || token.kind == Token::Kind::pipe) return true;
    if (token.kind == Token::Kind::error || !token.space_before) return unexpected(token, "a command");
  }
}

bool Parser::operand(Operand& operand) {
  if (!count_node(peek().at) || !term(take(), operand)) return false;
  while (peek().kind == Token::Kind::field && !peek().space_before) {
    if (operand.kind == Operand::Kind::constant || operand.kind == Operand::Kind::null) {
      return unexpected(peek(), "a constant");
    }
    if (!count_node(peek().at)) return false;
    operand.fields.push_back(take().text);
  }
  return true;
}

bool Parser::term(Token token, Operand& operand) {
  operand.at = token.at;
  switch (token.kind) {
    case Token::Kind::dot:
      operand.kind = Operand::Kind::dot;
      return peek().kind != Token::Kind::field || peek().space_before || unexpected(peek(), "an operand");
    case Token::Kind::field:
      operand.kind = Operand::Kind::dot;
      operand.fields.push_back(std::move(token.text));
      return true;
    case Token::Kind::variable:
      operand.kind = Operand::Kind::variable;
      operand.name = std::move(token.text);
      return std::find(variables_.begin(), variables_.end(), operand.name) != variables_.end() ||
             fail(token.at, fmt::format("undefined variable {}", printable(operand.name, 100)));
    case Token::Kind::text:
      operand.kind = Operand::Kind::constant;
      operand.constant = std::move(token.text);
      return true;
    case Token::Kind::character:
    case Token::Kind::number: {
      operand.kind = Operand::Kind::constant;
      std::optional<Value> number = parse_number(token.text);
      if (!number) return fail(token.at, fmt::format("{} is not a number", printable(token.text, 100)));
      operand.constant = std::move(*number);
      return true;
    }
    case Token::Kind::left_paren:
      operand.kind = Operand::Kind::pipeline;
      operand.inner = std::make_unique<Pipeline>();
      if (++depth_ > kMaxDepth) return fail(token.at, fmt::format("more than {} nested parentheses", kMaxDepth));
      if (!pipeline("parentheses", Token::Kind::right_paren, *operand.inner)) return false;
      --depth_;
      return true;
    case Token::Kind::identifier: break;
    default: return unexpected(token, "an operand");
  }
  if (token.text == "true" || token.text == "false") {
    operand.kind = Operand::Kind::constant;
    operand.constant = token.text == "true";
    return true;
  }
  if (token.text == "nil") {
    operand.kind = Operand::Kind::null;
    return true;
  }
  operand.kind = Operand::Kind::function;
  operand.function = find_function(token.text, dialect_);
  if (operand.function != nullptr) return true;
  const std::string_view nearest = nearest_function(token.text);
  return fail(token.at, fmt::format("function \"{}\" is not defined{}", printable(token.text, 100),
                                    nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
}

}  // namespace sluice::config::templates
