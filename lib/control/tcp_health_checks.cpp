#include "control/tcp_health_checks.h"

#include <algorithm>

#include "async/timer.h"
#include "net/dialer.h"
#include "observe/log.h"
#include "tls/tls_stream.h"

namespace sluice::control {
namespace {

Task<Result<std::unique_ptr<net::Stream>>> connect(const TcpHealthTarget& target, net::Resolver& resolver,
                                                   Deadline deadline) {
  const proxy::TcpLoadBalancer::Server& server = target.server;
  Result<net::Resolver::Addresses> addresses = co_await resolver.resolve(server.host, deadline);
  if (!addresses) co_return addresses.error();
  auto port = target.settings.port > 0 ? static_cast<std::uint16_t>(target.settings.port) : server.port;
  SocketAddress address{addresses->front(), port};
  auto first = server.tls || !target.settings.send.empty() ? net::First::us : net::First::server;
  Result<std::unique_ptr<net::SocketStream>> stream = co_await net::dial(address, first, deadline);
  if (!stream) co_return stream.error();
  if (!server.tls) co_return std::unique_ptr<net::Stream>(std::move(*stream));
  tls::TlsStream::Client client{target.tls, server.host};
  Result<std::unique_ptr<tls::TlsStream>> secured =
      co_await tls::TlsStream::connect(std::move(*stream), client, deadline);
  if (!secured) co_return secured.error();
  co_return std::unique_ptr<net::Stream>(std::move(*secured));
}

}  // namespace

void TcpHealthChecks::adopt(std::vector<TcpHealthTarget> targets) {
  for (auto& [key, check] : checks_) check->wanted = false;
  for (TcpHealthTarget& target : targets) {
    auto [found, added] = checks_.try_emplace(target.key);
    if (!added) {
      found->second->wanted = true;
      found->second->target.health = std::move(target.health);
      found->second->target.tls = std::move(target.tls);
      continue;
    }
    found->second = std::make_shared<Check>(Check{std::move(target)});
    scope_.spawn(watch(found->second));
  }
}

Task<void> TcpHealthChecks::watch(std::shared_ptr<Check> check) {
  for (;;) {
    Status found = co_await probe(check->target);
    if (!check->wanted || scope_.cancelled()) break;
    note(*check, found);
    const config::TcpHealthCheck& settings = check->target.settings;
    Status waited =
        co_await sleep_for(check->up ? settings.interval : settings.unhealthy_interval.value_or(settings.interval));
    if (!waited || !check->wanted) break;
  }
  checks_.erase(check->target.key);
}

void TcpHealthChecks::note(Check& check, const Status& found) {
  bool up = found.ok();
  check.target.health->checked(up ? std::string() : std::string(found.error().text), Loop::current().now());
  if (up == check.up) return;
  check.up = up;
  if (up) {
    log::info("server is healthy again and gets connections",
              {{log::field::kService, check.target.service}, {"server", check.target.server.address}});
  } else {
    log::warn("server failed its health check and gets no connections", {{log::field::kService, check.target.service},
                                                                         {"server", check.target.server.address},
                                                                         {log::field::kError, found.error().text}});
  }
}

Task<Status> TcpHealthChecks::probe(const TcpHealthTarget& target) {
  const config::TcpHealthCheck& settings = target.settings;
  Deadline deadline = Loop::current().now() + settings.timeout;
  Result<std::unique_ptr<net::Stream>> stream = co_await connect(target, resolver_, deadline);
  if (!stream) co_return stream.error();
  if (!settings.send.empty()) {
    Status sent = co_await net::write_all(**stream, settings.send, settings.timeout);
    if (!sent) co_return sent;
  }
  std::size_t matched = 0;
  while (matched < settings.expect.size()) {
    Result<net::Bytes> bytes = co_await (*stream)->read(deadline);
    if (!bytes) co_return bytes.error();
    if (bytes->empty()) co_return Error::of(Code::closed, "closed before the expected answer");
    std::size_t count = std::min(bytes->size(), settings.expect.size() - matched);
    if (bytes->substr(0, count) != std::string_view(settings.expect).substr(matched, count)) {
      co_return Error::of(Code::invalid, "the answer is not the expected one");
    }
    matched += count;
  }
  co_return Status();
}

}  // namespace sluice::control
