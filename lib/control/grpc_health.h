// grpc_health.h: the question and the answer of the gRPC health checking protocol (grpc.health.v1.Health/Check), as the
// body of an HTTP/2 exchange. Plain functions.
#pragma once

#include <string>

#include "rest/call.h"

namespace sluice::control {

// Makes `call` ask a server about its health as a whole.
void ask_grpc_health(rest::Call& call);
// Empty when the server is serving; else what is wrong.
std::string grpc_health_of(const rest::Reply& reply);

}  // namespace sluice::control
