// path_index.h: finds the lists filed under the path keys that cover a path. One PathIndex holds the keys of every host
// of a table, each host's in a bucket of its own.
//
// The keys of a bucket lie in one sorted array, and each knows the longest other key that it begins with. All keys that
// a path begins with lie on one such chain, and the chain starts at the path's place in the order: one binary search,
// however many keys there are. Immutable once built; shared by all threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/keys.h"

namespace sluice::route {

class PathIndex {
 public:
  using Bucket = std::uint32_t;

  struct Entry {
    Bucket bucket = 0;
    PathKey key;
    std::uint32_t item = 0;
  };

  PathIndex() = default;
  // Lists hold their items in ascending order. `buckets` is one more than the highest bucket.
  PathIndex(std::vector<Entry> entries, Bucket buckets);

  // Calls `visit(std::span<const std::uint32_t>)` for each list whose key covers `path`.
  template <class Visit>
  void find(Bucket bucket, std::string_view path, const Visit& visit) const {
    const Range keys = buckets_[bucket];
    std::uint32_t at = keys.begin;  // the root: the empty prefix
    if (keys.end - keys.begin > 1) at = last_not_after(keys, path);
    std::size_t common = shared(text(keys_[at]), path);
    for (; at != kNone; at = keys_[at].parent) {
      const Node& node = keys_[at];
      if (node.size > common) continue;
      if (node.size == path.size() && node.exact.size() != 0) visit(list(node.exact));
      if (node.prefix.size() != 0) visit(list(node.prefix));
    }
  }

  // At most `count` items whose keys begin most like `path`, nearest first. Slow: for messages.
  std::vector<std::uint32_t> nearest(Bucket bucket, std::string_view path, std::size_t count) const;

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t size() const { return end - begin; }
  };
  struct Node {
    std::uint32_t text = 0;  // in texts_
    std::uint32_t size = 0;
    std::uint32_t parent = kNone;
    Range prefix;  // in items_
    Range exact;
  };

  std::string_view text(const Node& node) const { return std::string_view(texts_).substr(node.text, node.size); }
  std::span<const std::uint32_t> list(Range range) const { return {items_.data() + range.begin, range.size()}; }
  static std::size_t shared(std::string_view a, std::string_view b);
  std::uint32_t last_not_after(Range keys, std::string_view path) const;

  std::vector<Range> buckets_;  // in keys_
  std::vector<Node> keys_;
  std::vector<std::uint32_t> items_;
  std::string texts_;
};

}  // namespace sluice::route
