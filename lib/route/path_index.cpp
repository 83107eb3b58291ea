#include "route/path_index.h"

#include <algorithm>
#include <tuple>

#include "base/result.h"

namespace sluice::route {
namespace {

std::size_t shared(std::string_view a, std::string_view b) {
  std::size_t size = std::min(a.size(), b.size());
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + size, b.begin()).first - a.begin());
}

}  // namespace

PathIndex::PathIndex(std::vector<Entry> entries, Bucket buckets) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.bucket, *a.key, a.item) < std::tie(b.bucket, *b.key, b.item);
  });
  buckets_.resize(buckets);
  auto here = [](const auto& all) { return static_cast<std::uint32_t>(all.size()); };
  const Entry* last = nullptr;
  for (const Entry& entry : entries) {
    Range& keys = buckets_[entry.bucket].keys;
    if (last == nullptr || last->bucket != entry.bucket) keys.begin = here(keys_);
    if (keys.begin == here(keys_) || last->key->text != entry.key->text) {
      Range none{here(items_), here(items_)};
      keys_.push_back(Node{entry.bucket, here(texts_), here(entry.key->text), none, none});
      texts_ += entry.key->text;
      keys.end = here(keys_);
    }
    // Prefixes sort before exact paths of the same text, so each list lies in one piece.
    Range& list = entry.key->exact ? keys_.back().exact : keys_.back().prefix;
    if (list.size() == 0) list.begin = here(items_);
    items_.push_back(entry.item);
    list.end = here(items_);
    last = &entry;
  }
  SLUICE_CHECK(texts_.size() < 0xffffffff && items_.size() < 0xffffffff);

  for (Keys& bucket : buckets_) {
    std::vector<std::uint32_t> sizes;
    for (std::uint32_t i = bucket.keys.begin; i < bucket.keys.end; ++i) sizes.push_back(keys_[i].size);
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    bucket.lengths.begin = here(lengths_);
    lengths_.insert(lengths_.end(), sizes.begin(), sizes.end());
    bucket.lengths.end = here(lengths_);
  }
  slots_ = Slots(keys_.size());
  for (std::uint32_t i = 0; i < keys_.size(); ++i) slots_.add(hash_of(keys_[i]), i);
}

// As `find` does it: piece by piece from one length of the bucket to the next.
std::uint64_t PathIndex::hash_of(const Node& node) const {
  const Range lengths = buckets_[node.bucket].lengths;
  std::uint64_t hash = node.bucket;
  std::size_t hashed = 0;
  for (std::uint32_t i = lengths.begin; i < lengths.end && lengths_[i] <= node.size; ++i) {
    hash = hash_more(hash, text(node).substr(hashed, lengths_[i] - hashed));
    hashed = lengths_[i];
  }
  return hash;
}

std::vector<std::uint32_t> PathIndex::nearest(Bucket bucket, std::string_view path, std::size_t count) const {
  std::vector<std::uint32_t> items;
  const Range keys = buckets_[bucket].keys;
  auto take = [&](Range range) {
    for (std::uint32_t item : list(range)) {
      if (items.size() == count) return;
      if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
    }
  };
  // The neighbours in the order share the most with the path; walk outwards, the nearer side first.
  auto begin = keys_.begin() + keys.begin;
  auto end = keys_.begin() + keys.end;
  auto after = std::upper_bound(begin, end, path, [&](std::string_view a, const Node& b) { return a < text(b); });
  auto before = after;                 // one behind the key to take next on this side
  std::size_t steps = 16 + 4 * count;  // one router may be filed under any number of keys
  while (items.size() < count && steps-- > 0 && (before != begin || after != end)) {
    bool left = after == end || (before != begin && shared(text(*(before - 1)), path) >= shared(text(*after), path));
    const Node& node = left ? *--before : *after++;
    take(node.exact);
    take(node.prefix);
  }
  return items;
}

}  // namespace sluice::route
