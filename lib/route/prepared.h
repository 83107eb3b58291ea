// prepared.h: what a table needs of a rule. Made once, when the rule is parsed, and shared by every table the rule is
// in: most of a table's rules are those of the table before it.
//
// Immutable; used by all threads.
#pragma once

#include <cstdint>
#include <string>

#include "route/keys.h"
#include "route/program.h"
#include "route/rule.h"

namespace sluice::route {

struct Prepared {
  explicit Prepared(const Rule& rule);

  Program program;
  Keys keys;
  bool catch_all;         // exactly HostSNI(`*`)
  std::int64_t priority;  // if none is set: the length of the rule in bytes; -1 for a catch-all
  std::string text;       // as written
};

}  // namespace sluice::route
