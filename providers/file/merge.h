// merge.h: several files as one configuration. Of two definitions of one name the first file's is used.
#pragma once

#include "config/dynamic.h"
#include "config/problem.h"

namespace sluice::providers::file {

// Adds what `file` defines to `all`. A name that `all` has already is left out, and both places are in the report, with
// this severity.
void merge(const config::Dynamic& file, config::Dynamic& all, config::Severity severity, config::Report& report);

}  // namespace sluice::providers::file
