// table.h: the routers of one entry point, found by what a request says. The common core of HttpTable and SniTable.
//
// `match` is the data plane's lookup: the rules filed under the request's host and path, in order. `scan` tries all
// rules in order; the two always agree. `explain` and `nearest` are for people. All of them run the same program.
//
// Immutable: built once per snapshot on the control thread, then shared by all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "route/facts.h"
#include "route/host_pattern.h"
#include "route/path_index.h"
#include "route/prepared.h"
#include "route/rule.h"

namespace sluice::route {

// A router, as a table takes it. What it points to is needed only while the table is built.
struct Route {
  const Rule* rule = nullptr;       // as parsed
  std::int64_t priority = 0;        // 0: automatic
  std::string_view router;          // qualified name, web@docker
  std::uint32_t provider_rank = 0;  // of two equal priorities the lower rank wins, then the name that sorts first
  std::uint32_t payload = 0;        // what a match returns
};

// The priority a rule has if none is set: its length in bytes; -1 for a TCP rule that is exactly HostSNI(`*`).
std::int64_t automatic_priority(const Rule& rule);

// What became of one router in the search; they come in the order in which they are tried.
struct Verdict {
  std::string_view router;  // lent by the table, like the other views
  std::string_view rule;
  std::int64_t priority = 0;
  bool matched = false;
  std::string_view failed;  // if not: the clause that failed
  std::size_t offset = 0;   // and where it stands in the rule
};

// A router that almost took a request.
struct Near {
  std::string_view router;
  bool same_host = false;  // it serves this host, on other paths or conditions; else a similar host
};

class Table {
 public:
  explicit Table(std::span<const Route> routes);

  // The position in the order of the first router whose rule holds.
  std::optional<std::uint32_t> match(const Facts& facts) const;
  std::optional<std::uint32_t> scan(const Facts& facts) const;
  std::vector<Verdict> explain(const Facts& facts) const;
  std::vector<Near> nearest(const Facts& facts, std::size_t count) const;

  std::uint32_t payload(std::uint32_t position) const { return order_[position].payload; }
  bool is_catch_all(std::uint32_t position) const { return order_[position].catch_all; }
  std::size_t size() const { return order_.size(); }

 private:
  struct Step {  // what the lookup needs of a router
    const Prepared* rule = nullptr;
    std::uint32_t payload = 0;
    bool catch_all = false;
    bool decided = false;  // by the keys it is filed under; its rule need not be run
  };
  struct Description {     // what people are told of it
    std::size_t name = 0;  // where it ends in names_
    std::int64_t priority = 0;
  };
  // A host name by its first letters, in one of two directions, so that few comparisons look at the name itself.
  struct SimilarHost {
    std::uint64_t first_letters = 0;
    std::uint32_t host = 0;
  };

  void sort_hosts();
  bool holds(const Step& step, const Facts& facts) const { return step.decided || step.rule->program.run(facts); }
  std::string_view router(std::size_t position) const;
  std::vector<std::uint32_t> positions_near(PathIndex::Bucket bucket, std::string_view path, std::size_t count) const;
  void add_similar_hosts(std::string_view host, std::vector<PathIndex::Bucket>& buckets) const;

  std::vector<Step> order_;
  std::vector<std::shared_ptr<const Prepared>> rules_;
  std::vector<Description> descriptions_;
  std::string names_;                   // of the routers, one after another
  HostIndex hosts_;                     // noted: the position of a host's only rule, if that is for any path
  PathIndex paths_;                     // of the other hosts; bucket 0: the rules for any host
  std::vector<SimilarHost> forwards_;   // in the order of the names, and
  std::vector<SimilarHost> backwards_;  // of the names spelled from the end, to find neighbours in name and in domain
};

}  // namespace sluice::route
