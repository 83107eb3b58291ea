#include "proxy/connector.h"

#include "net/dialer.h"

namespace sluice::proxy {

Task<Result<std::unique_ptr<net::Stream>>> SocketConnector::connect(const Endpoint& endpoint) {
  const ServerUrl& url = endpoint.url();
  Deadline deadline = Loop::current().now() + endpoint.settings().dial_timeout;
  Result<net::Resolver::Addresses> addresses = co_await resolver_.resolve(url.host, deadline);
  if (!addresses) co_return addresses.error();
  Error last;
  for (const IpAddress& ip : *addresses) {
    SocketAddress address{ip, url.port};
    Result<std::unique_ptr<net::SocketStream>> stream = co_await net::dial(address, deadline);
    if (stream) co_return std::unique_ptr<net::Stream>(std::move(*stream));
    last = stream.error();
    if (last.code == Code::cancelled || last.code == Code::exhausted) break;
  }
  co_return last;
}

}  // namespace sluice::proxy
