// control_service.h: the questions the control socket answers, as a handler:
//
//   GET /status            what runs, and how it fares
//   GET /get/KIND          routers, services, middlewares, entrypoints, problems or all
//   GET /explain?url=URL   what becomes of a request; also method, header (repeated), client, entryPoint, sni
//
// Answers are JSON ("schema": "sluice/v1"); 404 for what is not there, 400 for a question that makes no sense. Secrets
// are masked by the schema. Control thread only; read-only.
#pragma once

#include "control/live.h"
#include "proxy/handler.h"

namespace sluice::api {

class ControlService final : public proxy::Handler {
 public:
  // `source` must outlive the service.
  explicit ControlService(const control::LiveSource& source) : source_(source) {}

  Task<Result<http::Response>> handle(http::Request& request) const override;

 private:
  const control::LiveSource& source_;
};

}  // namespace sluice::api
