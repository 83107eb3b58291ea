// problem.h: what is wrong with a piece of configuration, in words a user can act on: what, where, effect, fix.
//
// Values, filled by the control thread. A `Report` travels with the configuration it is about and ends in the log, the
// API and `sluice check`; nothing here is used while serving requests.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {

// Where a value was written: "flags", "environment variable TRAEFIK_X", "dynamic.yml" with line and column (from 1), or
// "container web label traefik.http.routers.web.rule".
struct Source {
  std::string where;
  int line = 0;
  int column = 0;

  friend bool operator==(const Source&, const Source&) = default;
};

// "dynamic.yml:12:3", or `where` alone when there is no line.
std::string to_string(const Source& source);

// The source of an object, kept inside the object. It takes no part in comparisons: a file that was rewritten with
// equal content, or two containers with equal labels, define equal objects.
struct DefinedAt : Source {
  DefinedAt() = default;
  DefinedAt(Source source) : Source(std::move(source)) {}  // NOLINT: a source is where it is defined

  friend bool operator==(const DefinedAt&, const DefinedAt&) { return true; }
  friend bool operator==(const DefinedAt& a, const Source& b) { return static_cast<const Source&>(a) == b; }
};

enum class Severity { error, warning, info };

std::string_view to_string(Severity severity);

struct Problem {
  Severity severity = Severity::error;
  std::string code;  // stable, see problem_codes.h
  std::string what;  // the option, the value and what was expected
  Source source;
  std::string effect;  // what Sluice does about it: what is left out, what stays in force
  std::string fix;     // what the user can do

  friend bool operator==(const Problem&, const Problem&) = default;
};

using Report = std::vector<Problem>;

// "SLU-C002 dynamic.yml:12:3: …; effect: …; fix: …" on one line, safe to print: text of strangers is escaped.
std::string to_line(const Problem& problem);

bool has_errors(const Report& report);

}  // namespace sluice::config
