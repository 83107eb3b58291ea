// middleware_kinds.h: the middlewares this program has. What `run` serves, `check` and `explain` know.
#pragma once

#include "control/middleware_kind.h"

namespace sluice::cmd {

control::MiddlewareKinds middleware_kinds();

}  // namespace sluice::cmd
