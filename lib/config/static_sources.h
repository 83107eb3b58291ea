// static_sources.h: each source of the static configuration as a tree: command line, variables, file.
//
// Only load_static.cpp uses these; they are apart because each has a syntax of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/load_static.h"
#include "config/problem.h"
#include "config/tree.h"

namespace sluice::config {

struct StaticFlags {
  Node tree;
  std::vector<std::string> names;  // as written, without dashes
  std::optional<std::string> config_file;
  bool help = false;
};

// "--name=value", "-name=value", "--name value", and "--name" for switches; "--" ends flags. A repeated list is joined,
// a repeated single value is replaced. Words that are no flags are errors.
StaticFlags parse_flags(const std::vector<std::string>& arguments, Report& report);

struct StaticVariables {
  Node tree;
  std::vector<std::string> names;  // of the variables that count
};

// TRAEFIK_* variables whose name begins with that of a root option, in upper case. SLUICE_* twins win.
StaticVariables parse_variables(const std::map<std::string, std::string>& environment, Report& report);

struct StaticFile {
  Node tree;
  std::string path;  // empty: there is none
};

// The file the flag names, or the first default location that exists; removed options are already taken out.
StaticFile read_static_file(const std::optional<std::string>& config_file,
                            const std::map<std::string, std::string>& environment, const FileReader& files,
                            Report& report);

}  // namespace sluice::config
