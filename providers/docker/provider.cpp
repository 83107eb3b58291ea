#include "providers/docker/provider.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "async/signal.h"
#include "async/timer.h"
#include "base/encoding.h"
#include "observe/log.h"
#include "providers/docker/options.h"
#include "providers/docker/session.h"

namespace sluice::providers::docker {
namespace {

// What an operator can do about it; empty when the error says it all.
std::string_view advice(const Error& error, const rest::Server& server) {
  bool socket = !server.unix_socket.empty();
  if (socket && error.code == Code::not_found) return "no such socket: is the engine running, is its socket mounted?";
  if (socket && error.code == Code::refused) {
    return "nobody listens on the socket: was the engine restarted? mount the socket's directory, not the file";
  }
  if (socket && error.code == Code::security && error.nothing_sent) {
    return "no permission for the socket: run with the socket's group (--group-add)";
  }
  return {};
}

// Between three quarters of `delay` and all of it, so that many routers do not come back in step.
Duration jittered(Duration delay) { return delay - delay / 4 * static_cast<std::int64_t>(random_u64() % 1000) / 1000; }

}  // namespace

std::string os_hostname() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return {};
  return name;
}

std::unique_ptr<DockerProvider> DockerProvider::make(const config::DockerProvider& options, rest::Client& client,
                                                     std::string own_hostname, config::Report& report, Timing timing) {
  Result<rest::Server> server = rest::Server::parse(options.endpoint, options.tls.has_value());
  if (!server) {
    refuse_option(report, "endpoint", std::string(server.error().text),
                  "unix:///path, tcp://host:port or http(s)://host:port");
    return nullptr;
  }
  server->username = options.username;
  server->password = options.password;
  if (options.tls) {
    server->tls.ca = options.tls->ca;
    server->tls.certificate = options.tls->cert;
    server->tls.key = options.tls->key;
    server->tls.insecure_skip_verify = options.tls->insecure_skip_verify;
  }
  std::optional<Inventory> inventory = make_inventory(options, std::move(own_hostname), report);
  if (!inventory) return nullptr;
  if (options.http_client_timeout.count() > 0) timing.call = options.http_client_timeout;
  return std::unique_ptr<DockerProvider>(
      new DockerProvider(client, *std::move(server), *std::move(inventory), options.watch, timing));
}

DockerProvider::DockerProvider(rest::Client& client, rest::Server server, Inventory inventory, bool watch,
                               Timing timing)
    : client_(client), server_(std::move(server)), inventory_(std::move(inventory)), watch_(watch), timing_(timing) {}

Task<void> DockerProvider::run(control::FragmentSink& sink) {
  Scope* scope = co_await current_scope();
  Duration delay = timing_.first_retry;
  for (;;) {
    Time started = Loop::current().now();
    Session session(Engine(client_, server_, timing_.call), inventory_, sink, timing_);
    Status ended = co_await session.run(watch_);
    if (scope != nullptr && scope->cancelled()) co_return;
    if (ended) break;  // watch: false

    if (session.synced() && Loop::current().now() - started >= timing_.healthy) delay = timing_.first_retry;
    Duration pause = jittered(delay);
    log_failure(ended.error(), pause);
    Status rested = co_await sleep_for(pause);
    if (!rested) co_return;
    delay = std::min(delay * 2, timing_.last_retry);
  }
  Signal never;
  Status cancelled = co_await never.wait();
  (void)cancelled;
}

void DockerProvider::log_failure(const Error& error, Duration delay) const {
  std::string_view hint = advice(error, server_);
  std::string endpoint = server_.unix_socket.empty() ? server_.origin : "unix://" + server_.unix_socket;
  std::string message = fmt::format("Provider error, retrying in {}", format_duration(delay / 1'000'000 * 1'000'000));
  if (!hint.empty()) message += fmt::format(": {}", hint);
  log::error(message, {{log::field::kProvider, "docker"}, {"endpoint", endpoint}, {log::field::kError, error}});
}

}  // namespace sluice::providers::docker
