// path_index.h: finds the lists filed under the path keys that cover a path. One PathIndex holds the keys of every host
// of a table, each host's in a bucket of its own.
//
// All keys that cover a path are beginnings of it, of as many lengths as the bucket has keys of. So a lookup is one
// probe for each length that occurs, however many keys there are: a handful, and none of them waits for another.
// Immutable once built; shared by all threads.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/keys.h"
#include "route/slots.h"

namespace sluice::route {

class PathIndex {
 public:
  using Bucket = std::uint32_t;

  struct Entry {
    Bucket bucket = 0;
    const PathKey* key = nullptr;  // needed only while the index is built
    std::uint32_t item = 0;
  };

  PathIndex() = default;
  // Lists hold their items in ascending order. `buckets` is one more than the highest bucket.
  PathIndex(std::vector<Entry> entries, Bucket buckets);

  // Calls `visit(std::span<const std::uint32_t>)` for each list whose key covers `path`.
  template <class Visit>
  void find(Bucket bucket, std::string_view path, const Visit& visit) const {
    const Range keys = buckets_[bucket].keys;
    if (keys.size() == 1) {  // most hosts have one rule
      if (path.starts_with(text(keys_[keys.begin]))) visit_lists(keys_[keys.begin], path, visit);
      return;
    }
    const Range lengths = buckets_[bucket].lengths;
    std::uint64_t hash = bucket;
    std::size_t hashed = 0;
    for (std::uint32_t i = lengths.begin; i < lengths.end && lengths_[i] <= path.size(); ++i) {
      hash = hash_more(hash, path.substr(hashed, lengths_[i] - hashed));
      hashed = lengths_[i];
      std::optional<std::uint32_t> found = slots_.find(hash, [&](std::uint32_t number) {
        return keys_[number].bucket == bucket && text(keys_[number]) == path.substr(0, hashed);
      });
      if (found) visit_lists(keys_[*found], path, visit);
    }
  }

  // At most `count` items whose keys begin most like `path`, nearest first. Slow: for messages.
  std::vector<std::uint32_t> nearest(Bucket bucket, std::string_view path, std::size_t count) const;

 private:
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t size() const { return end - begin; }
  };
  struct Node {
    Bucket bucket = 0;
    std::uint32_t text = 0;  // in texts_
    std::uint32_t size = 0;
    Range prefix;  // in items_
    Range exact;
  };
  struct Keys {
    Range keys;     // in keys_, in the order of their texts
    Range lengths;  // in lengths_: the sizes that occur, ascending
  };

  template <class Visit>
  void visit_lists(const Node& node, std::string_view path, const Visit& visit) const {
    if (node.prefix.size() != 0) visit(list(node.prefix));
    if (node.exact.size() != 0 && node.size == path.size()) visit(list(node.exact));
  }
  std::string_view text(const Node& node) const { return std::string_view(texts_).substr(node.text, node.size); }
  std::span<const std::uint32_t> list(Range range) const { return {items_.data() + range.begin, range.size()}; }
  std::uint64_t hash_of(const Node& node) const;

  std::vector<Keys> buckets_;
  std::vector<Node> keys_;
  std::vector<std::uint32_t> lengths_;
  std::vector<std::uint32_t> items_;
  std::string texts_;
  Slots slots_;  // the places in keys_
};

}  // namespace sluice::route
