#include "route/table.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"
#include "route/keys.h"

namespace sluice::route {
namespace {

constexpr PathIndex::Bucket kAnyHost = 0;
// The bucket of the host with this number in the HostIndex.
constexpr PathIndex::Bucket bucket_of(std::size_t host) { return static_cast<PathIndex::Bucket>(host + 1); }

// More lists than this cover one request only where many rules have prefixes nested in each other; then the plain scan
// is as good.
constexpr std::size_t kMaxLists = 64;

struct Cursor {
  const std::uint32_t* at;
  const std::uint32_t* end;
};

// The two directions in which names are compared.
struct Forwards {
  static auto begin(std::string_view text) { return text.begin(); }
  static auto end(std::string_view text) { return text.end(); }
};
struct Backwards {
  static auto begin(std::string_view text) { return text.rbegin(); }
  static auto end(std::string_view text) { return text.rend(); }
};

// Eight letters, the first one in the highest byte: they compare as the letters do.
template <class Direction>
std::uint64_t first_letters(std::string_view name) {
  std::uint64_t letters = 0;
  int shift = 56;
  for (auto letter = Direction::begin(name); letter != Direction::end(name) && shift >= 0; ++letter, shift -= 8) {
    letters |= static_cast<std::uint64_t>(static_cast<unsigned char>(*letter)) << shift;
  }
  return letters;
}

template <class Direction>
bool is_before(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(Direction::begin(a), Direction::end(a), Direction::begin(b), Direction::end(b));
}

}  // namespace

std::int64_t automatic_priority(const Rule& rule) { return rule.prepared->priority; }

Table::Table(std::span<const Route> routes) {
  struct Sorted {
    std::int64_t priority;
    std::uint32_t rank;
    std::uint32_t index;
  };
  auto name_order = [](const Route& a, const Route& b) {
    return std::tie(a.router, a.payload) < std::tie(b.router, b.payload);
  };
  // They nearly always come by name: then the names need not be compared again.
  const bool by_name = std::is_sorted(routes.begin(), routes.end(), name_order);
  std::vector<Sorted> sorted;
  sorted.reserve(routes.size());
  std::size_t keys = 0;
  std::size_t names = 0;
  for (const Route& route : routes) {
    const Prepared& rule = *route.rule->prepared;
    sorted.push_back({route.priority != 0 ? route.priority : rule.priority, route.provider_rank,
                      static_cast<std::uint32_t>(sorted.size())});
    keys += rule.keys.keys.size();
    names += route.router.size();
  }
  std::sort(sorted.begin(), sorted.end(), [&](const Sorted& a, const Sorted& b) {
    if (a.priority != b.priority) return a.priority > b.priority;
    if (a.rank != b.rank) return a.rank < b.rank;
    return by_name ? a.index < b.index : name_order(routes[a.index], routes[b.index]);
  });

  struct Filed {
    std::uint32_t entries = 0;
    std::uint32_t for_any_path = HostIndex::kNoNote;
  };
  std::vector<Filed> filed(1);  // by bucket
  std::vector<PathIndex::Entry> entries;
  order_.reserve(routes.size());
  rules_.reserve(routes.size());
  descriptions_.reserve(routes.size());
  names_.reserve(names);
  entries.reserve(keys);
  filed.reserve(keys + 1);
  hosts_ = HostIndex(keys);
  for (const auto& [priority, rank, index] : sorted) {
    const Route& route = routes[index];
    const auto position = static_cast<std::uint32_t>(order_.size());
    const Prepared& rule = *rules_.emplace_back(route.rule->prepared);
    order_.push_back(Step{&rule, route.payload, rule.catch_all, rule.keys.decide});
    names_ += route.router;
    descriptions_.push_back(Description{names_.size(), priority});
    for (const Key& key : rule.keys.keys) {
      const bool any = key.host.kind == HostPattern::Kind::any;
      const PathIndex::Bucket bucket = any ? kAnyHost : bucket_of(hosts_.add(key.host));
      if (bucket == filed.size()) filed.emplace_back();
      ++filed[bucket].entries;
      if (key.path.text.empty() && !key.path.exact) filed[bucket].for_any_path = position;
      entries.push_back(PathIndex::Entry{bucket, &key.path, position});
    }
  }
  for (std::uint32_t host = 0; host < hosts_.size(); ++host) {
    Filed& here = filed[bucket_of(host)];
    if (here.entries != 1) here.for_any_path = HostIndex::kNoNote;
    hosts_.set_note(host, here.for_any_path);
  }
  filed[kAnyHost].for_any_path = HostIndex::kNoNote;
  std::erase_if(entries,
                [&](const PathIndex::Entry& entry) { return filed[entry.bucket].for_any_path != HostIndex::kNoNote; });
  paths_ = PathIndex(std::move(entries), bucket_of(hosts_.size()));
  sort_hosts();
}

void Table::sort_hosts() {
  auto sort = [this](std::vector<SimilarHost>& hosts, auto direction) {
    using Direction = decltype(direction);
    hosts.reserve(hosts_.size());
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) hosts.push_back({first_letters<Direction>(hosts_.name(i)), i});
    std::sort(hosts.begin(), hosts.end(), [this](const SimilarHost& a, const SimilarHost& b) {
      if (a.first_letters != b.first_letters) return a.first_letters < b.first_letters;
      return is_before<Direction>(hosts_.name(a.host), hosts_.name(b.host));
    });
  };
  sort(forwards_, Forwards());
  sort(backwards_, Backwards());
}

