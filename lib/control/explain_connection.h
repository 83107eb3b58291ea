// explain_connection.h: the part of `explain` before HTTP: whether a TCP router takes the connection, by the tables of
// the data plane. Control thread, or any thread on a snapshot of its own.
#pragma once

#include <optional>
#include <string>

#include "config/tree.h"
#include "control/live.h"

namespace sluice::control {

struct Connection {
  bool tls = false;
  std::string sni;  // canonical, or empty
  IpAddress client;
};

// What becomes of the connection when a TCP router takes it: router, middlewares, service and `answer`; with the
// routers that were asked. Nothing: it is for HTTP.
std::optional<config::Node> explain_connection(const Merged& merged, const server::EntryPointRoutes& here,
                                               const Connection& connection);
// The TCP routers that were asked, in their order, with the first clause that failed.
config::Node tcp_verdicts(const server::EntryPointRoutes& here, const Connection& connection);

}  // namespace sluice::control
