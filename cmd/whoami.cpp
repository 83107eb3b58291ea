// whoami.cpp: `sluice whoami`: the demo backend, on the server side of the proxy itself.
#include <csignal>
#include <cstdio>
#include <memory>

#include "async/os_signals.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/whoami_handler.h"
#include "config/entry_point_address.h"
#include "control/entry_points.h"
#include "route/parser.h"
#include "server/worker.h"

namespace sluice::cmd {
namespace {

struct Options {
  std::string address = ":80";
  std::string name;
  unsigned workers = 0;
};

// `--name=value`, `--name value`, one dash or two; `-port` as the image everybody knows has it.
bool parse(const std::vector<std::string>& arguments, Options& options) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument.empty() || argument[0] != '-') return false;
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    std::size_t equals = argument.find('=');
    std::string_view name = argument.substr(0, equals);
    std::string value;
    if (equals != std::string_view::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return false;
    }
    if (name == "address") {
      options.address = value;
    } else if (name == "port") {
      options.address = ":" + value;
    } else if (name == "name") {
      options.name = value;
    } else if (name == "workers") {
      options.workers = static_cast<unsigned>(parse_u64(value).value_or(0));
    } else {
      return false;
    }
  }
  return true;
}

std::shared_ptr<const server::Snapshot> everything_to(std::shared_ptr<const proxy::Handler> handler) {
  route::ParsedRule parsed = route::parse_rule("PathPrefix(`/`)", route::Family::http, route::Syntax::v3);
  SLUICE_CHECK(parsed.rule.has_value());
  route::Route row;
  row.rule = &*parsed.rule;
  row.router = "whoami";
  auto routes =
      std::make_shared<server::EntryPointRoutes>(std::make_shared<const route::HttpTable>(std::span(&row, 1)));
  routes->routes.push_back(server::Route{"whoami", std::move(handler), false, {}});
  auto snapshot = std::make_shared<server::Snapshot>();
  snapshot->number = 1;
  snapshot->entry_points.push_back(std::move(routes));
  return snapshot;
}

Task<void> until_signal(OsSignals& signals) {
  [[maybe_unused]] Result<int> number = co_await signals.next();
  Loop::current().stop();
}

Task<void> discard_reports(Mailbox<server::WorkerReport>& reports) {
  for (;;) {
    Result<std::vector<server::WorkerReport>> some = co_await reports.receive();
    if (!some) co_return;
  }
}

}  // namespace

std::string whoami_address(const std::vector<std::string>& arguments) {
  Options options;
  parse(arguments, options);
  return options.address;
}

int whoami(const std::vector<std::string>& arguments) {
  Options options;
  std::optional<config::EntryPointAddress> address;
  if (parse(arguments, options)) address = config::parse_entry_point_address(options.address);
  Result<IpAddress> ip = IpAddress();
  if (address && !address->host.empty()) ip = IpAddress::parse(address->host);
  if (!address || !ip) {
    std::fprintf(stderr, "usage: sluice whoami [--address=HOST:PORT] [--name=NAME] [--workers=N]\n");
    return 2;
  }
  std::vector<server::EntryPointSettings> settings(1);
  settings[0].name = "whoami";
  settings[0].forwards = false;
  settings[0].address = SocketAddress{*ip, address->port};
  std::vector<SocketAddress> addresses{settings[0].address};

  Loop loop;
  Mailbox<server::WorkerReport> reports;
  OsSignals signals{SIGTERM, SIGINT};
  Scope scope;
  std::vector<std::unique_ptr<server::Worker>> workers;
  unsigned count = options.workers > 0 ? options.workers : control::default_workers();
  std::shared_ptr<const server::Snapshot> snapshot = everything_to(std::make_shared<Whoami>(options.name));
  int status = 0;
  for (unsigned i = 0; i < count && status == 0; ++i) {
    auto worker = std::make_unique<server::Worker>(i, settings, reports);
    std::size_t failed = 0;
    Status started = worker->start(addresses, failed);
    if (!started) {
      std::fprintf(stderr, "error: cannot listen on %s: %s\n", addresses[0].to_string().c_str(),
                   std::string(started.error().text).c_str());
      status = 1;
      break;
    }
    worker->give(server::Adopt{snapshot});
    workers.push_back(std::move(worker));
  }
  if (status == 0) {
    std::string host =
        addresses[0].ip == IpAddress() ? "127.0.0.1:" + std::to_string(addresses[0].port) : addresses[0].to_string();
    std::printf("listening on %s\n", host.c_str());
    std::fflush(stdout);
    scope.spawn(until_signal(signals));
    scope.spawn(discard_reports(reports));
    loop.run();
  }
  for (const auto& worker : workers) worker->give(server::End{});
  workers.clear();
  scope.cancel(Error::of(Code::cancelled, "the process ends"));
  while (scope.running() > 0) loop.run_ready();
  return status;
}

}  // namespace sluice::cmd
