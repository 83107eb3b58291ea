// control_service.h: the questions the control socket answers, as a handler:
//
//   GET /status            what runs, and how it fares
//   GET /get/KIND          a list of one kind (control::kKinds), or all of them
//   GET /metrics           all numbers, in Prometheus' text format
//   GET /explain?url=URL   what becomes of a request; also method, header (repeated), client, entryPoint, sni
//   GET /certs             the certificates of resolvers, and how they fare
//   GET /certs/test?name=  whether a CA would find us under that name
//   POST /certs/renew?name=  tries to obtain it now
//   POST /certs/retry?name=  tries again what has failed, of that name or all
//   POST /certs/pause?name=, /certs/resume?name=  orders nothing for that name or all, until resumed
//   POST /certs/dry-run?name=&ca=  obtains it at a CA for trying, and throws it away
//   POST /certs/revoke?name=&reason=  has the CA revoke it
//   POST /certs/account?resolver=&change=roll-key|close
//
// All others are JSON ("schema": "sluice/v1"); 404 for what is not there, 400 for a question that makes no sense.
// Secrets are masked by the schema. Control thread only.
#pragma once

#include "control/certificate_desk.h"
#include "control/live.h"
#include "observe/metrics.h"
#include "proxy/handler.h"

namespace sluice::api {

class ControlService final : public proxy::Handler {
 public:
  // All must outlive the service. `certificates` may be null: there are no resolvers.
  ControlService(const control::LiveSource& source, observe::Metrics& metrics, control::CertificateDesk* certificates)
      : source_(source), metrics_(metrics), certificates_(certificates) {}

  Task<Result<http::Response>> handle(http::Request& request) const override;

 private:
  const control::LiveSource& source_;
  observe::Metrics& metrics_;
  control::CertificateDesk* certificates_;
};

}  // namespace sluice::api
