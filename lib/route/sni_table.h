// sni_table.h: the TCP routers of one entry point (with or without TLS: two tables). Which router takes a connection?
//
// Immutable: built once per snapshot on the control thread, then shared by all workers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "route/table.h"

namespace sluice::route {

class SniTable {
 public:
  // All rules are of Family::tcp.
  explicit SniTable(std::span<const Route> routes) : table_(routes) {}

  struct Match {
    std::uint32_t payload = 0;
    bool catch_all = false;  // by a rule that is exactly HostSNI(`*`): hosts of HTTPS routers come first
  };

  // The router with the highest priority whose rule holds. Called by any thread.
  std::optional<Match> match(const Hello& hello) const { return of(table_.match(Facts::of(hello))); }

  // The same answer by trying every rule in order: what `match` is tested against.
  std::optional<Match> scan(const Hello& hello) const { return of(table_.scan(Facts::of(hello))); }

  // Every router in the order of the search; the first that matched takes the connection.
  std::vector<Verdict> explain(const Hello& hello) const { return table_.explain(Facts::of(hello)); }

  std::size_t size() const { return table_.size(); }

 private:
  std::optional<Match> of(std::optional<std::uint32_t> position) const {
    if (!position) return std::nullopt;
    return Match{table_.payload(*position), table_.is_catch_all(*position)};
  }

  Table table_;
};

}  // namespace sluice::route
