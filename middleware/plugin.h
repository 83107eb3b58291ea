// plugin.h: why there are no plugins: the plugin option is refused with what to use instead.
#pragma once

#include "control/middleware_kind.h"

namespace sluice::middleware {

extern const control::MiddlewareKind kPluginKind;

}  // namespace sluice::middleware
