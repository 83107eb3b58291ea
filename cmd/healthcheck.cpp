// healthcheck.cpp: `sluice healthcheck`: asks the proxy that runs with the same static configuration for /ping.
//
// Without arguments in a container it takes those of the container's first process, so that the image's health check
// fits whatever the container was started with: without ping it asks the first entry point and takes any answer, and
// it knows the demo backend.
#include <cstdio>

#include "async/loop.h"
#include "cmd/commands.h"
#include "cmd/first_process.h"
#include "cmd/static_configuration.h"
#include "config/entry_point_address.h"
#include "rest/client.h"

namespace sluice::cmd {
namespace {

constexpr Duration kTimeout = 5s;

struct Question {
  std::string address;  // as an entry point has it
  std::string path;
  bool any_status = false;
};

int refuse(const std::string& why) {
  std::printf("Error calling healthcheck: %s\n", why.c_str());
  return 1;
}

Task<void> ask(rest::Client& client, rest::Call call, std::string url, bool any_status, int& status) {
  Result<rest::Reply> reply = co_await client.send(std::move(call));
  if (!reply) {
    refuse(url + ": " + std::string(reply.error().text));
  } else if (reply->status != 200 && !any_status) {
    std::printf("Bad healthcheck status: %d\n", reply->status);
  } else {
    std::printf("OK: %s\n", url.c_str());
    status = 0;
  }
  Loop::current().stop();
}

int answer(const Question& question) {
  std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(question.address);
  if (!address) return refuse("the address " + question.address + " cannot be read");
  std::string host = address->host.empty() || address->host == "0.0.0.0" ? "127.0.0.1" : address->host;
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  rest::Call call;
  call.server.origin = "http://" + host + ":" + std::to_string(address->port);
  call.method = "HEAD";
  call.path = question.path;
  call.connect_timeout = call.timeout = kTimeout;
  std::string url = call.server.origin + call.path;

  int status = 1;
  Loop loop;
  rest::Client client(std::string("sluice/") + kVersion);
  Scope scope;
  scope.spawn(ask(client, std::move(call), std::move(url), question.any_status, status));
  if (scope.running() > 0) loop.run();
  loop.run_ready();
  return status;
}

}  // namespace

int healthcheck(const std::vector<std::string>& arguments) {
  std::vector<std::string> started_with = arguments;
  bool first_process = false;
  if (arguments.empty()) {
    if (auto words = arguments_of_first_process()) {
      started_with = std::move(*words);
      first_process = true;
    }
  }
  if (first_process && !started_with.empty()) {
    const std::string command = started_with.front();
    if (command == "run" || command == "whoami") started_with.erase(started_with.begin());
    if (command == "whoami") return answer(Question{whoami_address(started_with), "/health"});
  }

  config::LoadedStatic loaded = load_static(started_with);
  if (!loaded.configuration) {
    print_report(loaded.report);
    return 1;
  }
  const config::Static& configuration = *loaded.configuration;
  if (!configuration.ping) {
    if (!first_process || configuration.entry_points.empty()) {
      return refuse("ping is not enabled; start Sluice with --ping");
    }
    return answer(Question{configuration.entry_points.begin()->second.address, "/", true});
  }
  auto entry_point = configuration.entry_points.find(configuration.ping->entry_point);
  if (entry_point == configuration.entry_points.end()) {
    return refuse("the ping entry point " + configuration.ping->entry_point + " does not exist");
  }
  return answer(Question{entry_point->second.address, "/ping"});
}

}  // namespace sluice::cmd
