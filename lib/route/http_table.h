// http_table.h: the HTTP routers of one entry point (with or without TLS: two tables). Which router takes a request?
//
// Immutable: built once per snapshot on the control thread, then shared by all workers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "route/table.h"

namespace sluice::route {

class HttpTable {
 public:
  // All rules are of Family::http.
  explicit HttpTable(std::span<const Route> routes) : table_(routes) {}

  // The payload of the router that takes the request: of those whose rule holds, the one with the highest priority.
  // Read: host, target.match_path, target.query, method_text, fields, authority, peer.remote.ip. Its cost does not
  // grow with the number of hosts or of paths of a host. Called by any thread.
  std::optional<std::uint32_t> match(const http::Request& request) const {
    return payload(table_.match(Facts::of(request)));
  }

  // The same answer by trying every rule in order: what `match` is tested against.
  std::optional<std::uint32_t> scan(const http::Request& request) const {
    return payload(table_.scan(Facts::of(request)));
  }

  // Every router in the order of the search; the first that matched takes the request. For `sluice explain`.
  std::vector<Verdict> explain(const http::Request& request) const { return table_.explain(Facts::of(request)); }

  // The routers, at most `count`, that came nearest to a request nobody took: those of its host, else those of hosts
  // with a similar name. For the log line of a 404.
  std::vector<Near> nearest(const http::Request& request, std::size_t count) const {
    return table_.nearest(Facts::of(request), count);
  }

  std::size_t size() const { return table_.size(); }

 private:
  std::optional<std::uint32_t> payload(std::optional<std::uint32_t> position) const {
    if (!position) return std::nullopt;
    return table_.payload(*position);
  }

  Table table_;
};

}  // namespace sluice::route
