// parser.h: tokens to a Program. Names of functions and variables are checked here, so that a template with a spelling
// mistake is refused before it is ever rendered.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "config/template/ast.h"
#include "config/template/lexer.h"
#include "config/template/template.h"

namespace sluice::config::templates {

class Parser {
 public:
  Parser(std::string_view source, Dialect dialect) : lexer_(source), dialect_(dialect) {}

  // False, and error() set, when the text is not a template.
  bool parse(Program& program);
  const TemplateError& error() const { return error_; }

 private:
  // What ended a list of nodes; for `else` the rest of its action is still to be read.
  enum class Ending { text, end, else_ };

  bool nodes(std::vector<Node>& into, Ending& ending);
  bool action(Position at, std::vector<Node>& into);
  bool control(Node::Kind kind, Position at, Node& node);
  bool otherwise(Node& node);
  bool run_template(Position at, bool is_block, Node& node);
  bool define(Position at);
  bool define_body(const std::string& name, Position at);

  bool pipeline(std::string_view where, Token::Kind until, Pipeline& pipeline);
  bool declarations(std::string_view where, Pipeline& pipeline);
  bool command(Token::Kind until, Command& command);
  bool operand(Operand& operand);
  bool term(Token token, Operand& operand);

  Token take();
  const Token& peek(std::size_t ahead = 0);
  bool expect(Token::Kind kind, std::string_view what);
  bool is_keyword(std::string_view word);
  bool fail(Position at, std::string what);
  bool unexpected(const Token& token, std::string_view where);
  bool count_node(Position at);

  Lexer lexer_;
  Dialect dialect_;
  std::deque<Token> ahead_;
  Program* program_ = nullptr;
  std::vector<std::string> variables_;  // in scope, innermost last
  std::size_t node_count_ = 0;
  int depth_ = 0;
  int range_depth_ = 0;
  Position ended_at_;  // the {{end}} or {{else}} read last
  TemplateError error_;
};

}  // namespace sluice::config::templates
