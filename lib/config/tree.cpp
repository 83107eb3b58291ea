#include "config/tree.h"

#include <utility>

#include "base/result.h"
#include "base/text.h"

namespace sluice::config {

Node Node::scalar(std::string text, ScalarKind kind) {
  Node node;
  node.kind_ = Kind::scalar;
  node.scalar_kind_ = kind;
  node.has_text_ = true;
  node.text_ = std::move(text);
  return node;
}

Node Node::list() {
  Node node;
  node.kind_ = Kind::list;
  return node;
}

Node Node::map() {
  Node node;
  node.kind_ = Kind::map;
  return node;
}

Node& Node::at(SourceName where, int line, int column) {
  where_ = std::move(where);
  line_ = line;
  column_ = column;
  return *this;
}

void Node::set_text(std::string text) {
  if (kind_ == Kind::null) kind_ = Kind::scalar;
  has_text_ = true;
  text_ = std::move(text);
}

const Node* Node::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (const Entry& entry : children_) {
    if (entry.key == key) return &entry.node;
  }
  return nullptr;
}

const Node* Node::find_ignoring_case(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (const Entry& entry : children_) {
    if (iequals(entry.key, key)) return &entry.node;
  }
  return nullptr;
}

Node* Node::find_ignoring_case(std::string_view key) {
  return const_cast<Node*>(std::as_const(*this).find_ignoring_case(key));
}

Node& Node::add(std::string key, Node child, int key_line, int key_column) {
  // A scalar keeps its text when it becomes a map: "tls=true" beside "tls.certResolver=le".
  kind_ = Kind::map;
  children_.push_back(Entry{std::move(key), std::move(child), key_line, key_column});
  return children_.back().node;
}

Node& Node::add(Node item) {
  if (kind_ == Kind::null) kind_ = Kind::list;
  SLUICE_CHECK(kind_ == Kind::list);
  children_.push_back(Entry{{}, std::move(item), 0, 0});
  return children_.back().node;
}

Source Node::source() const { return Source{where_ ? *where_ : std::string(), line_, column_}; }

Source Node::Entry::source() const {
  Source source = node.source();
  if (line > 0) {
    source.line = line;
    source.column = column;
  }
  return source;
}

bool operator==(const Node& a, const Node& b) {
  if (a.kind_ != b.kind_ || a.text_ != b.text_ || a.has_text_ != b.has_text_) return false;
  if (a.children_.size() != b.children_.size()) return false;
  for (std::size_t i = 0; i < a.children_.size(); ++i) {
    if (a.children_[i].key != b.children_[i].key || !(a.children_[i].node == b.children_[i].node)) return false;
  }
  return true;
}

}  // namespace sluice::config
