#include "cmd/one_service.h"

#include <csignal>
#include <cstdio>

#include "async/os_signals.h"
#include "config/entry_point_address.h"
#include "control/entry_points.h"
#include "route/parser.h"
#include "server/worker.h"

namespace sluice::cmd {
namespace {

std::shared_ptr<const server::Snapshot> everything_to(const std::string& name,
                                                      std::shared_ptr<const proxy::Handler> handler) {
  route::ParsedRule parsed = route::parse_rule("PathPrefix(`/`)", route::Family::http, route::Syntax::v3);
  SLUICE_CHECK(parsed.rule.has_value());
  route::Route row;
  row.rule = &*parsed.rule;
  row.router = name;
  auto routes =
      std::make_shared<server::EntryPointRoutes>(std::make_shared<const route::HttpTable>(std::span(&row, 1)));
  routes->routes.push_back(server::Route{name, std::move(handler), false, {}});
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

bool read_flags(const std::vector<std::string>& arguments, const std::map<std::string_view, Flag>& flags) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument.empty() || argument[0] != '-') return false;
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    const std::size_t equals = argument.find('=');
    auto flag = flags.find(argument.substr(0, equals));
    if (flag == flags.end()) return false;
    const bool has_value = equals != std::string_view::npos;
    const std::string_view value = has_value ? argument.substr(equals + 1) : std::string_view();
    if (bool* const* on = std::get_if<bool*>(&flag->second)) {
      if (has_value && value != "true" && value != "false") return false;
      **on = value != "false";
    } else if (has_value) {
      *std::get<std::string*>(flag->second) = value;
    } else if (i + 1 < arguments.size()) {
      *std::get<std::string*>(flag->second) = arguments[++i];
    } else {
      return false;
    }
  }
  return true;
}

int serve(const OneService& service, std::shared_ptr<const proxy::Handler> handler) {
  std::optional<config::EntryPointAddress> address = config::parse_entry_point_address(service.address);
  Result<IpAddress> ip = IpAddress();
  if (address && !address->host.empty()) ip = IpAddress::parse(address->host);
  if (!address || !ip) {
    std::fprintf(stderr, "error: %s is no address to listen on: write HOST:PORT or :PORT\n", service.address.c_str());
    return 2;
  }
  std::vector<server::EntryPointSettings> settings(1);
  settings[0].name = service.name;
  settings[0].forwards = false;
  settings[0].limits.target.sanitize = service.normalises;
  settings[0].address = SocketAddress{*ip, address->port};
  std::vector<SocketAddress> addresses{settings[0].address};

  Loop loop;
  Mailbox<server::WorkerReport> reports;
  OsSignals signals{SIGTERM, SIGINT};
  Scope scope;
  std::vector<std::unique_ptr<server::Worker>> workers;
  unsigned count = service.workers > 0 ? service.workers : control::default_workers();
  std::shared_ptr<const server::Snapshot> snapshot = everything_to(service.name, std::move(handler));
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
