#include "proxy/connector.h"

#include "net/dialer.h"
#include "tls/tls_stream.h"

namespace sluice::proxy {
namespace {

constexpr Duration kKeepAlive = 30s;  // between probes of a silent connection, as Traefik's

}  // namespace

Task<Result<std::unique_ptr<net::Stream>>> SocketConnector::open(const Endpoint& endpoint, std::string_view name,
                                                                 bool http1_only) {
  const ServerUrl& url = endpoint.url();
  Deadline deadline = Loop::current().now() + endpoint.settings().dial_timeout;
  if (url.host.starts_with('/')) {
    Result<std::unique_ptr<net::SocketStream>> local = co_await net::dial_unix(url.host, deadline);
    if (!local) co_return local.error();
    co_return std::unique_ptr<net::Stream>(std::move(*local));
  }
  Result<net::Resolver::Addresses> addresses = co_await resolver_.resolve(url.host, deadline);
  if (!addresses) co_return addresses.error();
  Error last;
  for (const IpAddress& ip : *addresses) {
    SocketAddress address{ip, url.port};
    Result<std::unique_ptr<net::SocketStream>> stream = co_await net::dial(address, net::First::us, deadline);
    if (!stream) {
      last = stream.error();
      if (last.code == Code::cancelled || last.code == Code::exhausted) break;
      continue;
    }
    (*stream)->keep_alive(kKeepAlive);
    if (url.scheme != ServerUrl::Scheme::https) co_return std::unique_ptr<net::Stream>(std::move(*stream));
    tls::TlsStream::Client client{endpoint.settings().tls,
                                  endpoint.named_by_request() ? std::string(name) : endpoint.tls_name(), http1_only,
                                  address};
    // An address that was connected to is the server; another one would say the same.
    Result<std::unique_ptr<tls::TlsStream>> secured =
        co_await tls::TlsStream::connect(std::move(*stream), client, deadline);
    if (!secured) co_return secured.error();
    co_return std::unique_ptr<net::Stream>(std::move(*secured));
  }
  co_return last;
}

}  // namespace sluice::proxy
