#include "config/text_tree.h"

#include "base/text.h"

namespace sluice::config {

constexpr std::size_t kMaxDepth = 64;

std::optional<std::vector<std::string>> split_path(std::string_view path, char separator) {
  std::vector<std::string> pieces;
  for (std::string_view piece : split(path, separator)) {
    const std::size_t bracket = piece.find('[');
    const bool indexed = bracket != std::string_view::npos && bracket > 0 && piece.back() == ']';
    const std::string_view index = indexed ? piece.substr(bracket) : std::string_view();
    if (indexed) piece = piece.substr(0, bracket);
    if (piece.empty()) return std::nullopt;
    pieces.emplace_back(piece);
    if (indexed) pieces.emplace_back(index);
  }
  if (pieces.size() > kMaxDepth) return std::nullopt;
  return pieces;
}

Node& node_at(Node& root, const std::vector<std::string>& path, const SourceName& where) {
  Node* node = &root;
  for (const std::string& name : path) {
    Node* child = nullptr;
    for (Node::Entry& entry : node->children()) {
      if (iequals(entry.key, name)) child = &entry.node;
    }
    node = child != nullptr ? child : &node->add(name, Node()).at(where);
  }
  return *node;
}

}  // namespace sluice::config
