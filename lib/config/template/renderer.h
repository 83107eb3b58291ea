// renderer.h: one rendering of a Program. Made for it and thrown away after it.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/template/ast.h"
#include "config/template/functions.h"
#include "config/template/limits.h"
#include "config/template/template.h"

namespace sluice::config::templates {

class Renderer {
 public:
  Renderer(const Program& program, const Value& data) : program_(program), variables_{{"$", data}} {}

  // False, and error() set, when the rendering failed.
  bool run(const Value& dot);
  std::string& output() { return output_; }
  const TemplateError& error() const { return error_; }

 private:
  // How a list of nodes ended.
  enum class Flow { done, break_, continue_, failed };

  Flow nodes(const std::vector<Node>& nodes, const Value& dot);
  Flow node(const Node& node, const Value& dot);
  Flow condition(const Node& node, const Value& dot);
  Flow range(const Node& node, const Value& dot);
  Flow run_template(const Node& node, const Value& dot);

  bool pipeline(const Pipeline& pipeline, const Value& dot, Value& result);
  bool command(const Command& command, const Value& dot, const Value* piped, Value& result);
  bool call(const Operand& callee, std::span<const Operand> given, const Value& dot, const Value* piped, Value& result);
  bool operand(const Operand& operand, const Value& dot, Value& result);
  bool field(Position at, const std::string& name, Value& value);

  bool bind(const Pipeline& pipeline, std::size_t which, const Value& value);
  bool write(Position at, std::string_view text);
  bool enter(Position at);
  bool wrong_count(const Operand& callee, std::size_t given);
  bool spend(Position at, std::uint64_t steps);
  bool fail(Position at, std::string what);

  const Program& program_;
  std::vector<std::pair<std::string, Value>> variables_;  // innermost last
  std::string output_;
  Budget budget_{kMaxSteps};
  int depth_ = 0;
  TemplateError error_;
};

}  // namespace sluice::config::templates
