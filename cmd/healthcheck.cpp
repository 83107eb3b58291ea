// healthcheck.cpp: `sluice healthcheck`: asks the proxy that runs with the same static configuration for /ping.
#include <cstdio>

#include "async/loop.h"
#include "cmd/commands.h"
#include "cmd/static_configuration.h"
#include "config/entry_point_address.h"
#include "rest/client.h"

namespace sluice::cmd {
namespace {

constexpr Duration kTimeout = 5s;

Task<void> ask(rest::Client& client, rest::Call call, std::string url, int& status) {
  Result<rest::Reply> reply = co_await client.send(std::move(call));
  if (!reply) {
    std::printf("Error calling healthcheck: %s: %s\n", url.c_str(), std::string(reply.error().text).c_str());
  } else if (reply->status != 200) {
    std::printf("Bad healthcheck status: %d\n", reply->status);
  } else {
    std::printf("OK: %s\n", url.c_str());
    status = 0;
  }
  Loop::current().stop();
}

}  // namespace

int healthcheck(const std::vector<std::string>& arguments) {
  config::LoadedStatic loaded = load_static(arguments);
  if (!loaded.configuration) {
    print_report(loaded.report);
    return 1;
  }
  const config::Static& configuration = *loaded.configuration;
  if (!configuration.ping) {
    std::printf("Error calling healthcheck: ping is not enabled; start Sluice with --ping\n");
    return 1;
  }
  auto entry_point = configuration.entry_points.find(configuration.ping->entry_point);
  if (entry_point == configuration.entry_points.end()) {
    std::printf("Error calling healthcheck: the ping entry point %s does not exist\n",
                configuration.ping->entry_point.c_str());
    return 1;
  }
  std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(entry_point->second.address);
  if (!address) {
    std::printf("Error calling healthcheck: the address %s cannot be read\n", entry_point->second.address.c_str());
    return 1;
  }
  std::string host = address->host.empty() || address->host == "0.0.0.0" ? "127.0.0.1" : address->host;
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  rest::Call call;
  call.server.origin = "http://" + host + ":" + std::to_string(address->port);
  call.method = "HEAD";
  call.path = "/ping";
  call.connect_timeout = call.timeout = kTimeout;
  std::string url = call.server.origin + call.path;

  int status = 1;
  Loop loop;
  rest::Client client(std::string("sluice/") + kVersion);
  Scope scope;
  scope.spawn(ask(client, std::move(call), std::move(url), status));
  if (scope.running() > 0) loop.run();
  loop.run_ready();
  return status;
}

}  // namespace sluice::cmd
