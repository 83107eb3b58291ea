// snapshot.h: the routes a worker runs on. Built on the control thread, immutable, shared by all workers; what did not
// change since the last one is the same object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/target.h"
#include "proxy/endpoint.h"
#include "proxy/handler.h"
#include "route/http_table.h"

namespace sluice::server {

// What a matched router does; in one cache line.
struct alignas(64) Route {
  std::string router;  // qualified name
  std::shared_ptr<const proxy::Handler> handler;
  bool deny_encoded_characters = false;  // `characters` refuses something
  http::EncodedCharacters characters;
};

// The routers of one entry point; the table's payloads are indices of `routes`.
struct EntryPointRoutes {
  explicit EntryPointRoutes(route::HttpTable table_in) : table(std::move(table_in)) {}

  route::HttpTable table;
  std::vector<Route> routes;
};

struct Snapshot {
  std::uint64_t number = 0;
  std::vector<std::shared_ptr<const EntryPointRoutes>> entry_points;  // as the settings given to the workers
  std::vector<std::shared_ptr<const proxy::Endpoint>> endpoints;      // everything the handlers connect to
};

}  // namespace sluice::server
