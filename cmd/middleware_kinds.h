// middleware_kinds.h: the HTTP middlewares this program has.
#pragma once

#include "control/middleware_kind.h"

namespace sluice::cmd {

control::MiddlewareKinds middleware_kinds();

}  // namespace sluice::cmd