std::string_view Table::router(std::size_t position) const {
  const std::size_t begin = position == 0 ? 0 : descriptions_[position - 1].name;
  return std::string_view(names_).substr(begin, descriptions_[position].name - begin);
}

std::optional<std::uint32_t> Table::match(const Facts& facts) const {
  std::array<Cursor, kMaxLists> cursors;
  std::size_t count = 0;
  bool too_many = false;
  auto collect = [&](PathIndex::Bucket bucket) {
    paths_.find(bucket, facts.path, [&](std::span<const std::uint32_t> list) {
      if (count == kMaxLists) {
        too_many = true;
        return;
      }
      cursors[count++] = Cursor{list.data(), list.data() + list.size()};
    });
  };
  auto collect_host = [&](std::uint32_t host) {
    const std::uint32_t& only = hosts_.note(host);
    if (only == HostIndex::kNoNote) return collect(bucket_of(host));
    cursors[count++] = Cursor{&only, &only + 1};
  };
  if (std::optional<std::uint32_t> host = hosts_.exact(facts.host)) collect_host(*host);
  if (std::optional<std::uint32_t> host = hosts_.wildcard(facts.host)) collect_host(*host);
  collect(kAnyHost);
  if (too_many) return scan(facts);

  std::uint32_t tried = 0;  // every position below has been
  while (count > 0) {
    std::size_t first = 0;
    for (std::size_t i = 1; i < count; ++i) {
      if (*cursors[i].at < *cursors[first].at) first = i;
    }
    Cursor& cursor = cursors[first];
    std::uint32_t position = *cursor.at++;
    if (cursor.at == cursor.end) cursor = cursors[--count];
    if (position < tried) continue;  // filed in several lists
    tried = position + 1;
    if (holds(order_[position], facts)) return position;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Table::scan(const Facts& facts) const {
  for (std::uint32_t position = 0; position < order_.size(); ++position) {
    if (order_[position].rule->program.run(facts)) return position;
  }
  return std::nullopt;
}

std::vector<Verdict> Table::explain(const Facts& facts) const {
  std::vector<Verdict> verdicts;
  verdicts.reserve(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const Prepared& rule = *order_[i].rule;
    Verdict verdict{router(i), rule.text, descriptions_[i].priority, true, {}, 0};
    if (std::optional<Program::Failure> failure = rule.program.explain(facts)) {
      verdict.matched = false;
      verdict.failed = failure->clause;
      verdict.offset = failure->offset;
    }
    verdicts.push_back(verdict);
  }
  return verdicts;
}

std::vector<Near> Table::nearest(const Facts& facts, std::size_t count) const {
  std::vector<PathIndex::Bucket> buckets;
  if (std::optional<std::uint32_t> host = hosts_.exact(facts.host)) buckets.push_back(bucket_of(*host));
  if (std::optional<std::uint32_t> host = hosts_.wildcard(facts.host)) buckets.push_back(bucket_of(*host));
  bool same_host = !buckets.empty();
  if (!same_host) add_similar_hosts(facts.host, buckets);

  std::vector<Near> result;
  for (PathIndex::Bucket bucket : buckets) {
    for (std::uint32_t position : positions_near(bucket, facts.path, count)) {
      std::string_view name = router(position);
      bool known = std::any_of(result.begin(), result.end(), [&](const Near& near) { return near.router == name; });
      if (!known && result.size() < count) result.push_back(Near{name, same_host});
    }
  }
  return result;
}

std::vector<std::uint32_t> Table::positions_near(PathIndex::Bucket bucket, std::string_view path,
                                                 std::size_t count) const {
  const std::uint32_t only = bucket == kAnyHost ? HostIndex::kNoNote : hosts_.note(bucket - 1);
  if (only != HostIndex::kNoNote) return {only};
  return paths_.nearest(bucket, path, count);
}

// A slip in a host name leaves either its beginning or its end as it was, so the host that was meant is a neighbour in
// one of the two orders: that bounds the work, whatever a stranger asks for.
void Table::add_similar_hosts(std::string_view host, std::vector<PathIndex::Bucket>& buckets) const {
  constexpr std::ptrdiff_t kNeighbours = 4;                      // to each side
  if (host.empty() || host.size() > 253) return;                 // RFC 1035 §2.3.4
  std::vector<std::pair<std::size_t, PathIndex::Bucket>> found;  // edits, bucket
  auto look = [&](const std::vector<SimilarHost>& hosts, auto direction) {
    auto place = std::lower_bound(hosts.begin(), hosts.end(), host, [this](const SimilarHost& a, std::string_view b) {
      return is_before<decltype(direction)>(hosts_.name(a.host), b);
    });
    auto begin = place - std::min(kNeighbours, place - hosts.begin());
    auto end = place + std::min(kNeighbours, hosts.end() - place);
    for (auto near = begin; near != end; ++near) {
      std::size_t edits = edit_distance(hosts_.name(near->host), host);
      if (edits <= std::max<std::size_t>(2, host.size() / 4)) found.emplace_back(edits, bucket_of(near->host));
    }
  };
  look(forwards_, Forwards());
  look(backwards_, Backwards());
  std::sort(found.begin(), found.end());
  for (const auto& [edits, bucket] : found) {
    if (std::find(buckets.begin(), buckets.end(), bucket) == buckets.end()) buckets.push_back(bucket);
  }
}

}  // namespace sluice::route
