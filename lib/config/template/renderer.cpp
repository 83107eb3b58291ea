#include "config/template/renderer.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/template/format.h"

namespace sluice::config::templates {

bool Renderer::fail(Position at, std::string what) {
  if (error_.what.empty()) error_ = {std::move(what), at.line, at.column};
  return false;
}

bool Renderer::spend(Position at, std::uint64_t steps) {
  return budget_.spend(steps) || fail(at, fmt::format("the template takes more than {} steps", kMaxSteps));
}

// Blocks, parentheses and templates inside one another are also frames on our stack.
bool Renderer::enter(Position at) {
  return ++depth_ <= kMaxDepth || fail(at, fmt::format("nested more than {} deep", kMaxDepth));
}

bool Renderer::write(Position at, std::string_view text) {
  if (output_.size() + text.size() > kMaxOutput) {
    return fail(at, fmt::format("the template writes more than {} MiB", kMaxOutput >> 20));
  }
  output_ += text;
  return true;
}

bool Renderer::run(const Value& dot) { return nodes(program_.main, dot) != Flow::failed; }

Renderer::Flow Renderer::nodes(const std::vector<Node>& nodes, const Value& dot) {
  if (nodes.empty()) return Flow::done;
  if (!enter(nodes.front().at)) return Flow::failed;
  Flow flow = Flow::done;
  for (std::size_t i = 0; i < nodes.size() && flow == Flow::done; ++i) flow = node(nodes[i], dot);
  --depth_;
  return flow;
}

Renderer::Flow Renderer::node(const Node& node, const Value& dot) {
  if (!spend(node.at, 1)) return Flow::failed;
  switch (node.kind) {
    case Node::Kind::text: return write(node.at, node.text) ? Flow::done : Flow::failed;
    case Node::Kind::break_: return Flow::break_;
    case Node::Kind::continue_: return Flow::continue_;
    case Node::Kind::template_: return run_template(node, dot);
    case Node::Kind::range: return range(node, dot);
    case Node::Kind::if_:
    case Node::Kind::with: return condition(node, dot);
    case Node::Kind::action: break;
  }
  Value value;
  if (!pipeline(node.pipeline, dot, value)) return Flow::failed;
  if (node.pipeline.binding != Pipeline::Binding::none) return Flow::done;
  const std::string text = value.is_null() ? "<no value>" : display(value, budget_);
  return spend(node.at, 1) && write(node.at, text) ? Flow::done : Flow::failed;
}

Renderer::Flow Renderer::condition(const Node& node, const Value& dot) {
  const std::size_t outer = variables_.size();
  Value value;
  if (!pipeline(node.pipeline, dot, value)) return Flow::failed;
  const bool truth = value.truth();
  const Flow flow = nodes(truth ? node.body : node.otherwise, truth && node.kind == Node::Kind::with ? value : dot);
  variables_.resize(outer);
  return flow;
}

Renderer::Flow Renderer::range(const Node& node, const Value& dot) {
  const std::size_t outer = variables_.size();
  Value over;
  if (!pipeline(node.pipeline, dot, over)) return Flow::failed;
  bool stopped = false;
  // One round; `key` is the index or the map's key. False when the loop ends early.
  const auto round = [&](const Value& key, const Value& item, Flow& flow) {
    const std::size_t inner = variables_.size();
    const std::size_t names = node.pipeline.variables.size();
    flow = Flow::failed;
    if (!spend(node.at, 1)) return false;
    if (names == 1 && !bind(node.pipeline, 0, item)) return false;
    if (names == 2 && !(bind(node.pipeline, 0, key) && bind(node.pipeline, 1, item))) return false;
    flow = nodes(node.body, item);
    variables_.resize(inner);
    stopped = flow == Flow::break_;
    if (flow != Flow::failed) flow = Flow::done;
    return flow == Flow::done && !stopped;
  };

  Flow flow = Flow::done;
  bool empty = true;
  if (const std::int64_t* count = over.as_int()) {
    if (node.pipeline.variables.size() > 1) {
      fail(node.at, "range over a number has one variable");
      return Flow::failed;
    }
    for (std::int64_t i = 0; i < *count; ++i) {
      empty = false;
      if (!round(i, i, flow)) break;
    }
  } else if (over.as_list() != nullptr) {
    const std::vector<Value>& items = *over.as_list();
    for (std::size_t i = 0; i < items.size(); ++i) {
      empty = false;
      if (!round(i, items[i], flow)) break;
    }
  } else if (over.as_map() != nullptr && over.as_map()->kind != MapValue::Kind::record) {
    for (const auto& [key, item] : over.as_map()->entries) {
      if (!spend(node.at, key.size() / 64 + 1)) return Flow::failed;
    }
    const Value::Entries entries = over.as_map()->entries;  // a copy: the body may `set` a key of the same map
    for (const auto& [key, item] : entries) {
      empty = false;
      if (!round(key, item, flow)) break;
    }
  } else if (!over.is_null()) {
    fail(node.at, fmt::format("range cannot go over {}", over.type_name()));
    return Flow::failed;
  }
  if (empty) flow = nodes(node.otherwise, dot);
  variables_.resize(outer);
  return flow;
}

Renderer::Flow Renderer::run_template(const Node& node, const Value& dot) {
  const auto defined = program_.defined.find(node.text);
  if (defined == program_.defined.end()) {
    fail(node.at, fmt::format("template \"{}\" is not defined", printable(node.text, 100)));
    return Flow::failed;
  }
  Value data;
  if (!node.pipeline.commands.empty() && !pipeline(node.pipeline, dot, data)) return Flow::failed;
  std::vector<std::pair<std::string, Value>> outer = std::exchange(variables_, {{"$", data}});
  const Flow flow = nodes(defined->second, data);
  variables_ = std::move(outer);
  return flow;
}

bool Renderer::bind(const Pipeline& pipeline, std::size_t which, const Value& value) {
  const std::string& name = pipeline.variables[which];
  if (!spend(pipeline.at, 1)) return false;
  if (pipeline.binding != Pipeline::Binding::assign) {
    variables_.emplace_back(name, value);
    return true;
  }
  for (auto variable = variables_.rbegin(); variable != variables_.rend(); ++variable) {
    if (variable->first != name) continue;
    variable->second = value;
    return true;
  }
  return fail(pipeline.at, fmt::format("undefined variable {}", printable(name, 100)));
}

bool Renderer::pipeline(const Pipeline& pipeline, const Value& dot, Value& result) {
  for (std::size_t i = 0; i < pipeline.commands.size(); ++i) {
    Value next;
    if (!command(pipeline.commands[i], dot, i == 0 ? nullptr : &result, next)) return false;
    result = std::move(next);
  }
  // A range binds its variables anew in every round.
  if (pipeline.variables.size() != 1 || pipeline.is_range) return true;
  return bind(pipeline, 0, result);
}

bool Renderer::command(const Command& command, const Value& dot, const Value* piped, Value& result) {
  if (!spend(command.at, 1)) return false;
  const Operand& first = command.operands.front();
  if (first.kind == Operand::Kind::function && first.fields.empty()) {
    return call(first, std::span(command.operands).subspan(1), dot, piped, result);
  }
  if (command.operands.size() > 1 || piped != nullptr) {
    return fail(first.at, "this is not a function and cannot take arguments");
  }
  return operand(first, dot, result);
}

bool Renderer::wrong_count(const Operand& callee, std::size_t given) {
  const Function& function = *callee.function;
  const bool few = given < static_cast<std::size_t>(function.least);
  const int wanted = few ? function.least : function.most;
  const std::string_view bound = function.most == function.least ? "" : few ? "at least " : "at most ";
  return fail(callee.at, fmt::format("{} wants {}{} argument{}, got {}", function.name, bound, wanted,
                                     wanted == 1 ? "" : "s", given));
}

bool Renderer::call(const Operand& callee, std::span<const Operand> given, const Value& dot, const Value* piped,
                    Value& result) {
  const Function& function = *callee.function;
  const std::size_t count = given.size() + (piped == nullptr ? 0 : 1);
  if (count < static_cast<std::size_t>(function.least) ||
      (function.most >= 0 && count > static_cast<std::size_t>(function.most))) {
    return wrong_count(callee, count);
  }
  std::vector<Value> arguments;
  arguments.reserve(count);
  for (const Operand& argument : given) {
    if (!operand(argument, dot, arguments.emplace_back())) return false;
    const bool truth = arguments.back().truth();
    if ((function.kind == Function::Kind::all_of && !truth) || (function.kind == Function::Kind::any_of && truth)) {
      result = std::move(arguments.back());
      return true;
    }
  }
  if (piped != nullptr) arguments.push_back(*piped);
  Call call(arguments, budget_);
  result = function.run(call);
  if (call.failed()) return fail(callee.at, fmt::format("{}: {}", function.name, call.failure()));
  return spend(callee.at, result.as_text() == nullptr ? 1 : result.as_text()->size() / 64 + 1);
}

bool Renderer::operand(const Operand& operand, const Value& dot, Value& result) {
  switch (operand.kind) {
    case Operand::Kind::null: result = Value(); break;
    case Operand::Kind::constant: result = operand.constant; break;
    case Operand::Kind::dot: result = dot; break;
    case Operand::Kind::variable:
      for (auto variable = variables_.rbegin(); variable != variables_.rend(); ++variable) {
        if (variable->first != operand.name) continue;
        result = variable->second;
        break;
      }
      break;
    case Operand::Kind::function:
      if (!call(operand, {}, dot, nullptr, result)) return false;
      break;
    case Operand::Kind::pipeline:
      if (!enter(operand.at) || !pipeline(*operand.inner, dot, result)) return false;
      --depth_;
      break;
  }
  for (const std::string& name : operand.fields) {
    if (!field(operand.at, name, result)) return false;
  }
  return spend(operand.at, 1);
}

bool Renderer::field(Position at, const std::string& name, Value& value) {
  if (!spend(at, 1)) return false;
  if (value.is_null()) return true;
  const MapValue* map = std::as_const(value).as_map();
  if (map == nullptr) {
    return fail(at, fmt::format("cannot take field {} of {}", printable(name, 100), value.type_name()));
  }
  const auto found = map->entries.find(name);
  if (found != map->entries.end()) {
    Value held = found->second;
    value = std::move(held);
    return true;
  }
  if (map->kind == MapValue::Kind::record) {
    std::string known;
    for (const auto& [field, item] : map->entries) known += (known.empty() ? "." : ", .") + field;
    return fail(at, fmt::format("there is no .{}; known are {}", printable(name, 100), known));
  }
  value = Value();
  return true;
}

}  // namespace sluice::config::templates
