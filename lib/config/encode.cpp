#include "config/encode.h"

#include "base/time.h"
#include "config/scalars.h"

namespace sluice::config {
namespace {

constexpr const char* kMask = "xxxx";

class Encoder {
 public:
  explicit Encoder(const EncodeRules& rules) : rules_(rules) {}

  Node structure(const StructSchema& schema, const void* object) const {
    Node node = Node::map();
    for (const Field& field : schema.fields) {
      const void* const target = field.of(object);
      const bool by_default = field.type->equal(target, field.of(schema.defaults.get()));
      if (!rules_.defaults && by_default && is_empty(*field.type, target)) continue;
      node.add(field.name, value(*field.type, target, field.secret && rules_.mask_secrets));
    }
    return node;
  }

 private:
  Node value(const ValueType& type, const void* target, bool mask) const {
    switch (type.kind) {
      case ValueKind::boolean:
        return Node::scalar(*static_cast<const bool*>(target) ? "true" : "false", ScalarKind::boolean);
      case ValueKind::integer:
        return Node::scalar(std::to_string(*static_cast<const std::int64_t*>(target)), ScalarKind::integer);
      case ValueKind::number: return Node::scalar(format_number(*static_cast<const double*>(target)), ScalarKind::real);
      case ValueKind::text: {
        const std::string& text = *static_cast<const std::string*>(target);
        return Node::scalar(mask && !text.empty() ? kMask : text);
      }
      case ValueKind::duration: return Node::scalar(format_duration(*static_cast<const Duration*>(target)));
      case ValueKind::tree: return *static_cast<const Node*>(target);
      case ValueKind::structure: return structure(*type.schema(), target);
      case ValueKind::optional:
      case ValueKind::list:
      case ValueKind::map: break;
    }
    struct Visit {
      const Encoder& encoder;
      const ValueType& type;
      bool mask;
      Node node;
    } visit{*this, type, mask, type.kind == ValueKind::list ? Node::list() : Node::map()};
    if (type.kind == ValueKind::optional) visit.node = Node();
    type.for_each(target, &visit, [](void* state, const std::string& key, const void* item) {
      auto& self = *static_cast<Visit*>(state);
      Node child = self.encoder.value(*self.type.element(), item, self.mask);
      switch (self.type.kind) {
        case ValueKind::optional: self.node = std::move(child); break;
        case ValueKind::list: self.node.add(std::move(child)); break;
        default: self.node.add(key, std::move(child));
      }
    });
    return std::move(visit.node);
  }

  // 0, false, "", nothing inside; a group all of whose options are so.
  bool is_empty(const ValueType& type, const void* target) const {
    switch (type.kind) {
      case ValueKind::boolean: return !*static_cast<const bool*>(target);
      case ValueKind::integer: return *static_cast<const std::int64_t*>(target) == 0;
      case ValueKind::number: return *static_cast<const double*>(target) == 0;
      case ValueKind::text: return static_cast<const std::string*>(target)->empty();
      case ValueKind::duration: return *static_cast<const Duration*>(target) == Duration::zero();
      case ValueKind::tree: return static_cast<const Node*>(target)->is_null();
      case ValueKind::structure: return structure(*type.schema(), target).children().empty();
      default: break;
    }
    bool empty = true;
    type.for_each(target, &empty,
                  [](void* state, const std::string&, const void*) { *static_cast<bool*>(state) = false; });
    return empty;
  }

  const EncodeRules& rules_;
};

}  // namespace

Node encode_struct(const StructSchema& schema, const void* object, const EncodeRules& rules) {
  return Encoder(rules).structure(schema, object);
}

std::string value_text(const ValueType& type, const void* value) {
  switch (type.kind) {
    case ValueKind::boolean: return *static_cast<const bool*>(value) ? "true" : "false";
    case ValueKind::integer: return std::to_string(*static_cast<const std::int64_t*>(value));
    case ValueKind::number: return format_number(*static_cast<const double*>(value));
    case ValueKind::text: return *static_cast<const std::string*>(value);
    case ValueKind::duration: return format_duration(*static_cast<const Duration*>(value));
    case ValueKind::optional:
    case ValueKind::list: break;
    case ValueKind::tree:
    case ValueKind::structure:
    case ValueKind::map: return {};
  }
  struct Visit {
    const ValueType& element;
    std::string text;
  } visit{*type.element(), {}};
  type.for_each(value, &visit, [](void* state, const std::string&, const void* item) {
    auto& self = *static_cast<Visit*>(state);
    if (!self.text.empty()) self.text += ", ";
    self.text += value_text(self.element, item);
  });
  return visit.text;
}

}  // namespace sluice::config
