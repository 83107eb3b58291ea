// tree.h: the one form every source of configuration is read into before it is decoded: a tree of scalars, lists and
// maps in which every node knows where it was written.
//
// A value without sharing except for the name of its source. Built and read on the control thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace sluice::config {

// The name of a source, shared by all nodes that were read from it.
using SourceName = std::shared_ptr<const std::string>;

// What a plain YAML or TOML scalar looks like. Values of flags, variables and labels are always `text`.
enum class ScalarKind : std::uint8_t { text, boolean, integer, real };

class Node {
 public:
  enum class Kind : std::uint8_t { null, scalar, list, map };
  struct Entry;

  Node() = default;  // null
  static Node scalar(std::string text, ScalarKind kind = ScalarKind::text);
  static Node list();
  static Node map();

  Node& at(SourceName where, int line = 0, int column = 0);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_map() const { return kind_ == Kind::map; }

  // The text as it was written, of a scalar. A map made from flags or labels may have a text of its own beside its
  // children ("tls=true" beside "tls.certResolver=le"); has_text says so.
  const std::string& text() const { return text_; }
  bool has_text() const { return has_text_; }
  ScalarKind scalar_kind() const { return scalar_kind_; }
  void set_text(std::string text);

  // In the order and with the letters in which they were written. List items have empty keys.
  const std::vector<Entry>& children() const { return children_; }
  std::vector<Entry>& children() { return children_; }
  // Of a map: the child of exactly this name, or the first that differs only in case; nullptr if there is none.
  const Node* find(std::string_view key) const;
  const Node* find_ignoring_case(std::string_view key) const;
  Node* find_ignoring_case(std::string_view key);
  // Appends; does not look for an entry of the same key. A null node becomes a map (or a list).
  Node& add(std::string key, Node child, int key_line = 0, int key_column = 0);
  Node& add(Node item);

  Source source() const;
  const SourceName& source_name() const { return where_; }
  int line() const { return line_; }
  int column() const { return column_; }

  // Equal content; sources do not matter.
  friend bool operator==(const Node& a, const Node& b);

 private:
  Kind kind_ = Kind::null;
  ScalarKind scalar_kind_ = ScalarKind::text;
  bool has_text_ = false;
  int line_ = 0;
  int column_ = 0;
  std::string text_;
  std::vector<Entry> children_;
  SourceName where_;
};

struct Node::Entry {
  std::string key;
  Node node;
  int line = 0;  // of the key; 0 where keys have no position
  int column = 0;

  // Of the key, or of the value where keys have no position.
  Source source() const;
};

}  // namespace sluice::config
