#include "route/table.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <unordered_map>

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

struct HashOfPattern {
  std::size_t operator()(const HostPattern& pattern) const {
    return std::hash<std::string_view>()(pattern.name) + static_cast<std::size_t>(pattern.kind);
  }
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

std::int64_t automatic_priority(const Rule& rule) {
  return is_catch_all(rule) ? -1 : static_cast<std::int64_t>(rule.text.size());
}

Table::Table(std::span<const Route> routes) {
  struct Sorted {
    std::int64_t priority;
    const Route* route;
  };
  std::vector<Sorted> sorted;
  sorted.reserve(routes.size());
  for (const Route& route : routes) {
    sorted.push_back({route.priority != 0 ? route.priority : automatic_priority(*route.rule), &route});
  }
  std::sort(sorted.begin(), sorted.end(), [](const Sorted& a, const Sorted& b) {
    return std::tie(b.priority, a.route->provider_rank, a.route->router, a.route->payload) <
           std::tie(a.priority, b.route->provider_rank, b.route->router, b.route->payload);
  });

  std::vector<PathIndex::Entry> entries;
  std::unordered_map<HostPattern, PathIndex::Bucket, HashOfPattern> buckets;
  std::vector<HostPattern> hosts;  // of the buckets after the first
  struct Filed {
    std::uint32_t entries = 0;
    std::uint32_t for_any_path = HostIndex::kNoNote;
  };
  std::vector<Filed> filed(1);  // by bucket
  for (const auto& [priority, route] : sorted) {
    auto position = static_cast<std::uint32_t>(order_.size());
    Keys keys = keys_of(*route->rule);
    order_.push_back(Step{program_.add(*route->rule), route->payload, route::is_catch_all(*route->rule), keys.decide});
    descriptions_.push_back(Description{std::string(route->router), route->rule->text, priority});
    for (Key& key : keys.keys) {
      PathIndex::Bucket bucket = kAnyHost;
      if (key.host.kind != HostPattern::Kind::any) {
        auto [known, fresh] = buckets.emplace(key.host, bucket_of(hosts.size()));
        bucket = known->second;
        if (fresh) {
          hosts.push_back(std::move(key.host));
          filed.emplace_back();
        }
      }
      ++filed[bucket].entries;
      if (key.path.text.empty() && !key.path.exact) filed[bucket].for_any_path = position;
      entries.push_back(PathIndex::Entry{bucket, std::move(key.path), position});
    }
  }
  program_.seal();
  hosts_ = HostIndex(hosts);
  for (std::uint32_t i = 0; i < hosts.size(); ++i) {
    if (filed[bucket_of(i)].entries == 1) hosts_.set_note(i, filed[bucket_of(i)].for_any_path);
  }
  paths_ = PathIndex(std::move(entries), bucket_of(hosts.size()));

  names_.reserve(hosts.size());
  for (HostPattern& host : hosts) names_.push_back(std::move(host.name));
  sort_names();
}

void Table::sort_names() {
  auto sort = [this](std::vector<SimilarHost>& hosts, auto direction) {
    using Direction = decltype(direction);
    hosts.reserve(names_.size());
    for (std::uint32_t i = 0; i < names_.size(); ++i) hosts.push_back({first_letters<Direction>(names_[i]), i});
    std::sort(hosts.begin(), hosts.end(), [this](const SimilarHost& a, const SimilarHost& b) {
      if (a.first_letters != b.first_letters) return a.first_letters < b.first_letters;
      return is_before<Direction>(names_[a.host], names_[b.host]);
    });
  };
  sort(forwards_, Forwards());
  sort(backwards_, Backwards());
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
    if (order_[position].decided || program_.run(order_[position].entry, facts)) return position;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> Table::scan(const Facts& facts) const {
  for (std::uint32_t position = 0; position < order_.size(); ++position) {
    if (program_.run(order_[position].entry, facts)) return position;
  }
  return std::nullopt;
}

std::vector<Verdict> Table::explain(const Facts& facts) const {
  std::vector<Verdict> verdicts;
  verdicts.reserve(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const Description& description = descriptions_[i];
    Verdict verdict{description.router, description.rule, description.priority, true, {}, 0};
    if (std::optional<Program::Failure> failure = program_.explain(order_[i].entry, facts)) {
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
    for (std::uint32_t position : paths_.nearest(bucket, facts.path, count)) {
      std::string_view router = descriptions_[position].router;
      bool known = std::any_of(result.begin(), result.end(), [&](const Near& near) { return near.router == router; });
      if (!known && result.size() < count) result.push_back(Near{router, same_host});
    }
  }
  return result;
}

// A slip in a host name leaves either its beginning or its end as it was, so the host that was meant is a neighbour in
// one of the two orders: that bounds the work, whatever a stranger asks for.
void Table::add_similar_hosts(std::string_view host, std::vector<PathIndex::Bucket>& buckets) const {
  constexpr std::ptrdiff_t kNeighbours = 4;                      // to each side
  if (host.empty() || host.size() > 253) return;                 // RFC 1035 §2.3.4
  std::vector<std::pair<std::size_t, PathIndex::Bucket>> found;  // edits, bucket
  auto look = [&](const std::vector<SimilarHost>& hosts, auto direction) {
    auto place = std::lower_bound(hosts.begin(), hosts.end(), host, [this](const SimilarHost& a, std::string_view b) {
      return is_before<decltype(direction)>(names_[a.host], b);
    });
    auto begin = place - std::min(kNeighbours, place - hosts.begin());
    auto end = place + std::min(kNeighbours, hosts.end() - place);
    for (auto near = begin; near != end; ++near) {
      std::size_t edits = edit_distance(names_[near->host], host);
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
