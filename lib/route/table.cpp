#include "route/table.h"

#include <algorithm>
#include <array>
#include <map>
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

std::string reversed(std::string_view text) { return std::string(text.rbegin(), text.rend()); }

}  // namespace

std::int64_t automatic_priority(const Rule& rule) {
  return is_catch_all(rule) ? -1 : static_cast<std::int64_t>(rule.text.size());
}

Table::Table(std::span<const Route> routes) {
  std::vector<const Route*> sorted;
  for (const Route& route : routes) sorted.push_back(&route);
  auto priority = [](const Route& route) {
    return route.priority != 0 ? route.priority : automatic_priority(*route.rule);
  };
  std::sort(sorted.begin(), sorted.end(), [&](const Route* a, const Route* b) {
    std::int64_t of_a = priority(*a);
    std::int64_t of_b = priority(*b);
    return std::tie(of_b, a->provider_rank, a->router, a->payload) <
           std::tie(of_a, b->provider_rank, b->router, b->payload);
  });

  std::vector<PathIndex::Entry> entries;
  std::map<HostPattern, PathIndex::Bucket> buckets;
  std::vector<HostPattern> hosts;  // of the buckets after the first
  struct Filed {
    std::uint32_t entries = 0;
    std::uint32_t for_any_path = HostIndex::kNoNote;
  };
  std::vector<Filed> filed(1);  // by bucket
  for (const Route* route : sorted) {
    auto position = static_cast<std::uint32_t>(order_.size());
    Keys keys = keys_of(*route->rule);
    order_.push_back(Step{program_.add(*route->rule), route->payload, route::is_catch_all(*route->rule), keys.decide});
    descriptions_.push_back(Description{std::string(route->router), route->rule->text, priority(*route)});
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

  for (std::size_t i = 0; i < hosts.size(); ++i) forwards_.push_back(SimilarHost{hosts[i].name, bucket_of(i)});
  backwards_ = forwards_;
  for (SimilarHost& host : backwards_) host.name = reversed(host.name);
  auto by_name = [](const SimilarHost& a, const SimilarHost& b) { return a.name < b.name; };
  std::sort(forwards_.begin(), forwards_.end(), by_name);
  std::sort(backwards_.begin(), backwards_.end(), by_name);
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
  auto look = [&](const std::vector<SimilarHost>& hosts, const std::string& name) {
    auto place = std::lower_bound(hosts.begin(), hosts.end(), name,
                                  [](const SimilarHost& a, const std::string& b) { return a.name < b; });
    auto begin = place - std::min(kNeighbours, place - hosts.begin());
    auto end = place + std::min(kNeighbours, hosts.end() - place);
    for (auto near = begin; near != end; ++near) {
      std::size_t edits = edit_distance(near->name, name);
      if (edits <= std::max<std::size_t>(2, host.size() / 4)) found.emplace_back(edits, near->bucket);
    }
  };
  look(forwards_, std::string(host));
  look(backwards_, reversed(host));
  std::sort(found.begin(), found.end());
  for (const auto& [edits, bucket] : found) {
    if (std::find(buckets.begin(), buckets.end(), bucket) == buckets.end()) buckets.push_back(bucket);
  }
}

}  // namespace sluice::route
