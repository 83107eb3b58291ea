// whoami_handler.h: what the demo backend answers. Also the upstream of examples and tests, so it can be slow, large
// and broken on request:
//
//   /                    name, host name, addresses and the request as it arrived; ?wait=DURATION answers later
//   /api                 the same as JSON
//   /health              200
//   /bench               "1"
//   /echo                WebSocket: every message comes back
//   /data?size=N&unit=U  N bytes (unit: none, KB, MB or GB)
//   /drip?count=N&every=DURATION  N lines, one at a time
//   /upload              how many bytes of content arrived
//   /status?code=N       that status
//   /broken?after=N      announces twice N bytes, sends N and cuts the connection
#pragma once

#include <string>

#include "proxy/handler.h"

namespace sluice::cmd {

class Whoami final : public proxy::Handler {
 public:
  explicit Whoami(std::string name) : name_(std::move(name)) {}

  Task<Result<http::Response>> handle(http::Request& request) const override;

 private:
  http::Response describe(const http::Request& request) const;
  http::Response describe_as_json(const http::Request& request) const;

  std::string name_;
};

}  // namespace sluice::cmd
