// engine_source.h: the containers of the running Docker engine, read once, by the provider's own calls.
#pragma once

#include "cmd/checking/material.h"

namespace sluice::cmd::checking {

// Asks the engine of the static configuration, or the local one. Adds its containers, or why there are none.
void read_engine(Material& material);

}  // namespace sluice::cmd::checking
