#include <set>

#include "config/dynamic.h"
#include "config/encode.h"
#include "config/json.h"
#include "config/reference.h"
#include "config/schema.h"
#include "config/static_config.h"

namespace sluice::config {
namespace {

Node text(std::string value) { return Node::scalar(std::move(value)); }

Node typed(const char* type) {
  Node node = Node::map();
  node.add("type", text(type));
  return node;
}

Node any_of(std::initializer_list<Node> choices) {
  Node list = Node::list();
  for (const Node& choice : choices) list.add(choice);
  Node node = Node::map();
  node.add("anyOf", std::move(list));
  return node;
}

class SchemaWriter {
 public:
  std::string write(const StructSchema& root, std::string title) {
    Node schema = Node::map();
    schema.add("$schema", text("https://json-schema.org/draft/2020-12/schema"));
    schema.add("title", text(std::move(title)));
    schema.add("$ref", text("#/$defs/" + root.name));
    define(root);
    schema.add("$defs", std::move(definitions_));
    return to_json(schema, 2);
  }

 private:
  void define(const StructSchema& schema) {
    const bool is_root = defined_.empty();
    if (!defined_.insert(schema.name).second) return;
    Node properties = Node::map();
    for (const Field& field : schema.fields) properties.add(field.name, property(schema, field));
    Node definition = typed("object");
    definition.add("additionalProperties", Node::scalar("false", ScalarKind::boolean));
    definition.add("properties", std::move(properties));
    if (is_root) {
      Node for_anchors = Node::map();
      for_anchors.add("^x-", Node::map());
      definition.add("patternProperties", std::move(for_anchors));
    }
    definitions_.add(schema.name, std::move(definition));
  }

  Node property(const StructSchema& schema, const Field& field) {
    Node node = value(*field.type, field.allow_empty);
    const std::string default_text = value_text(*field.type, field.of(schema.defaults.get()));
    std::string description = field.doc;
    if (!field.deprecated.empty()) {
      node.add("deprecated", Node::scalar("true", ScalarKind::boolean));
      description += " Use " + field.deprecated + '.';
    }
    if (!default_text.empty() && !field.secret) description += " Default: " + default_text;
    node.add("description", text(std::move(description)));
    if (!field.values.empty() && !field.values_ignore_case) {
      Node values = Node::list();
      for (const std::string& allowed : field.values) values.add(text(allowed));
      node.add("enum", std::move(values));
    }
    return node;
  }

  Node value(const ValueType& type, bool allow_empty) {
    switch (type.kind) {
      case ValueKind::boolean: return typed("boolean");
      case ValueKind::integer: return typed("integer");
      case ValueKind::number: return typed("number");
      case ValueKind::text: return typed("string");
      case ValueKind::duration: return any_of({typed("string"), typed("integer")});
      case ValueKind::tree: return Node::map();
      case ValueKind::optional: return value(*type.element(), allow_empty);
      case ValueKind::structure: {
        define(*type.schema());
        Node reference = Node::map();
        reference.add("$ref", text("#/$defs/" + type.schema()->name));
        return allow_empty ? any_of({std::move(reference), typed("boolean")}) : reference;
      }
      case ValueKind::list: {
        Node list = typed("array");
        list.add("items", value(*type.element(), false));
        return type.element()->kind == ValueKind::structure ? list : any_of({std::move(list), typed("string")});
      }
      case ValueKind::map: {
        Node map = typed("object");
        map.add("additionalProperties", value(*type.element(), false));
        return map;
      }
    }
    return Node::map();
  }

  std::set<std::string> defined_;
  Node definitions_ = Node::map();
};

}  // namespace

std::string static_json_schema() { return SchemaWriter().write(schema_of<Static>(), "Sluice static configuration"); }
std::string dynamic_json_schema() { return SchemaWriter().write(schema_of<Dynamic>(), "Sluice dynamic configuration"); }

}  // namespace sluice::config
