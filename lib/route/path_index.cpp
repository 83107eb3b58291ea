#include "route/path_index.h"

#include <algorithm>
#include <tuple>

#include "base/result.h"

namespace sluice::route {

PathIndex::PathIndex(std::vector<Entry> entries, Bucket buckets) {
  for (Bucket bucket = 0; bucket < buckets; ++bucket) entries.push_back(Entry{bucket, {}, kNone});  // the roots
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.bucket, a.key, a.item) < std::tie(b.bucket, b.key, b.item);
  });
  buckets_.resize(buckets);
  const Entry* last = nullptr;
  for (const Entry& entry : entries) {
    bool same_bucket = last != nullptr && last->bucket == entry.bucket;
    if (!same_bucket) {
      buckets_[entry.bucket].begin = static_cast<std::uint32_t>(keys_.size());
    }
    if (!same_bucket || last->key.text != entry.key.text) {
      Node node;
      node.text = static_cast<std::uint32_t>(texts_.size());
      node.size = static_cast<std::uint32_t>(entry.key.text.size());
      node.prefix = node.exact =
          Range{static_cast<std::uint32_t>(items_.size()), static_cast<std::uint32_t>(items_.size())};
      texts_ += entry.key.text;
      // In sorted order a key's prefixes come before it, and the one before it leads to all of them.
      if (same_bucket) {
        std::uint32_t parent = static_cast<std::uint32_t>(keys_.size() - 1);
        while (!entry.key.text.starts_with(text(keys_[parent]))) parent = keys_[parent].parent;
        node.parent = parent;
      }
      keys_.push_back(node);
    }
    buckets_[entry.bucket].end = static_cast<std::uint32_t>(keys_.size());
    last = &entry;
    if (entry.item == kNone) continue;
    Range& list = entry.key.exact ? keys_.back().exact : keys_.back().prefix;
    if (list.size() == 0) list.begin = static_cast<std::uint32_t>(items_.size());
    items_.push_back(entry.item);
    list.end = static_cast<std::uint32_t>(items_.size());
  }
  SLUICE_CHECK(texts_.size() < kNone && items_.size() < kNone);
}

std::size_t PathIndex::shared(std::string_view a, std::string_view b) {
  std::size_t size = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < size && a[i] == b[i]) ++i;
  return i;
}

std::uint32_t PathIndex::last_not_after(Range keys, std::string_view path) const {
  std::uint32_t low = keys.begin;  // the root is never after
  std::uint32_t count = keys.size();
  while (count > 1) {
    std::uint32_t half = count / 2;
    if (text(keys_[low + half]) <= path) low += half;
    count -= half;
  }
  return low;
}

std::vector<std::uint32_t> PathIndex::nearest(Bucket bucket, std::string_view path, std::size_t count) const {
  std::vector<std::uint32_t> items;
  const Range keys = buckets_[bucket];
  std::uint32_t before = last_not_after(keys, path);
  std::uint32_t after = before + 1;
  auto take = [&](Range range) {
    for (std::uint32_t item : list(range)) {
      bool known = std::find(items.begin(), items.end(), item) != items.end();
      if (!known && items.size() < count) items.push_back(item);
    }
  };
  // The neighbours in the order share the most with the path; walk outwards, the nearer side first.
  std::size_t steps = 16 + 4 * count;  // one router may be filed under any number of keys
  while (items.size() < count && steps-- > 0 && (before != kNone || after < keys.end)) {
    std::size_t left = before == kNone ? 0 : shared(text(keys_[before]), path);
    std::size_t right = after < keys.end ? shared(text(keys_[after]), path) : 0;
    bool take_left = after >= keys.end || (before != kNone && left >= right);
    const Node& node = keys_[take_left ? before : after];
    take(node.exact);
    take(node.prefix);
    if (take_left) {
      before = before == keys.begin ? kNone : before - 1;
    } else {
      ++after;
    }
  }
  return items;
}

}  // namespace sluice::route
