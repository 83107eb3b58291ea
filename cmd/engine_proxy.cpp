// engine_proxy.cpp: `sluice engine-proxy`: holds the Docker socket, so that the proxy that faces the internet need not.
#include <cstdio>
#include <memory>

#include "cmd/commands.h"
#include "cmd/engine_filter.h"
#include "cmd/one_service.h"
#include "proxy/answering.h"

namespace sluice::cmd {

int engine_proxy(const std::vector<std::string>& arguments) {
  std::string address = ":2375";
  std::string socket = "/var/run/docker.sock";
  EngineAllowance allowance;
  if (!read_flags(
          arguments,
          {{"address", &address}, {"socket", &socket}, {"inspect", &allowance.inspect}, {"swarm", &allowance.swarm}}) ||
      !socket.starts_with('/')) {
    std::fprintf(stderr, "usage: sluice engine-proxy [--address=HOST:PORT] [--socket=/PATH] [--inspect] [--swarm]\n");
    return 2;
  }
  proxy::ServerUrl url;
  url.host = socket;
  url.authority = "docker";
  auto engine = std::make_shared<const proxy::Endpoint>(url, proxy::TransportSettings(), "unix://" + socket);
  auto filter = std::make_shared<EngineFilter>(std::move(engine), allowance);
  return serve({"engine-proxy", address, 1, false}, std::make_shared<proxy::Answering>(std::move(filter)));
}

}  // namespace sluice::cmd
