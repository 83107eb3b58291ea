// ast.h: a parsed template. Built once by the parser, then only read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/template/functions.h"
#include "config/template/value.h"

namespace sluice::config::templates {

struct Position {
  int line = 1;
  int column = 1;
};

struct Pipeline;

// One word of a command, with the fields that follow it: `$x.Name`, `.`, `"text"`, `(list 1 2)`, `upper`.
struct Operand {
  enum class Kind : std::uint8_t { dot, null, constant, variable, function, pipeline };
  Kind kind = Kind::dot;
  Position at;
  Value constant;
  std::string name;  // of the variable, with its "$"
  const Function* function = nullptr;
  std::unique_ptr<Pipeline> inner;
  std::vector<std::string> fields;
};

// The first operand says what is computed, the others are its arguments.
struct Command {
  Position at;
  std::vector<Operand> operands;
};

// Commands joined by "|", and the variables that receive the result.
struct Pipeline {
  enum class Binding : std::uint8_t { none, declare, assign };
  Position at;
  Binding binding = Binding::none;
  bool is_range = false;  // its variables are bound by the loop, once a round
  std::vector<std::string> variables;
  std::vector<Command> commands;
};

struct Node {
  enum class Kind : std::uint8_t { text, action, if_, with, range, template_, break_, continue_ };
  Kind kind = Kind::text;
  Position at;
  std::string text;  // literal text, or the name of the template to run
  Pipeline pipeline;
  std::vector<Node> body;
  std::vector<Node> otherwise;
};

struct Program {
  std::vector<Node> main;
  std::map<std::string, std::vector<Node>, std::less<>> defined;
};

}  // namespace sluice::config::templates
